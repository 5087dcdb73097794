"""``rampart siren``: a warning device for a zone. It plays or runs a command, acknowledges, and reports its health."""

from __future__ import annotations

import json as json_module
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rampart.errors import InputError, RunError

from .answer import out

if TYPE_CHECKING:
    from rampart.serve.siren.program import ProgramSettings

_COLOURS = {"actual": "bold white on red", "exercise": "bold black on cyan", "test": "bold black on white"}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("siren")(siren)


def siren(
    broker: Annotated[str, typer.Option(help="mqtt://HOST[:PORT], or mqtts:// for TLS.")] = "mqtt://127.0.0.1",
    zone: Annotated[str | None, typer.Option(help="Zone whose warnings it sounds.")] = None,
    site: Annotated[str | None, typer.Option(help="Site of the zone, if the key is not for one site.")] = None,
    device: Annotated[str | None, typer.Option(help="Name of this siren; the machine's name if not given.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public keys of who may command; on this machine a local key.")
    ] = None,
    device_key: Annotated[Path | None, typer.Option(help="Private key with which it signs its reports.")] = None,
    sound_exercise: Annotated[bool, typer.Option("--sound-exercise", help="Let exercises be heard here.")] = False,
    sound_test: Annotated[bool, typer.Option("--sound-test", help="Let tests be heard here.")] = False,
    language: Annotated[
        list[str] | None, typer.Option(help="Language of texts and voice; repeatable, in order.")
    ] = None,
    command: Annotated[str | None, typer.Option(help="Run this in place of a sound, at its start and its end.")] = None,
    fault_command: Annotated[str | None, typer.Option(help="Run this when the link to the server is lost.")] = None,
    player: Annotated[str | None, typer.Option(help="Program that plays the wave file given last.")] = None,
    speak: Annotated[
        str | None, typer.Option(help="Program that speaks its standard input, e.g. 'espeak-ng -v {language} --stdin'.")
    ] = None,
    phases: Annotated[str, typer.Option(help="Phases that have a sound.")] = "prepare,shelter,release,cancel",
    mute: Annotated[bool, typer.Option("--mute", help="Print instead of playing.")] = False,
    waves: Annotated[Path | None, typer.Option(help="Keep the wave files in this folder.")] = None,
    longest_s: Annotated[float, typer.Option(min=1.0, max=600.0, help="No sound lasts longer.")] = 180.0,
    heartbeat_s: Annotated[float, typer.Option(min=0.1, max=600.0, help="How often it asks for the server.")] = 10.0,
    link_lost_s: Annotated[
        float, typer.Option(min=0.2, max=3600.0, help="Unanswered so long, the link is lost.")
    ] = 30.0,
    state: Annotated[Path | None, typer.Option(help="File of the highest sequences it acted upon.")] = None,
    probe: Annotated[str | None, typer.Option(help="Program that prints battery, mains and faults.")] = None,
    self_test: Annotated[str | None, typer.Option(help="Program that tests the horn in silence; 0: passed.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="Certificates that vouch for the broker (mqtts).")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Certificate of this siren (mqtts).")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="Its private key.")] = None,
    user: Annotated[str | None, typer.Option(help="Name at the broker.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the password for the broker.")] = None,
    mqtt: Annotated[str, typer.Option(help="Version of MQTT, 5 or 3.1.1.")] = "5",
    make_keys: Annotated[Path | None, typer.Option(help="Write a pair of keys, FILE and FILE.pub, and stop.")] = None,
    exercise_only: Annotated[
        bool, typer.Option("--exercise-only", help="With --make-keys: a key that cannot say that a warning is meant.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="End after the first sound; fail if there was none.")] = False,
    for_s: Annotated[float | None, typer.Option("--for", min=0.1, help="End after so many seconds.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per event, and nothing else.")] = False,
) -> None:
    """Be the siren of a zone: sound warnings that are signed, fresh and meant for it, and say how it is."""
    from rampart.records import AlertStatus, Phase
    from rampart.serve.siren.broker import parse_broker
    from rampart.serve.siren.device import DeviceSettings
    from rampart.serve.siren.player import PlayerSettings, find_wave_player, split_command
    from rampart.serve.siren.program import ProgramSettings, check_settings
    from rampart.serve.siren.store import MarksFile, data_folder, local_key, read_signing_key, read_trusted

    if make_keys is not None:
        _make_keys(make_keys, site, exercise_only=exercise_only, json=json)
        return
    import rampart

    where = parse_broker(
        broker, ca_file=ca_file, certificate=certificate, certificate_key=certificate_key,
        user=user, password_file=password_file, version=mqtt,
    )  # fmt: skip
    zone = _name(zone, "--zone")
    device = _name(device or _machine(), "--device")
    if key is None and not where.local:
        raise InputError("--key: expected the public keys of the site; only a broker on this machine goes without")
    trusted = read_trusted(key) if key is not None else (local_key().trusted,)
    sites = {known.site for known in trusted}
    site = _name(site, "--site") if site is not None else next(iter(sites)) if len(sites) == 1 else None
    if site is None:
        raise InputError(f"--site: the keys speak for {', '.join(sorted(sites))}; expected which")
    if key is not None and site == "*":
        raise InputError("--site: the key speaks for any site; expected which")
    heard = {AlertStatus.ACTUAL: True, AlertStatus.EXERCISE: sound_exercise, AlertStatus.TEST: sound_test}
    argv = {
        name: split_command(text, f"--{name.replace('_', '-')}") if text is not None else ()
        for name, text in {
            "command": command, "fault_command": fault_command, "player": player, "speak": speak, "probe": probe,
            "self_test": self_test,
        }.items()
    }  # fmt: skip
    settings = ProgramSettings(
        DeviceSettings(
            site, zone, device,
            frozenset(status for status, on in heard.items() if on),
            frozenset(_phases(phases, {p.label: p for p in Phase})),
            heartbeat_s, link_lost_s, max(2.0 * link_lost_s, 5.0), longest_s, rampart.__version__,
        ),
        trusted,
        where,
        PlayerSettings(
            mute, argv["command"], argv["fault_command"], argv["player"] or find_wave_player(), argv["speak"],
            tuple(language or ["en"]), waves,
        ),
        MarksFile(state or data_folder() / f"siren-{zone}-{device}.json"),
        read_signing_key(device_key) if device_key is not None else None,
        argv["probe"], argv["self_test"], once,
    )  # fmt: skip
    check_settings(settings)
    _run(settings, for_s, json=json)


def _run(settings: ProgramSettings, for_s: float | None, *, json: bool) -> None:
    """Run until the end, and say every event."""
    import asyncio
    from contextlib import suppress

    from rampart.serve.siren.program import SirenProgram

    teller = _Teller(settings.player.languages, json=json)
    device = settings.device
    teller("started", {
        "zone": device.zone, "site": device.site, "device": device.device, "broker": settings.broker.url,
        "sounds": sorted(status.label for status in device.statuses), "mute": settings.player.mute,
        "keys": [key.id for key in settings.trusted],
    })  # fmt: skip
    program = SirenProgram(settings, teller)

    async def work() -> None:
        task = asyncio.ensure_future(program.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(for_s):
                await task

    asyncio.run(work())
    teller("ended", {"rang": program.rang})
    if settings.once and not program.rang:
        raise RunError(f"nothing was sounded within {for_s:g} s" if for_s else "nothing was sounded")


class _Teller:
    """Says events: as JSON, one object a line, or in words for people."""

    def __init__(self, languages: tuple[str, ...], *, json: bool) -> None:
        self._languages, self._json = languages, json

    def __call__(self, name: str, fields: dict[str, Any]) -> None:
        import time

        from rampart.wire.instant import format_milliseconds

        stamp = format_milliseconds(time.time_ns())
        if self._json:
            sys.stdout.write(json_module.dumps({"event": name, "time": stamp, **fields}) + "\n")
            sys.stdout.flush()
            return
        colour = _COLOURS.get(str(fields.get("status")), "")
        said = " ".join(f"{key}={_shown(value)}" for key, value in fields.items() if key not in ("event", "texts"))
        style = colour if name == "ring" else "red" if name in _BAD else ""
        out.print(f"{stamp[11:23]}  {name:<12} {said}", style=style, markup=False)
        for text in fields.get("texts", {}).values():
            for line in (text["headline"], text["instruction"]):
                out.print(f"{'':>14}{line}", style=style, markup=False)


_BAD = ("refused", "fault", "link_lost", "disconnected")


def _shown(value: object) -> str:
    text = str(value)
    return text if " " not in text else json_module.dumps(value, ensure_ascii=False, default=str)


def _phases(text: str, known: dict[str, Any]) -> list[Any]:
    said = [part for part in text.split(",") if part]
    if not said or not set(said) <= set(known):
        raise InputError(f"--phases {text!r}: expected some of {','.join(known)}")
    return [known[part] for part in said]


def _name(text: str | None, option: str) -> str:
    from rampart.wire.siren.topic import is_name

    if text is None or not is_name(text):
        raise InputError(
            f"{option}: expected a name of letters, digits, _, . and -" + (f", got {text!r}" if text else "")
        )
    return text


def _machine() -> str:
    import platform
    import re

    return re.sub(r"[^A-Za-z0-9_.-]", "-", platform.node())[:64].lstrip("._-") or "siren"


def _make_keys(path: Path, site: str | None, *, exercise_only: bool, json: bool) -> None:
    from rampart.records import AlertStatus
    from rampart.serve.siren.store import make_keys, public_file

    if site is None:
        raise InputError("--make-keys: expected --site, the site that the key is for")
    every = tuple(status for status in AlertStatus if not (exercise_only and status is AlertStatus.ACTUAL))
    made = make_keys(path, _name(site, "--site"), every)
    if json:
        said = {"schema": 1, "private": str(path), "public": str(public_file(path)), "line": made.trusted.line}
        sys.stdout.write(json_module.dumps({**said, "key": made.trusted.id}) + "\n")
        return
    out.print(f"{path}  private: stays with the server that commands (a siren's own: with the siren)", markup=False)
    out.print(f"{public_file(path)}  public: goes to everybody who is to believe it", markup=False)
    out.print(made.trusted.line, markup=False)
