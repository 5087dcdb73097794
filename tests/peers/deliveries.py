"""What the tests of delivery share: a site, a raid in rows, certificates, mosquitto and its client."""

import datetime
import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager

import numpy as np
import pytest

from rampart.pipeline import Outputs
from rampart.records import Engagements, Phase, Predictions, Site, TargetClass, Tracks, Warnings, Zone, ZoneStates
from rampart.serve.delivery import Dispatcher, Setting

SECOND = 1_000_000_000
SQUARE = np.array([[-100.0, 0.0], [100.0, 0.0], [100.0, 200.0], [-100.0, 200.0]])
SITE = Site(
    "embassy",
    np.deg2rad(33.3),
    np.deg2rad(44.39),
    34.0,
    zones=(Zone("north", SQUARE, 400, 10.0, name="North"), Zone("south", SQUARE - [0.0, 400.0], 100, 15.0)),
)


def warning(number=1, sequence=0, zone=0, phase=Phase.SHELTER, status=1, time_ns=None, left_s=20.0, reason=""):
    """One row of Warnings, decided now unless told otherwise."""
    time_ns = time.time_ns() if time_ns is None else time_ns
    return Warnings.build(
        number=[number],
        sequence=[sequence],
        zone=[zone],
        phase=[int(phase)],
        time_ns=[time_ns],
        target_class=[int(TargetClass.ROCKET)],
        time_to_impact_s=[left_s if phase < Phase.RELEASE else np.nan],
        probability=[0.4],
        status=[int(status)],
        sensor_ns=[time_ns - SECOND // 5],
        received_ns=[time_ns - SECOND // 10],
        tracks=[(3,)],
        reason=[reason],
    )


def step(*warnings, zones=None, tracks=None):
    """What a chain says in one step, now."""
    return Outputs(
        time.time_ns(),
        Tracks.empty() if tracks is None else tracks,
        Predictions.empty(),
        Warnings.concat(warnings),
        Engagements.empty(),
        {},
        None,
        zones=ZoneStates.empty() if zones is None else zones,
    )


def zone_state(zone, state, watched=True, status=1):
    """One row of ZoneStates."""
    now_ns = time.time_ns()
    return ZoneStates.build(
        zone=[zone], time_ns=[now_ns], since_ns=[now_ns], state=[int(state)], watched=[watched], status=[int(status)]
    )


def until(condition, seconds=20.0):
    """Wait until something holds; what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("did not come about in time")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def delivering(*specs, folder=None, live=False, session="s1"):
    """A dispatcher with these peers; its alarms are in `alarms_seen`."""
    setting = Setting(time.time_ns, live=live, session=session, **({"folder": folder} if folder else {}))
    alarms = []
    with Dispatcher([spec.build(SITE, setting) for spec in specs], time.time_ns, alarms.append) as dispatcher:
        dispatcher.alarms_seen = alarms
        yield dispatcher


class Mosquitto:
    """A broker on a port of this machine, ended by its process."""

    def __init__(self, program, folder, *lines, port=None, tls=None):
        self.program, self.port, self.process = program, port or free_port(), None
        config = folder / f"mosquitto-{self.port}.conf"
        text = [f"listener {self.port} 127.0.0.1", "persistence false", "max_queued_messages 100000", *lines]
        if os.geteuid() == 0:
            text.append("user root")  # as another it could not read what a test wrote
        if tls:
            text += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        if not any("password_file" in line for line in lines):
            text.append("allow_anonymous true")
        config.write_text("\n".join(text) + "\n")
        self.config = config
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._listens)

    def _listens(self):
        assert self.process.poll() is None, "mosquitto ended at its start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Subscriber:
    """mosquitto_sub: everything that a broker gives a client that is not ours."""

    def __init__(self, program, port, folder, *arguments, topic="rampart/#"):
        self.file = folder / f"sub-{time.monotonic_ns()}.txt"
        with self.file.open("wb") as out:
            self.process = subprocess.Popen(
                [program, "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-q", "1", "-V", "5",
                 "-F", "%t\t%q\t%r\t%p", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def messages(self, part=""):
        """(topic, QoS, retained, object) of each message whose topic has `part` in it."""
        found = []
        for line in self.file.read_text(encoding="utf-8").splitlines():
            fields = line.split("\t")
            if len(fields) == 4 and part in fields[0]:
                found.append(
                    (fields[0], int(fields[1]), fields[2] == "1", json.loads(fields[3]) if fields[3] else None)
                )
        return found

    def end(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Files of an authority, of a server at 127.0.0.1 that it signed, and of one that it did not."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    ca = _certificate(folder, "ca", None)
    _certificate(folder, "server", ca)
    _certificate(folder, "stranger", _certificate(folder, "other-ca", None))
    _certificate(folder, "elsewhere", ca, host="elsewhere.example")
    _certificate(folder, "expired", ca, days=(-30, -1))
    return folder


def _certificate(folder, name, issuer, host="127.0.0.1", days=(-1, 30)):
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, issuer_key = issuer or (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    try:
        names = [x509.IPAddress(ip_address(host))]
    except ValueError:
        names = [x509.DNSName(host)]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(built.public_bytes(encoding))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return subject, key
