"""CAP files: every alert as a file in a folder, whole or not at all, for gateways that watch one and for the record."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rampart.errors import InputError
from rampart.pipeline import Outputs
from rampart.records import AlertStatus, Site
from rampart.records.spec import Number
from rampart.serve.delivery import Channel, ChannelError, Encoder, Message, Out, OutSpec, Receipt, Setting, Urgency
from rampart.serve.delivery.bulletin import SECOND_NS, Bulletin, read_bulletin
from rampart.wire.cap import Alert, AlertSeries, Issuer, write_alert
from rampart.wire.cap.series import VALID_S
from rampart.words import Notice

from .address import read_octets
from .words import Languages, check_languages

LEAST_FREE = 1 << 20  #: octets; a disk with less counts as full
TIDY_S = 3600.0
_OURS = re.compile(r"[A-Za-z0-9_.%~-]{1,200}\.\d{8}T\d{6}\.\d{3}Z\.xml")


class CapFilesSpec(OutSpec):
    """``cap_files``: CAP 1.2 alerts into a folder."""

    kind: Literal["cap_files"]
    folder: Annotated[str, Field(min_length=1, max_length=1000)]  #: made if it is not there
    sender: Annotated[str, Field(min_length=3, max_length=200)]  #: e.g. rampart@base.example: unique in the world
    sender_name: str = ""  #: for people; the site's name if not given
    key_file: str | None = None  #: PEM: signs the alerts (extra sign)
    certificate_file: str | None = None  #: PEM: of that key; goes with each alert
    languages: Languages = None  #: one info each; all there are if not given
    keep_days: Annotated[Number, Field(gt=0, le=36_500)] = 90.0  #: older files of ours are removed

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what = f"out {self.id!r}"
        if (self.key_file is None) != (self.certificate_file is None):
            raise InputError(f"{what}: key_file and certificate_file go together")
        keys = None
        if self.key_file is not None and self.certificate_file is not None:
            if find_spec("signxml") is None:
                raise InputError(f"{what}: signatures need signxml: pip install 'rampart[sign]'")
            keys = tuple(read_octets(name, setting.folder, what) for name in (self.key_file, self.certificate_file))
        try:
            issuer = Issuer(self.sender, self.sender_name, f"Rampart {version('rampart')}", live=setting.live)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
        desk = CapDesk(site, issuer, check_languages(self.languages, what), keys)
        if keys is not None:
            desk.try_keys(what)
        folder = setting.folder / self.folder
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{what}: folder is a file", path=folder)
        return self.out(site, desk, CapFilesChannel(folder, setting, keep_days=self.keep_days))


class CapDesk(Encoder):
    """Alerts in their order, signed where there is a key; lost coverage is an alert too."""

    def __init__(
        self, site: Site, issuer: Issuer, tags: tuple[str, ...] | None = None, keys: tuple[bytes, ...] | None = None
    ) -> None:
        self.site, self._keys = site, keys
        self.series = AlertSeries(site, issuer, tags)

    def try_keys(self, what: str) -> None:
        """Sign something, so that a bad key is known at the start."""
        from rampart.wire.cap.signature import sign_alert

        if self._keys is None or not self.site.zones:
            return
        trial = AlertSeries(self.site, self.series.issuer, ["en"])
        alert = trial.notice(Notice.COVERAGE_LOST, 0, 0, AlertStatus.TEST)
        try:
            sign_alert(write_alert(alert), *self._keys)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None

    def encode(self, outputs: Outputs) -> Iterator[Message]:
        """An alert for each message of a warning."""
        for row in outputs.warnings:
            bulletin = read_bulletin(self.site, row)
            if bulletin.closing and not self.series.is_open(bulletin.number):
                continue  # its alert was never written: there is nothing to cancel
            yield self._message(self.series.alert(row), bulletin.name, bulletin.expires_ns, bulletin)

    def notice(self, notice: Notice, zone: int, now_ns: int, status: AlertStatus) -> Iterator[Message]:
        """An alert for a zone that lost its cover or has it again."""
        alert = self.series.notice(notice, zone, now_ns, status)
        yield self._message(alert, f"cover/{zone}", now_ns + VALID_S["cover"] * SECOND_NS)

    def _message(self, alert: Alert, key: str, expires_ns: int, bulletin: Bulletin | None = None) -> Message:
        octets = write_alert(alert)
        if self._keys is not None:
            from rampart.wire.cap.signature import sign_alert

            octets = sign_alert(octets, *self._keys)
        name = f"{alert.identifier}.xml"
        return Message(
            key, name, octets, alert.sent_ns, expires_ns, Urgency.WARNING, "application/cap+xml", bulletin=bulletin
        )


class CapFilesChannel(Channel):
    """Writes files: each beside its place first, then flushed to the disk and renamed; then it counts as acknowledged.

    A thread of its own does it: a disk that hangs keeps nobody else waiting.
    """

    def __init__(self, folder: Path, setting: Setting, *, keep_days: float = 90.0) -> None:
        self.folder, self._setting, self.keep_days = folder, setting, keep_days
        self._thread: ThreadPoolExecutor | None = None
        self._tidied_ns = 0

    async def open(self) -> None:
        """See that the folder can be written to."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cap-files")
        await self._do(self._look)

    async def probe(self) -> None:
        """See that the folder is still there and the disk not full."""
        await self._do(self._look)

    async def send(self, message: Message) -> Receipt:
        """Write one alert."""
        now_ns = self._setting.clock()
        await self._do(self._write, message)
        return Receipt(now_ns, acknowledged=True, by="disk")

    async def close(self) -> None:
        """Give the thread up."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    async def _do(self, work: Any, *args: Any) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        except OSError as error:
            raise ChannelError(f"{self.folder}: {error.strerror or error}") from None

    def _look(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < LEAST_FREE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        now_ns = self._setting.clock()
        if now_ns - self._tidied_ns > TIDY_S * SECOND_NS:
            self._tidied_ns = now_ns
            self._tidy(now_ns)

    def _tidy(self, now_ns: int) -> None:
        """Remove files of ours that are older than `keep_days`."""
        for path in self.folder.iterdir():
            with suppress(OSError):
                if _OURS.fullmatch(path.name) and path.stat().st_mtime < now_ns * 1e-9 - self.keep_days * 86_400:
                    path.unlink()

    def _write(self, message: Message) -> None:
        place, part = self.folder / message.topic, self.folder / f".{message.topic}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with open(os.open(part, flags, 0o644), "wb") as file:
                file.write(message.body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, place)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
