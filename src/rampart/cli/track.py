"""``rampart track``: tracks from a recording of a real or simulated sensor."""

from pathlib import Path
from typing import Annotated

import typer

from rampart.errors import InputError

from .answer import out, print_json, quiet_or
from .simulate import Json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("track")(track_command)


def track_command(
    source: Annotated[Path, typer.Argument(help="pcap, raw ASTERIX, recording.mcap, or a detections table.")],
    site: Annotated[str | None, typer.Option(help="Site file; without it each sensor stands at the origin.")] = None,
    edition: Annotated[list[str] | None, typer.Option(help="ASTERIX edition, e.g. 048=1.21; repeatable.")] = None,
    scan_period_s: Annotated[float | None, typer.Option(help="Of a sensor that does not say its own.")] = None,
    p_detect: Annotated[float | None, typer.Option(help="Detection probability of the sensors.")] = None,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write the tracks to this Parquet file.")] = None,
    tentative: Annotated[bool, typer.Option("--tentative", help="Write tentative tracks too.")] = False,
    json: Json = False,
) -> None:
    """Track the detections of a file, and count what was read, doubled, skipped and refused."""
    from rampart.study.feed import track_source, write_answer

    if scan_period_s is not None and not 0 < scan_period_s < 3600:
        raise InputError(f"--scan-period-s {scan_period_s}: expected more than 0 and less than 3600")
    if p_detect is not None and not 0 < p_detect < 1:
        raise InputError(f"--p-detect {p_detect}: expected more than 0 and less than 1")
    with quiet_or(f"tracking {source}", quiet=json):
        tracked = track_source(
            source, site_file=site, editions=edition or [], scan_period_s=scan_period_s, p_detect=p_detect
        )
        answer = write_answer(tracked, out_file, tentative=tentative)
    if json:
        print_json(answer)
        return
    for category, n in answer.get("records", {}).items():
        out.print(f"CAT{int(category):03d}: {n} records")
    for word in ("duplicates", "rejected", "skipped", "unused"):
        if answer.get(word):
            out.print(f"{word}: {answer[word]}")
    out.print(
        f"{answer['detections']} detections in {answer['scans']} scans, {answer['external_tracks']} external tracks, "
        f"{answer['tracks']['confirmed']} confirmed tracks"
    )
    if out_file is not None:
        out.print(f"{out_file}: {answer['tracks']['rows']} rows")
