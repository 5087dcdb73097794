"""CAP: a signed alert is believed as signed by whom one trusts, whole and once; nothing else is."""

import random
import sys
from datetime import UTC, datetime, timedelta

import pytest

from rampart.errors import InputError
from rampart.wire.cap import read_alert, write_alert
from rampart.wire.cap.signature import sign_alert, verify_alert
from rampart.wire.message_error import MessageError

from .messages import SENT_NS, alert, info

pytest.importorskip("signxml", reason="signxml is not installed")

START = datetime(2021, 1, 1, tzinfo=UTC)
NOW_NS = SENT_NS + 10**10


def pair(kind, bits=2048):
    """A new key and its own certificate, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = rsa.generate_private_key(65537, bits) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"rampart test {kind}")])
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, START, START + timedelta(days=365))
    certificate = built.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, form, plain), certificate.public_bytes(pem)


@pytest.fixture(scope="module")
def rsa():
    return pair("rsa")


@pytest.fixture(scope="module")
def curve():
    return pair("ec")


@pytest.fixture(scope="module")
def signed(rsa):
    return sign_alert(write_alert(alert()), *rsa)


def reason(data, trusted, **options):
    with pytest.raises(MessageError) as found:
        verify_alert(data, trusted, **options)
    return found.value.reason


@pytest.mark.parametrize("kind", ["rsa", "curve"])
def test_what_is_signed_is_believed_and_still_satisfies_the_schema(kind, request, schema):
    key, certificate = request.getfixturevalue(kind)
    data = sign_alert(write_alert(alert()), key, certificate)
    believed = verify_alert(data, [certificate], now_ns=NOW_NS)
    assert believed == read_alert(data)
    assert believed.signed
    assert schema("cap/cap12.xsd", data) is None


def test_same_message_same_signature(signed, rsa):
    assert sign_alert(write_alert(alert()), *rsa) == signed


def test_whom_one_does_not_trust_counts_for_nothing(signed, rsa, curve):
    assert reason(signed, [curve[1]]) == "signature"
    assert reason(signed, []) == "signature"
    assert verify_alert(signed, [curve[1], rsa[1]]) == verify_alert(signed, [rsa[1]])


def test_unsigned_and_twice_signed(signed, rsa):
    assert reason(write_alert(alert()), [rsa[1]]) == "unsigned"
    with pytest.raises(MessageError, match="signed_already"):
        sign_alert(signed, *rsa)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Exercise", b"Actual"),
        (b"<urgency>Immediate", b"<urgency>Expected"),
        (b"33.000000,44.000000", b"33.000001,44.000000"),
        (b"<event>", b"<event>No "),
    ],
)
def test_a_changed_message_is_refused(signed, rsa, old, new):
    assert reason(signed.replace(old, new), [rsa[1]]) in ("signature", "polygon_open")


def test_a_message_wrapped_around_a_signed_one_is_refused(signed, rsa):
    forged = write_alert(alert(identifier="forged", status="Actual"))
    start, end = signed.index(b"<ds:Signature"), signed.index(b"</alert>")
    signature = signed[start:end]
    moved = forged.replace(b"</alert>", signature + b"</alert>")
    assert reason(moved, [rsa[1]]) == "signature"
    body = signed[signed.index(b"<alert") :]
    stuffed = signature.replace(b"</ds:Signature>", b"<ds:Object>" + body + b"</ds:Object></ds:Signature>")
    for hiding in (
        forged.replace(b"</alert>", stuffed + b"</alert>"),
        forged.replace(b"<info>", body + b"<info>"),
        forged.replace(b"</alert>", signature + body + b"</alert>"),
    ):
        assert reason(hiding, [rsa[1]]) in ("signature", "unknown_element", "order")


def test_old_messages_and_old_certificates_are_refused(signed, rsa):
    assert reason(signed, [rsa[1]], now_ns=SENT_NS + 600 * 10**9) == "expired"
    later = sign_alert(write_alert(alert(info=(info(expires_ns=None, onset_ns=None),))), *rsa)
    assert verify_alert(later, [rsa[1]], now_ns=NOW_NS).signed
    assert reason(later, [rsa[1]], now_ns=SENT_NS + 86_400 * 400 * 10**9) == "certificate_time"


def test_a_message_that_comes_again_is_refused(signed, rsa):
    first = verify_alert(signed, [rsa[1]])
    assert reason(signed, [rsa[1]], known={first.reference}) == "replayed"


def test_hostile_xml_is_refused_before_any_signature_is_looked_at(signed, rsa):
    body = signed.partition(b"\n")[2] if signed.startswith(b"<?xml") else signed
    assert reason(b"<!DOCTYPE alert>" + body, [rsa[1]]) == "doctype"
    assert reason(b"<alert/>", [rsa[1]]) == "not_cap_1_2"


def test_changed_octets_are_never_believed(signed, rsa):
    """What passes has the very content that was signed."""
    dice, good = random.Random(5), verify_alert(signed, [rsa[1]])
    for _ in range(300):
        data = bytearray(signed)
        for _ in range(dice.choice((1, 1, 2))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            believed = verify_alert(bytes(data), [rsa[1]])
        except MessageError:
            continue
        assert believed == good


def test_keys_that_cannot_be_used_are_named(rsa, curve):
    data = write_alert(alert())
    with pytest.raises(InputError, match="not that of the key"):
        sign_alert(data, rsa[0], curve[1])
    with pytest.raises(InputError, match="cannot sign"):
        sign_alert(data, b"no key", rsa[1])
    with pytest.raises(InputError, match="1024 bits"):
        sign_alert(data, *pair("rsa", 1024))
    with pytest.raises(InputError, match="cannot be read"):
        verify_alert(sign_alert(data, *rsa), [b"no certificate"])


def test_without_signxml_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "signxml", None)
    with pytest.raises(InputError, match=r"rampart\[sign\]"):
        sign_alert(write_alert(alert()), b"", b"")
