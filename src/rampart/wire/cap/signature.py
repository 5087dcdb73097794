"""Signature: an alert signed as XML-DSIG, and what a receiver may believe of a signed one.

Needs the extra ``sign`` (signxml). Keys and certificates are PEM octets; this module reads no file and no clock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from rampart.errors import InputError
from rampart.wire.instant import SECOND_NS
from rampart.wire.message_error import MessageError
from rampart.wire.xml import parse_xml

from .alert import Alert, Reference
from .reader import MAX_BYTES, parse_alert, read_alert

_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"


def sign_alert(data: bytes, key: bytes, certificate: bytes, *, passphrase: bytes | None = None) -> bytes:
    """Sign a message that `write_alert` wrote.

    Parameters
    ----------
    data : bytes
        The message, unsigned.
    key : bytes
        RSA (2,048 bits or more) or elliptic-curve private key, PEM.
    certificate : bytes
        Its certificate, PEM; goes with the message.
    passphrase : bytes or None
        Of the key.

    Returns
    -------
    bytes
        The message with an enveloped signature as its last element, as the schema has it: SHA-256, exclusive
        canonical form. An RSA signature of the same message is always the same.

    Raises
    ------
    MessageError
        If the message is no good alert or is signed already.
    InputError
        If signxml is not installed, or key or certificate cannot be used.
    """
    signxml, etree = _libraries()
    if read_alert(data).signed:
        raise MessageError("signed_already")
    try:
        private, public = _private(key, passphrase), _certificate(certificate)
        if private.public_key() != public.public_key():
            raise ValueError("the certificate is not that of the key")
        algorithm = "rsa-sha256" if _is_rsa(private) else "ecdsa-sha256"
        signer = signxml.XMLSigner(signature_algorithm=algorithm, digest_algorithm="sha256", c14n_algorithm=_C14N)
        root = signer.sign(_tree(etree, data), key=private, cert=[public])
    except (ValueError, TypeError, signxml.exceptions.SignXMLException) as error:
        raise InputError(f"cannot sign: {error}") from None
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def verify_alert(
    data: bytes,
    trusted: Sequence[bytes],
    *,
    now_ns: int | None = None,
    known: Collection[Reference] = (),
    max_bytes: int = MAX_BYTES,
) -> Alert:
    """Read a message and believe it only if one of the trusted signed all of it.

    Parameters
    ----------
    data : bytes
        A signed message.
    trusted : sequence of bytes
        Certificates of the senders one listens to, PEM. What certificate the message brings along counts for nothing.
    now_ns : int or None
        Time of receipt, ns UTC: refuses messages that have expired and certificates out of their time.
    known : collection of Reference
        Messages received before: refuses one that comes again.
    max_bytes : int
        A longer message is refused unread.

    Returns
    -------
    Alert
        Read from the octets that the signature covers, and from nothing else.

    Raises
    ------
    MessageError
        ``unsigned``, ``signature``, ``certificate_time``, ``expired``, ``replayed``, or a reason of `read_alert`.
    InputError
        If signxml is not installed or a trusted certificate cannot be read.
    """
    signxml, etree = _libraries()
    if not parse_alert(parse_xml(data, max_bytes=max_bytes)).signed:
        raise MessageError("unsigned")
    signed = _covered(signxml, etree, data, trusted, now_ns)
    alert = dataclasses.replace(read_alert(signed, max_bytes=max_bytes), signed=True)
    if now_ns is not None and _expired(alert, now_ns):
        raise MessageError("expired", alert.identifier)
    if alert.reference in known:
        raise MessageError("replayed", alert.identifier)
    return alert


def _covered(signxml: Any, etree: Any, data: bytes, trusted: Sequence[bytes], now_ns: int | None) -> bytes:
    """The octets that one of the trusted signed."""
    methods = signxml.SignatureMethod
    config = signxml.SignatureConfiguration(
        require_x509=True,
        location="./",
        expect_references=1,
        signature_methods=frozenset(
            {methods.RSA_SHA256, methods.RSA_SHA384, methods.RSA_SHA512, methods.ECDSA_SHA256, methods.ECDSA_SHA384}
        ),
        digest_algorithms=frozenset({signxml.DigestAlgorithm.SHA256, signxml.DigestAlgorithm.SHA512}),
        ignore_ambiguous_key_info=True,
    )
    why = "no certificate is trusted"
    for pem in trusted:
        try:
            certificate = _certificate(pem)
        except ValueError as error:
            raise InputError(f"trusted certificate cannot be read: {error}") from None
        try:
            # a time at which the certificate holds: no clock is read here, and `now_ns` is looked at below
            now = dataclasses.replace(config, verification_time=certificate.not_valid_before_utc)
            found = signxml.XMLVerifier().verify(_tree(etree, data), x509_cert=certificate, expect_config=now)
        except Exception as error:  # whatever they make of hostile input: not signed
            why = f"{type(error).__name__}: {error}"
            continue
        if found.signed_xml is None or etree.QName(found.signed_xml).localname != "alert":
            raise MessageError("signature", "it covers something other than the alert")
        if now_ns is not None and not _in_time(certificate, now_ns):
            raise MessageError("certificate_time", str(certificate.subject.rfc4514_string()))
        return bytes(found.signed_data)
    raise MessageError("signature", why[:200])


def _expired(alert: Alert, now_ns: int) -> bool:
    """Whether nothing in it holds any more."""
    ends = [info.expires_ns for info in alert.info]
    return bool(ends) and all(end is not None and end <= now_ns for end in ends)


def _in_time(certificate: Any, now_ns: int) -> bool:
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    return bool(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc)


def _tree(etree: Any, data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)
    return etree.fromstring(data, parser)


def _certificate(pem: bytes) -> Any:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem)


def _private(pem: bytes, passphrase: bytes | None) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Any = load_pem_private_key(pem, passphrase)
    if _is_rsa(key) and key.key_size < 2048:
        raise ValueError(f"an RSA key of {key.key_size} bits; expected 2048 or more")
    return key


def _is_rsa(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    return isinstance(key, RSAPrivateKey)


def _libraries() -> tuple[Any, Any]:
    try:
        import signxml.exceptions
        from lxml import etree
    except ImportError:
        raise InputError("signatures need signxml: pip install 'rampart[sign]'") from None
    return signxml, etree
