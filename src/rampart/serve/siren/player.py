"""Player: makes a sound heard - through a program that plays waves, a command that throws a relay, or in print only."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rampart.errors import InputError
from rampart.wire.siren import Command, Said

from .effects import Extend, Play
from .tone import LINK_LOST, cycle_s, tone, write_wave

#: Programs that play a wave file, in the order in which they are looked for.
KNOWN = (
    ("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
)  # fmt: skip
_EARLY_S = 0.25  # a program that ends with an error within this time has not played
_END_S = 1.0  # for a program to end before it is made to
_STOP_S = 5.0  # for the command that ends a sound
_WHOLE_S = 60.0  # no wave file is longer
_WITH_VOICE_S = 6.0

#: Number of the sound, why it could not be played (empty if it plays), and how many seconds ago that was.
OnStarted = Callable[[int, str, float], None]


@dataclass(frozen=True)
class PlayerSettings:
    """How sounds are made.

    Attributes
    ----------
    mute : bool
        Nothing is heard; whoever watches the program reads what would be.
    command : tuple of str
        Run at the start and again at the end of a sound, told by the environment which; instead of a wave.
    fault_command : tuple of str
        Run for a lost link; instead of its tone.
    wave : tuple of str
        Plays the wave file that is added as its last argument.
    voice : tuple of str
        Speaks the text on its standard input; ``{language}`` stands for the tag.
    languages : tuple of str
        In which order texts are spoken and shown; the first there is where none of these is there.
    folder : pathlib.Path or None
        Where wave files go, and stay; a folder for the time being where None.
    """

    mute: bool = False
    command: tuple[str, ...] = ()
    fault_command: tuple[str, ...] = ()
    wave: tuple[str, ...] = ()
    voice: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    folder: Path | None = None


def split_command(text: str, option: str) -> tuple[str, ...]:
    """An argument vector from one line, as a shell would split it; no shell ever sees it.

    Raises
    ------
    InputError
        If it is empty, a quote is open, or there is no such program.

    Examples
    --------
    >>> split_command("echo 'a b' c", "--command")[1:]
    ('a b', 'c')
    """
    try:
        parts = tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"{option} {text!r}: {error}") from None
    if not parts:
        raise InputError(f"{option}: expected a program and its arguments")
    found = shutil.which(parts[0])
    if found is None:
        raise InputError(f"{option} {text!r}: there is no program {parts[0]!r}")
    return (found, *parts[1:])


def find_wave_player() -> tuple[str, ...]:
    """A program on this machine that plays waves; empty if there is none."""
    for name, *arguments in KNOWN:
        if found := shutil.which(name):
            return (found, *arguments)
    return ()


def choose_texts(command: Command, languages: Sequence[str]) -> list[tuple[str, Said]]:
    """The texts of a command in the languages wanted, in their order; the first there is if none of these is there."""
    found = [(tag, command.texts[tag]) for tag in languages if tag in command.texts]
    return found or list(command.texts.items())[:1]


class Player:
    """Plays one sound at a time.

    Parameters
    ----------
    settings : PlayerSettings
        How.
    on_started : callable
        Told once per sound, and again if it fails later.
    """

    def __init__(self, settings: PlayerSettings, on_started: OnStarted) -> None:
        self.settings, self._on_started = settings, on_started
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._command: Command | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def play(self, order: Play) -> None:
        """Begin a sound; whatever plays has been stopped before."""
        self._number, self._command = order.number, order.command
        self._task = asyncio.create_task(self._run(order))

    def extend(self, order: Extend) -> None:
        """Go on with a newer text."""
        if order.number == self._number:
            self._command = order.command

    def stop(self, number: int) -> None:
        """End a sound; returns before it has ended."""
        if number == self._number and self._task is not None:
            self._end(self._task)
            self._task = None

    def chirp(self) -> None:
        """The tone of a lost link, in the background."""
        task = asyncio.create_task(self._chirp())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End everything, and wait until it has ended."""
        if self._task is not None:
            self._end(self._task)
        while self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)
        if self._folder is not None:
            self._folder.cleanup()

    def check(self) -> dict[str, str]:
        """What can be checked in silence: that programs are there and waves can be written."""
        s = self.settings
        if s.mute:
            return {"player": "ok"}
        checks = {}
        named = {"command": s.command, "fault_command": s.fault_command, "voice": s.voice}
        for name, argv in named.items():
            if argv:
                checks[name] = _there(argv)
        if not s.command:
            checks["player"] = _there(s.wave) if s.wave else "no program that plays waves"
            try:
                self._wave(LINK_LOST, 0.1)
                checks["wave"] = "ok"
            except OSError as error:
                checks["wave"] = f"cannot be written: {error.strerror}"
        return checks

    def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _run(self, order: Play) -> None:
        with suppress(asyncio.CancelledError):
            try:
                if self.settings.mute:
                    self._on_started(order.number, "", 0.0)
                elif self.settings.command:
                    await self._relay(order)
                else:
                    await self._waves(order)
            except OSError as error:
                self._on_started(order.number, f"cannot be run: {error.strerror or error}", 0.0)

    async def _relay(self, order: Play) -> None:
        """The command, told to start; when the sound is over, told to stop."""
        process = await self._start(self.settings.command, self._environment(order, "start"))
        try:
            await self._tell_start(process, order.number)
            await self._until_done(process, order.number)
            await asyncio.Event().wait()
        finally:
            await _finish(process)
            last = await self._start(self.settings.command, self._environment(order, "stop"))
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    await last.wait()
            await _finish(last)

    async def _waves(self, order: Play) -> None:
        """Tone and voice in turn, until the sound is over."""
        s, command = self.settings, order.command
        if not s.wave:
            self._on_started(order.number, "no program that plays waves", 0.0)
            return
        name = "" if command.phase is None else command.phase.label
        seconds = min(order.seconds, _WHOLE_S)
        if s.voice:
            seconds = min(seconds, max(_WITH_VOICE_S, cycle_s(name)))
        path = await asyncio.to_thread(self._wave, name, seconds, command)
        told = False
        while True:
            process = await self._start((*s.wave, str(path)))
            if not told:
                await self._tell_start(process, order.number)
                told = True
            await self._until_done(process, order.number)
            for tag, text in choose_texts(self._command or command, s.languages) if s.voice else ():
                voice = tuple(part.replace("{language}", tag) for part in s.voice)
                await self._until_done(await self._start(voice, said=text.spoken), order.number)

    async def _tell_start(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Say that it plays, unless it ends at once with an error."""
        began_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(_EARLY_S):
                code = await process.wait()
        except TimeoutError:
            code = 0
        except asyncio.CancelledError:
            await _finish(process)
            raise
        if not code:
            self._on_started(number, "", asyncio.get_running_loop().time() - began_s)

    async def _until_done(self, process: asyncio.subprocess.Process, number: int) -> None:
        try:
            code = await process.wait()
        finally:
            await _finish(process)
        if code:
            self._on_started(number, f"the player ended with {code}", 0.0)
            await asyncio.sleep(1.0)

    async def _chirp(self) -> None:
        s = self.settings
        argv = s.fault_command
        if s.mute or (s.command and not argv):
            return
        with suppress(OSError, asyncio.CancelledError):
            if not argv and s.wave:
                argv = (*s.wave, str(self._wave(LINK_LOST, cycle_s(LINK_LOST))))
            if argv:
                process = await self._start(argv, {"RAMPART_SIREN_ACTION": LINK_LOST})
                try:
                    async with asyncio.timeout(_STOP_S):
                        await process.wait()
                except TimeoutError:
                    pass
                finally:
                    await _finish(process)

    def _wave(self, name: str, seconds: float, command: Command | None = None) -> Path:
        folder = self.settings.folder
        if folder is None:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="rampart-siren-")
            folder = Path(self._folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        if command is None:
            path, samples = folder / f"{name}.wav", tone(name, seconds)
        else:
            path = folder / f"{name}-{command.status.label}.wav"
            samples = tone(name, seconds, command.status)
        write_wave(path, samples)
        return path

    def _environment(self, order: Play, action: str) -> dict[str, str]:
        command = order.command
        texts = choose_texts(self._command or command, self.settings.languages)
        tag, said = texts[0] if texts else ("", Said("", "", ""))
        said_of = {
            "ACTION": action,
            "PHASE": "" if command.phase is None else command.phase.label,
            "STATUS": command.status.label,
            "SECONDS": f"{order.seconds:.1f}",
            "SITE": command.site,
            "ZONE": command.zone,
            "WARNING": command.warning,
            "CLASS": command.target_class.label,
            "LANGUAGE": tag,
            "HEADLINE": said.headline,
            "INSTRUCTION": said.instruction,
            "TEXT": said.spoken,
        }
        return {f"RAMPART_SIREN_{name}": value for name, value in said_of.items()}

    async def _start(
        self, argv: Sequence[str], environment: dict[str, str] | None = None, said: str = ""
    ) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if said else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        if said and process.stdin is not None:
            process.stdin.write(said.encode())
            process.stdin.close()
        return process


def _there(argv: Sequence[str]) -> str:
    return "ok" if shutil.which(argv[0]) else f"there is no program {argv[0]!r}"


async def _finish(process: asyncio.subprocess.Process) -> None:
    """End a program that still runs; it may not outlive the sound."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except (TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
