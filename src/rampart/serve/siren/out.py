"""SirenSpec: ``[[out]]`` of kind ``siren`` - the sirens of a site, and the broker they listen to."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rampart.errors import InputError
from rampart.records import Phase, Site
from rampart.records.spec import Identifier, Number, Positive, Spec
from rampart.serve.delivery import Out, OutSpec, Setting
from rampart.wire.siren import SigningKey, TrustedKey, parse_trusted
from rampart.words import languages

from .broker import Broker, mqtt_library, parse_broker
from .channel import SirenChannel, read_clocks
from .desk import Desk, DeskSettings
from .draft import SirenEncoder
from .roster import Listed
from .store import local_key, read_signing_key

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _url(text: str) -> str:
    try:
        parse_broker(text)
    except InputError as error:
        raise ValueError(str(error)) from None
    return text


def _clock(text: str) -> str:
    if text != "never" and not _TIME.fullmatch(text):
        raise ValueError('expected a time of day, UTC, as "03:00", or "never"')
    return text


class SirenDeviceSpec(Spec):
    """One siren of the list."""

    id: Identifier  #: name of the siren, as its program is told with --device
    zone: Identifier  #: zone in which it stands
    #: public key with which its reports must be signed, a line of its .pub file; without it all are believed
    public_key: Annotated[str, Field(max_length=400)] | None = None

    def listed(self, site: Site, what: str) -> Listed:
        """As the desk knows it."""
        if self.zone not in [zone.id for zone in site.zones]:
            raise InputError(f"{what}: siren {self.id!r}: the site has no zone {self.zone!r}")
        key: TrustedKey | None = None
        if self.public_key is not None:
            try:
                (key,) = parse_trusted(self.public_key)
            except (InputError, ValueError):
                raise InputError(f"{what}: siren {self.id!r}: public_key is no public key") from None
        return Listed(self.id, self.zone, key)


class SirenSpec(OutSpec):
    """``siren``: signed commands to the sirens of a site, which acknowledge and report their health."""

    kind: Literal["siren"]
    url: Annotated[str, AfterValidator(_url)]  #: mqtt://HOST[:PORT], or mqtts:// for TLS
    version: Literal["5", "3.1.1"] = "5"  #: of MQTT
    user: Annotated[str, Field(min_length=1, max_length=256)] | None = None  #: name at the broker
    password_file: str | None = None  #: its first line is the password
    ca_file: str | None = None  #: PEM: the authority that signed the broker's certificate; the system's if not given
    certificate_file: str | None = None  #: PEM: our own certificate, where the broker asks for one
    key_file: str | None = None  #: PEM: its key, if that is a file of its own
    #: private key that signs the commands (`rampart siren --make-keys`); a local one for exercises if not given
    signing_key: str | None = None
    #: the sirens; if none is listed, every one that reports is waited for
    device: Annotated[tuple[SirenDeviceSpec, ...], BeforeValidator(_tuple)] = ()
    #: of the texts; all there are if not given
    languages: Annotated[tuple[str, ...], BeforeValidator(_tuple)] | None = None
    prepare_s: Annotated[Number, Field(gt=0, le=600)] = 8.0  #: how long prepare sounds
    shelter_s: Annotated[Number, Field(gt=0, le=600)] = 60.0  #: how long shelter sounds
    release_s: Annotated[Number, Field(gt=0, le=600)] = 12.0  #: how long release sounds
    cancel_s: Annotated[Number, Field(gt=0, le=600)] = 12.0  #: how long cancel sounds
    heartbeat_lost_s: Positive = 30.0  #: without a heartbeat for so long the operator is told
    low_battery_percent: Annotated[Number, Field(ge=0, le=100)] = 20.0  #: below it the operator is told
    self_test: Annotated[str, AfterValidator(_clock)] = "03:00"  #: time of the daily silent self-test, UTC, or "never"

    def build(self, site: Site, setting: Setting) -> Out:
        """Encoder and channel."""
        what = f"out {self.id!r}"
        mqtt_library()
        broker = self._broker(setting)
        key = self._key(site, setting, broker, what)
        ids = [device.id for device in self.device]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise InputError(f"{what}: siren {twice[0]!r} is listed twice")
        tags = self.languages or languages()
        for tag in tags:
            if tag not in languages():
                raise InputError(f"{what}: languages has {tag!r}, expected some of {', '.join(languages())}")
        desk = Desk(site.id, key, [d.listed(site, what) for d in self.device], self._desk_settings(), read_clocks())
        seconds = {phase: float(getattr(self, f"{phase.label}_s")) for phase in Phase}
        encoder = SirenEncoder(site, setting.live, seconds)
        channel = SirenChannel(broker, desk, setting.clock, identifier=f"rampart-{site.id}-{self.id}", languages=tags)
        return self.out(site, encoder, channel)

    def _broker(self, setting: Setting) -> Broker:
        files = (self.ca_file, self.certificate_file, self.key_file, self.password_file)
        ca, certificate, key, password = (None if f is None else setting.folder / f for f in files)
        return parse_broker(
            self.url, ca_file=ca, certificate=certificate, certificate_key=key, user=self.user, password_file=password,
            version=self.version,
        )  # fmt: skip

    def _key(self, site: Site, setting: Setting, broker: Broker, what: str) -> SigningKey:
        if self.signing_key is None:
            if not broker.local:
                raise InputError(f"{what}: signing_key: expected; only a broker on this machine goes without")
            return local_key()
        key = read_signing_key(setting.folder / self.signing_key)
        if not key.trusted.allows(site.id):
            raise InputError(f"{what}: signing_key is for site {key.site!r}, not for {site.id!r}")
        return key

    def _desk_settings(self) -> DeskSettings:
        found = _TIME.fullmatch(self.self_test)
        at_s = None if found is None else 3600.0 * int(found[1]) + 60.0 * int(found[2])
        return DeskSettings(lost_s=self.heartbeat_lost_s, self_test_s=at_s, low_battery=self.low_battery_percent)
