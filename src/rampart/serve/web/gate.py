"""Gate: who a request comes from, and whether that may be. Tokens for programs, sessions for browsers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from .accounts import Account, Accounts
from .roles import Role

COOKIE = "rampart_session"
CSRF_HEADER = "x-rampart-csrf"
SESSION_S = 12 * 3600.0  #: a shift
KNOWN_S = 300.0  #: a token that was right is not hashed again for so long
MOST_SESSIONS = 1000
FAILURES, FAILURES_S = 10, 60.0  #: wrong tokens of one address before it must wait


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks."""

    name: str
    role: Role
    csrf: str = ""  #: what a change must carry; "" for a token, which no foreign page can send


@dataclass(slots=True)
class _Session:
    account: Account
    csrf: str
    until_s: float


class RefusedError(Exception):
    """A request that may not pass.

    Parameters
    ----------
    status : int
        HTTP status.
    reason : str
        One line for whoever asked.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def _mark(text: str) -> bytes:
    """What of a secret may be kept in memory."""
    return hashlib.sha256(text.encode()).digest()


class Gate:
    """Checks who may pass.

    Parameters
    ----------
    accounts : Accounts
        Who there is.
    origins : frozenset of str
        Origins of pages that may speak for their users besides those of our own address.
    hosts : frozenset of str
        Names by which we may be called, without port; empty: any. At an address of this machine only, a request that
        names another host was led here by a foreign page.
    """

    def __init__(
        self, accounts: Accounts, *, origins: frozenset[str] = frozenset(), hosts: frozenset[str] = frozenset()
    ) -> None:
        self.accounts, self._origins, self._hosts = accounts, origins, hosts
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._known: OrderedDict[bytes, tuple[Account, float]] = OrderedDict()
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self.refused = 0

    def check_site(self, headers: Mapping[str, str], scheme: str) -> None:
        """Refuse what names a foreign host, or comes from a page of a foreign origin.

        Raises
        ------
        RefusedError
            421 or 403.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._hosts and _bare(host) not in self._hosts:
            raise self._refusal(421, "no such host here")
        own = {f"{scheme}://{host}", f"{scheme.replace('ws', 'http')}://{host}"}
        if origin is not None and origin not in self._origins and origin not in own:
            raise self._refusal(403, "pages of this origin may not ask")

    def person(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], address: str, *, changes: bool
    ) -> Person | None:
        """Who asks; None if nobody says.

        Parameters
        ----------
        headers, cookies : mapping
            Of the request; names in lower case.
        address : str
            Where it comes from.
        changes : bool
            Whether it changes anything: a browser's session must then show its CSRF token.

        Raises
        ------
        RefusedError
            401 for a wrong token, 403 for a missing CSRF token, 429 for too many wrong tokens.
        """
        shown = headers.get("authorization", "")
        if shown:
            scheme, _, token = shown.partition(" ")
            account = self._by_token(token.strip(), address) if scheme.lower() == "bearer" else None
            if account is None:
                raise self._refusal(401, "this token opens nothing")
            return Person(account.name, account.role)
        session = self._session(cookies.get(COOKIE, ""))
        if session is None:
            return None
        if changes and not hmac.compare_digest(headers.get(CSRF_HEADER, "").encode(), session.csrf.encode()):
            raise self._refusal(403, f"a change needs the session's {CSRF_HEADER} header")
        return Person(session.account.name, session.account.role, session.csrf)

    def open_session(self, token: str, address: str) -> tuple[str, Person]:
        """Exchange a token for a session: what the cookie holds, and who it is.

        Raises
        ------
        RefusedError
            401 or 429.
        """
        account = self._by_token(token.strip(), address)
        if account is None:
            raise self._refusal(401, "this token opens nothing")
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._sessions[_mark(cookie)] = _Session(account, csrf, time.monotonic() + SESSION_S)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return cookie, Person(account.name, account.role, csrf)

    def close_session(self, cookie: str) -> None:
        """End a session; nothing happens if there is none."""
        self._sessions.pop(_mark(cookie), None)

    def close_sessions_of(self, name: str) -> int:
        """End all sessions of somebody; how many there were."""
        mine = [key for key, session in self._sessions.items() if session.account.name == name]
        for key in mine:
            del self._sessions[key]
        return len(mine)

    def _session(self, cookie: str) -> _Session | None:
        key = _mark(cookie)
        session = self._sessions.get(key)
        if session is None:
            return None
        if session.until_s < time.monotonic() or not self.accounts.has(session.account):
            del self._sessions[key]
            return None
        return session

    def _by_token(self, token: str, address: str) -> Account | None:
        now_s, key = time.monotonic(), _mark(token)
        known = self._known.get(key)
        if known is not None and known[1] > now_s and self.accounts.has(known[0]):
            return known[0]
        failures = [t for t in self._failures.get(address, []) if t > now_s - FAILURES_S]
        if len(failures) >= FAILURES:
            raise self._refusal(429, f"too many wrong tokens, try again in {FAILURES_S:.0f} s")
        account = self.accounts.find(token[:200])
        if account is None:
            self._failures[address] = [*failures, now_s]
            self._failures.move_to_end(address)
            if len(self._failures) > MOST_SESSIONS:
                self._failures.popitem(last=False)
            return None
        self._known[key] = account, now_s + KNOWN_S
        if len(self._known) > MOST_SESSIONS:
            self._known.popitem(last=False)
        return account

    def _refusal(self, status: int, reason: str) -> RefusedError:
        self.refused += 1
        return RefusedError(status, reason)


def _bare(host: str) -> str:
    """A host header without its port.

    >>> _bare("127.0.0.1:8080"), _bare("[::1]:80"), _bare("localhost")
    ('127.0.0.1', '[::1]', 'localhost')
    """
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
