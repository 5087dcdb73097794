"""Time stamps of RFC 3161: the request for a hash, and what an authority's answer says and proves.

Notes
-----
An answer holds a signed ``TSTInfo`` (RFC 3161, 2.4.2) in a CMS ``SignedData`` (RFC 5652, 5). Checked are: the status,
the digest of the ``TSTInfo`` among the signed attributes, the signature over these by one of the certificates that come
with it, that this certificate is for time-stamping (extended key usage) and valid at that time, and, where certificates
of authorities are given, that they issued it. Revocation is not: that takes a network.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rampart.errors import DecodeError, InputError

from .der import Node, name_of, read, write

_SHA256 = bytes.fromhex("0609608648016503040201")
_SIGNED_DATA, _TST_INFO, _MESSAGE_DIGEST = (
    "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.9.4",
)  # fmt: skip
_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
}  # fmt: skip
_SEQUENCE, _SET, _INTEGER, _OCTETS, _TIME = 0x30, 0x31, 0x02, 0x04, 0x18


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What an authority's answer says.

    Parameters
    ----------
    time : str
        ISO 8601, UTC.
    imprint : bytes
        The SHA-256 that was stamped.
    authority : str
        Name in the certificate that signed.
    trusted : bool
        Whether a certificate that was given issued it.
    """

    time: str
    imprint: bytes
    authority: str
    trusted: bool


def stamp_request(imprint: bytes) -> bytes:
    """The request to send to an authority, as ``application/timestamp-query``.

    Parameters
    ----------
    imprint : bytes
        SHA-256, 32 octets.

    Examples
    --------
    >>> len(stamp_request(bytes(32)))
    59
    """
    hashed = write(_SEQUENCE, write(_SEQUENCE, _SHA256, write(0x05)), write(_OCTETS, imprint))
    return write(_SEQUENCE, write(_INTEGER, b"\x01"), hashed, write(0x01, b"\xff"))  # with its certificate, please


def load_authorities(path: Path) -> list[Any]:
    """Certificates of a PEM file.

    Raises
    ------
    InputError
        If it cannot be read or holds none.
    """
    x509 = _x509()
    try:
        return list(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except ValueError:
        raise InputError("holds no certificate in PEM", path=path) from None


def read_stamp(octets: bytes, authorities: Sequence[Any] = ()) -> TimeStamp:
    """Read an answer and check its signature.

    Parameters
    ----------
    octets : bytes
        A ``TimeStampResp``, DER.
    authorities : sequence of certificates
        See `load_authorities`.

    Raises
    ------
    InputError
        If it is no answer, a refusal, or not signed as it says.
    """
    _x509()
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return _read(octets, authorities)
    except UnsupportedAlgorithm as error:
        raise InputError(f"is signed in a way that is not known here ({error})") from None
    except (DecodeError, IndexError, ValueError, OverflowError) as error:
        raise InputError(f"is no time stamp of RFC 3161 ({error})") from None


def _read(octets: bytes, authorities: Sequence[Any]) -> TimeStamp:
    answer = read(octets)
    if len(answer.whole) != len(octets):
        raise DecodeError("goes on after its end")
    status, *rest = answer.parts()
    code = int.from_bytes(status.parts()[0].content, "big")
    if code not in (0, 1) or not rest:
        raise InputError(f"the authority refused (status {code})")
    kind, holder = rest[0].parts()
    if name_of(kind) != _SIGNED_DATA:
        raise DecodeError("expected signed data")
    data = holder.parts()[0]
    info, text = _content(data)
    moment, imprint = _told(info)
    signer = _signer(data, text, moment)
    return TimeStamp(
        f"{moment:%Y-%m-%dT%H:%M:%SZ}", imprint, signer.subject.rfc4514_string(),
        _issued(signer, _certificates(data), authorities, moment),
    )  # fmt: skip


def _content(data: Node) -> tuple[Node, bytes]:
    """The ``TSTInfo``, as a value and as the octets that were signed."""
    kind, holder = data.parts()[2].parts()
    if name_of(kind) != _TST_INFO:
        raise DecodeError("expected a TSTInfo")
    text = holder.parts()[0].content
    return read(text), text


def _told(info: Node) -> tuple[datetime, bytes]:
    """Time and imprint."""
    _, _, hashed, _, when, *_ = info.parts()
    algorithm, imprint = hashed.parts()
    if name_of(algorithm.parts()[0]) not in _DIGESTS or _DIGESTS[name_of(algorithm.parts()[0])] != "sha256":
        raise InputError("stamps another hash than SHA-256")
    if when.tag != _TIME:
        raise DecodeError("expected a time")
    moment = datetime.strptime(when.content.decode("ascii")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return moment, imprint.content


def _certificates(data: Node) -> list[Any]:
    held = next((part for part in data.parts()[3:] if part.tag == 0xA0), None)
    return [] if held is None else [_x509().load_der_x509_certificate(part.whole) for part in held.parts()]


def _signer(data: Node, text: bytes, moment: datetime) -> Any:
    """The certificate that signed."""
    info = data.parts()[-1].parts()[0]
    parts = info.parts()
    digest = _DIGESTS.get(name_of(parts[2].parts()[0]))
    attributes = parts[3]
    if digest is None or attributes.tag != 0xA0:
        raise InputError("is signed in a way that is not known here: expected SHA-2 over signed attributes")
    told = [a.parts()[1].parts()[0].content for a in attributes.parts() if name_of(a.parts()[0]) == _MESSAGE_DIGEST]
    if told != [hashlib.new(digest, text).digest()]:
        raise InputError("was changed: its digest does not fit")
    signed = write(_SET, attributes.content)
    for certificate in _certificates(data):
        if _fits(certificate, parts[5].content, signed, digest):
            return _for_stamps(certificate, moment)
    raise InputError("was changed, or its certificate is missing: no certificate in it fits the signature")


def _fits(certificate: Any, signature: bytes, signed: bytes, digest: str) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[digest]
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _for_stamps(certificate: Any, moment: datetime) -> Any:
    x509 = _x509()
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = ()
    if x509.ExtendedKeyUsageOID.TIME_STAMPING not in usage:
        raise InputError("is signed by a certificate that is not for time-stamping")
    if not _valid(certificate, moment):
        raise InputError("is signed by a certificate that was not valid at that time")
    return certificate


def _valid(certificate: Any, moment: datetime) -> bool:
    return bool(certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc)


def _issued(certificate: Any, others: Sequence[Any], authorities: Sequence[Any], moment: datetime) -> bool:
    """Whether one of the authorities issued it, by way of the other certificates if need be."""
    for _ in range(5):
        if any(certificate == authority or _by(certificate, authority, moment) for authority in authorities):
            return True
        above = [other for other in others if other != certificate and _by(certificate, other, moment)]
        if not above:
            return False
        certificate = above[0]
    return False


def _by(certificate: Any, issuer: Any, moment: datetime) -> bool:
    from cryptography.exceptions import InvalidSignature

    x509 = _x509()
    try:
        certificate.verify_directly_issued_by(issuer)
        may = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return bool(may) and _valid(issuer, moment)


def _x509() -> Any:
    try:
        from cryptography import x509
    except ImportError:
        raise InputError("time stamps need cryptography: pip install 'rampart[sign]'") from None
    return x509
