"""Time stamps by OpenSSL as the authority: read, checked, changed, about something else, by somebody else."""

import subprocess

import pytest

from rampart.errors import InputError

pytest.importorskip("cryptography", reason="cryptography is not installed")

from rampart.ledger.incidents.seals import Seal, load_authorities, load_private_key, make_key, read_stamp, stamp_request

pytestmark = pytest.mark.counterparty

SETTINGS = """[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
[stamps]
basicConstraints = CA:false
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = it
[it]
dir = .
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
"""
IMPRINT = bytes(range(32))


class Authority:
    """Makes certificates and stamps in a folder."""

    def __init__(self, openssl, folder):
        self.openssl, self.folder = openssl, folder
        (folder / "settings").write_text(SETTINGS)
        (folder / "serial").write_text("01")
        self.run(
            "req", "-x509", *self.key("ca"), "-subj", "/CN=Unit CA", "-days", 9, "-config", "settings",
            "-extensions", "ca", "-out", "ca.pem",
        )  # fmt: skip

    def run(self, *words):
        command = [self.openssl, *map(str, words)]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)

    def key(self, name):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"

    def certificate(self, name, extensions="stamps", rsa=False):
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key") if rsa else self.key(name)
        self.run("req", *key, "-subj", f"/CN={name}", "-config", "settings", "-out", f"{name}.csr")
        self.run(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 9,
            "-extfile", "settings", "-extensions", extensions, "-out", f"{name}.pem",
        )  # fmt: skip

    def stamp(self, name, request):
        (self.folder / "request").write_bytes(request)
        self.run(
            "ts", "-reply", "-config", "settings", "-section", "it", "-queryfile", "request", "-signer", f"{name}.pem",
            "-inkey", f"{name}.key", "-out", "answer",
        )  # fmt: skip
        return (self.folder / "answer").read_bytes()


@pytest.fixture(scope="module")
def authority(require_service, tmp_path_factory):
    made = Authority(require_service("openssl"), tmp_path_factory.mktemp("authority"))
    made.certificate("elliptic")
    made.certificate("rsa", rsa=True)
    return made


@pytest.mark.parametrize("name", ["elliptic", "rsa"])
def test_a_stamp_says_when_what_and_by_whom(authority, name):
    answer = authority.stamp(name, stamp_request(IMPRINT))
    trusted = load_authorities(authority.folder / "ca.pem")
    stamp = read_stamp(answer, trusted)
    assert (stamp.imprint, stamp.authority, stamp.trusted) == (IMPRINT, f"CN={name}", True)
    assert stamp.time.endswith("Z")
    assert not read_stamp(answer).trusted
    assert not read_stamp(answer, load_authorities(authority.folder / "rsa.pem")).trusted or name == "rsa"
    (authority.folder / "theirs").write_bytes(answer)
    authority.run("ts", "-verify", "-in", "theirs", "-queryfile", "request", "-CAfile", "ca.pem")


def test_no_octet_of_what_is_signed_can_be_changed(authority):
    answer = authority.stamp("elliptic", stamp_request(IMPRINT))
    at = answer.index(IMPRINT)
    for octet in (at, at + 31, answer.index(b"Z", at) - 3, len(answer) - 5):
        changed = bytearray(answer)
        changed[octet] ^= 1
        with pytest.raises(InputError):
            read_stamp(bytes(changed))
    for end in range(0, len(answer), 97):
        with pytest.raises(InputError):
            read_stamp(answer[:end])


def test_a_refusal_is_said(authority):
    wrong = stamp_request(IMPRINT).replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040202"))
    with pytest.raises(InputError, match="the authority refused"):
        read_stamp(authority.stamp("elliptic", wrong))


def test_a_stamp_on_a_seal(authority, tmp_path):
    from dataclasses import replace

    from rampart.ledger.incidents import IncidentDraft, Ledger

    ledger = Ledger(str(tmp_path / "l.sqlite"))
    ledger.add([IncidentDraft(site="x")], now_ns=0)
    make_key(tmp_path / "k")
    seal = ledger.seal(load_private_key(tmp_path / "k"), now_ns=1)
    ours = authority.stamp("elliptic", stamp_request(seal.imprint))
    others = authority.stamp("elliptic", stamp_request(IMPRINT))
    trusted = load_authorities(authority.folder / "ca.pem")
    stamped = Seal.parse(replace(seal, time_stamps=(ours,)).text())
    found = ledger.verify(seal=stamped, authorities=trusted)
    assert found["ok"]
    assert [stamp["authority"] for stamp in found["seal"]["time_stamps"]] == ["CN=elliptic"]
    wrong = replace(seal, time_stamps=(others, b"0"))
    messages = [fault["message"] for fault in ledger.verify(seal=wrong, authorities=trusted)["faults"]]
    assert messages[0] == "time stamp 1 is not about this seal"
    assert messages[1].startswith("time stamp 2: is no time stamp of RFC 3161")
    rsa = load_authorities(authority.folder / "rsa.pem")
    [fault] = ledger.verify(seal=stamped, authorities=rsa)["faults"]
    assert fault["message"] == "time stamp 1 is not by the authority given"
