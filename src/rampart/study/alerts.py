"""Alerts: the warnings of a run as CAP files."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import rampart
from rampart.ledger import write_text
from rampart.wire.cap import AlertSeries, Issuer, write_alert

from .site_run import SiteRun

FOLDER = "warnings"
_OURS = re.compile(r".+-W\d+-\d{3,}-(alert|update|cancel)\.xml")


def write_alerts(folder: Path, sites: Sequence[SiteRun]) -> int:
    """Write every warning message of a run as a CAP 1.2 file, named ``<site>-W<number>-<sequence>-<kind>.xml``.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is not there; files of an earlier run are removed.
    sites : sequence of SiteRun
        Finished runs.

    Returns
    -------
    int
        How many.

    Notes
    -----
    Nothing that a simulation says is actual: the issuer cannot send it, and lives in a domain that is nobody's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if _OURS.fullmatch(old.name):
            with suppress(FileNotFoundError):
                old.unlink()
    count = 0
    for site_run in sites:
        site = site_run.place.site
        source = f"Rampart {rampart.__version__}, simulation"
        series = AlertSeries(site, Issuer(f"rampart@{site.id}.invalid", source=source))
        for outputs in site_run.outputs:
            for warning in outputs.warnings:
                alert = series.alert(warning)
                name = f"{site.id}-W{int(warning.number)}-{int(warning.sequence):03d}-{alert.msg_type.lower()}.xml"
                write_text(folder / name, write_alert(alert).decode())
                count += 1
    return count
