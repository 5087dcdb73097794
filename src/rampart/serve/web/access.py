"""Access: every route says who may use it, and one table knows them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

from .gate import Gate, Person, RefusedError
from .roles import Role

SAFE = ("GET", "HEAD")


def address_of(request: Any) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def _needs(role: Role) -> Callable[[Request], Person]:
    def check(request: Request) -> Person:
        gate: Gate = request.app.state.gate
        person = gate.person(request.headers, request.cookies, address_of(request), changes=request.method not in SAFE)
        if person is None:
            raise RefusedError(401, "a token is needed")
        if person.role < role:
            raise RefusedError(403, f"this needs the role {role.label}; {person.name} is a {person.role.label}")
        request.state.person = person
        return person

    return check


class Routes:
    """Routes with their roles.

    Parameters
    ----------
    router : fastapi.APIRouter
        Where they are entered.

    Notes
    -----
    A route cannot be entered without a word on who may use it: None means everybody, without a token.
    """

    def __init__(self, router: APIRouter) -> None:
        self.router = router
        self.roles: dict[tuple[str, str], Role | None] = {}

    def add(self, method: str, path: str, role: Role | None, **more: Any) -> Callable[[Any], Any]:
        """Enter the decorated function as a route."""

        def enter(function: Any) -> Any:
            self.roles[method, path] = role
            self.router.add_api_route(
                path,
                function,
                methods=[method],
                dependencies=[Depends(_needs(role))] if role is not None else [],
                openapi_extra={"x-role": role.label if role is not None else "open"},
                response_model=None,
                **more,
            )
            return function

        return enter


def person_of(request: Request) -> Person:
    """Who asks, once the route's role was checked."""
    person = getattr(request.state, "person", None)
    if person is None:
        raise HTTPException(500, "a route without a role asked who it is")
    return person
