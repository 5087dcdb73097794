"""Keys of seals: Ed25519 in PEM files, as ``openssl genpkey -algorithm ed25519`` makes them."""

import os
from pathlib import Path
from typing import Any

from rampart.errors import InputError


def library() -> Any:
    """The module of Ed25519 keys.

    Raises
    ------
    InputError
        If cryptography is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise InputError("seals need cryptography: pip install 'rampart[sign]'") from None
    return ed25519


def make_key(path: Path) -> Path:
    """Write a new private key for its owner's eyes, and the public one beside it; gives the latter's path.

    Raises
    ------
    InputError
        If a file is there already or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as form

    private = library().Ed25519PrivateKey.generate()
    secret = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(f"{path.name}.pub")
    for place, octets, mode in ((path, secret, 0o600), (beside, public, 0o644)):
        try:
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(octets)
        except FileExistsError:
            raise InputError("is there already; a key is never written over", path=place) from None
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", path=place) from None
    return beside


def load_private_key(path: Path) -> Any:
    """A private key from a PEM file.

    Raises
    ------
    InputError
        If it cannot be read or is no Ed25519 key without a password.
    """
    kind = library().Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return _load(path, kind, "a private Ed25519 key in PEM", lambda octets: load_pem_private_key(octets, None))


def load_public_key(path: Path) -> bytes:
    """The 32 octets of a public key from a PEM file; of a private one its public half.

    Raises
    ------
    InputError
        If it cannot be read or is no Ed25519 key.
    """
    ed25519 = library()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    def load(octets: bytes) -> Any:
        return load_pem_private_key(octets, None).public_key() if b"PRIVATE" in octets else load_pem_public_key(octets)

    key = _load(path, ed25519.Ed25519PublicKey, "a public Ed25519 key in PEM", load)
    return bytes(key.public_bytes_raw())


def _load(path: Path, kind: Any, expected: str, load: Any) -> Any:
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    try:
        key = load(octets)
    except TypeError:
        raise InputError(f"is locked by a password; expected {expected}, without one", path=path) from None
    except Exception:  # the library has its own errors for each way in which a file is no key
        raise InputError(f"is no key; expected {expected}", path=path) from None
    if not isinstance(key, kind):
        raise InputError(f"is a key of another kind; expected {expected}", path=path)
    return key
