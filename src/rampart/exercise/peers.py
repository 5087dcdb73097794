"""Peers: the ``[[out]]`` of an exercise - of its own file, of another one, or told by an address alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rampart.errors import InputError
from rampart.pipeline import Scenario
from rampart.pipeline.document import Document, parse_document, read_text
from rampart.pipeline.scenario import SpecReader

#: A broker on this machine is where the sirens of this machine listen: they need no keys that somebody must make.
HERE = ("localhost", "127.0.0.1", "::1")
#: Scheme of an address -> kind of [[out]]; any other text is a folder for CAP files.
KINDS = {
    "mqtt": "mqtt", "mqtts": "mqtt", "http": "webhook", "https": "webhook", "tcp": "cot", "tls": "cot", "udp": "cot",
}  # fmt: skip


def with_peers(scenario: Scenario, addresses: Sequence[str]) -> Scenario:
    """The scenario, told to deliver to more peers: one per address and site.

    Parameters
    ----------
    scenario : Scenario
        Its own ``[[out]]`` stay.
    addresses : sequence of str
        ``mqtt://HOST[:PORT]`` or ``mqtts://`` a broker (on this machine also its sirens), ``tcp://``, ``tls://`` or
        ``udp://HOST:PORT`` Cursor on Target, ``http://`` or ``https://`` a webhook, anything else a folder for
        CAP files.

    Raises
    ------
    InputError
        For an address that is none.
    """
    sites = [site.id for site in scenario.parts["site"]]
    rows = [row for i, address in enumerate(addresses, 1) for site in sites for row in _rows(address, i, site)]
    if len(sites) == 1:
        rows = [{**row, "id": row["id"].rpartition("-")[0]} for row in rows]
    specs = SpecReader(Document({"out": rows}, "--to", {}), frozenset({"out"})).parts("out")
    return replace(scenario, parts={**scenario.parts, "out": (*scenario.parts["out"], *specs)})


def _rows(address: str, number: int, site: str) -> list[dict[str, Any]]:
    """The ``[[out]]`` of an address: one, and with a broker on this machine a second one for sirens."""
    row = _row(address, number, site)
    if row["kind"] != "mqtt" or not _here(address) or find_spec("cryptography") is None:
        return [row]
    return [row, {**row, "id": f"siren-{number}-{site}", "kind": "siren"}]


def _here(address: str) -> bool:
    try:
        return urlsplit(address).scheme == "mqtt" and urlsplit(address).hostname in HERE
    except ValueError:
        return False


def _row(address: str, number: int, site: str) -> dict[str, Any]:
    """One ``[[out]]``, as a site file would have it."""
    scheme, _, rest = address.partition("://")
    if not rest:
        folder = str(Path(address).absolute())
        return {
            "id": f"cap-{number}-{site}", "kind": "cap_files", "site": site, "folder": folder,
            "sender": f"rampart@{site}.invalid",
        }  # fmt: skip
    if scheme not in KINDS:
        raise InputError(f"--to {address!r}: expected a folder or one of {', '.join(f'{s}://' for s in KINDS)}")
    kind = KINDS[scheme]
    return {"id": f"{kind}-{number}-{site}", "kind": kind, "site": site, "url": address}


def with_outs(scenario: Scenario, path: str | Path) -> Scenario:
    """The scenario with the ``[[out]]`` of a site file in place of its own; files they name lie beside that file.

    Raises
    ------
    InputError
        If the file has none, or one is for a site that the scenario lacks.
    """
    document = parse_document(read_text(Path(path)), str(path))
    specs = SpecReader(document, frozenset({"out"})).parts("out")
    if not specs:
        raise InputError("has no [[out]], expected at least one", path=path)
    sites = [site.id for site in scenario.parts["site"]]
    for i, spec in enumerate(specs):
        if spec.site is not None and spec.site not in sites:
            raise document.error(
                f"out {spec.id!r}: site = {spec.site!r}, expected one of {', '.join(sites)}", ("out", i)
            )
        if spec.site is None and len(sites) > 1:
            raise document.error(f"out {spec.id!r}: missing key 'site'; expected one of {', '.join(sites)}", ("out", i))
    return replace(scenario, parts={**scenario.parts, "out": specs}, folder=Path(path).absolute().parent)
