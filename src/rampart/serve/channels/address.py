"""Address: where a channel goes, and by what it proves itself; secrets come from a file or the environment, never from
the site file, and stand in no message.
"""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AfterValidator

from rampart.errors import InputError

LONGEST_SECRET, LONGEST_URL = 4096, 2000
_HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def read_address(text: str, ports: dict[str, int], *, path: bool = False) -> Address:
    """Take a URL apart.

    Parameters
    ----------
    text : str
        As in the site file.
    ports : dict
        Scheme -> port where the URL has none.
    path : bool
        Whether it may have a path and a query.

    Raises
    ------
    ValueError
        Saying what was expected.

    Examples
    --------
    >>> read_address("mqtts://broker.example", {"mqtt": 1883, "mqtts": 8883})
    Address(scheme='mqtts', host='broker.example', port=8883, path='')
    """
    schemes = " or ".join(f"{scheme}://HOST[:PORT]" for scheme in ports)
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        raise ValueError(f"expected {schemes}") from None
    if url.scheme not in ports or not host or not _HOST.fullmatch(host) or port == 0 or not text.isprintable():
        raise ValueError(f"expected {schemes}")
    if url.username is not None or url.password is not None:
        raise ValueError("expected no user or password here: they have keys of their own")
    rest = url.path + (f"?{url.query}" if url.query else "")
    if url.fragment or " " in text or (not path and rest not in ("", "/")):
        raise ValueError(f"expected {schemes} and nothing behind it")
    return Address(url.scheme, host, port or ports[url.scheme], (rest or "/") if path else "")


def url_of(ports: dict[str, int], *, path: bool = False) -> AfterValidator:
    """What holds a key to a URL of these schemes."""

    def check(text: str) -> str:
        if len(text) > LONGEST_URL:
            raise ValueError(f"expected at most {LONGEST_URL} characters")
        read_address(text, ports, path=path)
        return text

    return AfterValidator(check)


def read_secret(file: str | None, variable: str | None, folder: Path, what: str) -> str | None:
    """A secret from a file (its first line) or an environment variable; None where neither is named.

    Raises
    ------
    InputError
        If it is not there; the message never holds it.
    """
    if file is not None and variable is not None:
        raise InputError(f"{what}: a file and an environment variable are given, expected one of them")
    if variable is not None:
        value = os.environ.get(variable)
        if not value:
            raise InputError(f"{what}: the environment has no {variable}")
        return value
    if file is None:
        return None
    lines = _read(folder / file, what)[:LONGEST_SECRET].decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].strip():
        raise InputError(f"{what}: is empty", path=folder / file)
    return lines[0].strip()


def read_octets(file: str, folder: Path, what: str) -> bytes:
    """A file that a site file names.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    return _read(folder / file, what)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{what}: cannot be read: {error.strerror}", path=path) from None


def tls_client(
    folder: Path, what: str, *, ca: str | None = None, certificate: str | None = None, key: str | None = None
) -> ssl.SSLContext:
    """A context that believes the given authority, or those of the system, and checks names: TLS 1.2 or later.

    Raises
    ------
    InputError
        If a file cannot be read or is no certificate or key.
    """
    if key is not None and certificate is None:
        raise InputError(f"{what}: key_file needs certificate_file")
    for file in (ca, certificate, key):
        if file is not None:
            _read(folder / file, what)
    try:
        context = ssl.create_default_context(cafile=str(folder / ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate is not None:
            context.load_cert_chain(folder / certificate, folder / key if key else None, password=_no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        raise InputError(f"{what}: no good certificate or key: {error}") from None
    return context


def _no_passphrase() -> str:
    raise ValueError("the key is encrypted, expected one without a passphrase")
