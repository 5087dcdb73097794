"""App: the web application - API, page, and the socket over which pictures and alarms go."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from rampart.errors import InputError, RunError

from . import api
from .access import Routes, address_of
from .client import Client
from .display import Display
from .gate import Gate, Person, RefusedError
from .incidents import Incidents, NoIncidents
from .pages import ABSENT, read_assets
from .reference import reference_page, stylesheet
from .roles import Role

SEND_S = 5.0  #: a display that takes nothing for so long is let go
MOST_BODY = 64 << 10
MESSAGES_S = 50  #: messages of one display per second; more is a fault or an attack
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self'; font-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def create_app(
    display: Display,
    gate: Gate,
    *,
    incidents: Incidents | None = None,
    map_files: dict[str, Path] | None = None,
    more: Sequence[Routes] = (),
) -> FastAPI:
    """The application of one display.

    Parameters
    ----------
    display : Display
        What is shown.
    gate : Gate
        Who may pass.
    incidents : Incidents or None
        Those of the ledger, if there is one.
    map_files : dict or None
        The user's own base map: ``base`` and ``terrain`` -> PMTiles file.
    more : sequence of Routes
        Routes of an exercise.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        del app
        running = asyncio.create_task(display.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    app = FastAPI(
        title="Rampart",
        version=_version(),
        description="Tracks, predictions, warnings and their alarms; what operators decide about them.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
    )
    app.state.display, app.state.gate, app.state.incidents = display, gate, incidents or NoIncidents()
    app.state.files = dict(map_files or {})
    app.state.map = sorted(app.state.files)
    app.state.assets = read_assets()
    app.state.roles = {}
    own = _own_routes()
    for routes in (api.routes, *more, own):
        app.include_router(routes.router)
        app.state.roles |= routes.roles
    app.add_api_websocket_route("/ws", _socket)
    _refusals(app)
    app.add_middleware(_Guard, gate=gate)
    return app


def _version() -> str:
    try:
        return version("rampart")
    except PackageNotFoundError:
        return "0"


def _refusals(app: FastAPI) -> None:
    """What goes wrong is said in one line of JSON."""

    async def refused(request: Request, error: Any) -> JSONResponse:
        del request
        headers = {"www-authenticate": "Bearer"} if error.status == 401 else None
        return JSONResponse({"error": error.reason}, error.status, headers)

    async def bad_input(request: Request, error: Any) -> JSONResponse:
        del request
        return JSONResponse({"error": str(error)}, 409 if isinstance(error, RunError) else 422)

    async def bad_form(request: Request, error: Any) -> JSONResponse:
        del request
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"error": f"{place}: {first['msg']}" if place else first["msg"]}, 422)

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(InputError, bad_input)
    app.add_exception_handler(RunError, bad_input)
    app.add_exception_handler(RequestValidationError, bad_form)


def _own_routes() -> Routes:
    """The page and what belongs to it. It holds no secret: who looks at it without a token sees an empty frame."""
    from fastapi import APIRouter

    routes = Routes(APIRouter())

    @routes.add("GET", "/openapi.json", None, include_in_schema=False)
    def openapi(request: Request) -> Response:
        return JSONResponse(request.app.openapi())

    @routes.add("GET", "/docs", None, include_in_schema=False)
    def docs(request: Request) -> Response:
        return HTMLResponse(reference_page(request.app.openapi()))

    @routes.add("GET", "/docs.css", None, include_in_schema=False)
    def style() -> Response:
        return PlainTextResponse(stylesheet(), media_type="text/css")

    @routes.add("GET", "/map/{name}", Role.VIEWER, include_in_schema=False)
    def map_file(request: Request, name: str) -> Response:
        path = request.app.state.files.get(name.removesuffix(".pmtiles"))
        return FileResponse(path, media_type="application/octet-stream") if path else _absent()

    @routes.add("GET", "/", None, include_in_schema=False)
    def index(request: Request) -> Response:
        return _send(request, "index.html") if request.app.state.assets else HTMLResponse(ABSENT)

    @routes.add("GET", "/{name}", None, include_in_schema=False)
    def asset(request: Request, name: str) -> Response:
        return _send(request, name)

    return routes


def _absent() -> Response:
    return JSONResponse({"error": "there is nothing of that name"}, 404)


def _send(request: Request, name: str) -> Response:
    asset = request.app.state.assets.get(name)
    if asset is None:
        return _absent()
    headers = {"etag": asset.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "content-encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)


class _Guard:
    """Before everything: whose page asks, and how much it sends. After everything: headers that bind the browser."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self._gate.check_site(headers, scope["scheme"])
            length = headers.get("content-length", "0")
            if scope["method"] not in ("GET", "HEAD") and (
                "transfer-encoding" in headers or not length.isdigit() or int(length) > MOST_BODY
            ):
                raise RefusedError(413, f"expected a body of at most {MOST_BODY} octets, with its length")
        except RefusedError as refusal:
            await JSONResponse({"error": refusal.reason}, refusal.status, dict(HEADERS))(scope, receive, send)
            return

        async def bound(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there),
                ]
            await send(message)

        await self._app(scope, receive, bound)


async def _socket(socket: WebSocket) -> None:
    """``/ws``: a snapshot, then what changes. The page may say how often it wants pictures, and if it can be heard."""
    display: Display = socket.app.state.display
    gate: Gate = socket.app.state.gate
    person = await _admit(socket, gate)
    if person is None:
        return
    client = Client(person, time.monotonic)
    try:
        display.join(client)
    except InputError as error:
        await socket.close(1013, str(error))
        return
    await socket.accept()
    hearing = asyncio.create_task(_hear(socket, client))
    try:
        await _talk(socket, client, display)
        with suppress(Exception):
            await asyncio.wait_for(socket.close(1013, client.cut), 1.0)
    except (TimeoutError, WebSocketDisconnect, OSError, RuntimeError) as error:
        if isinstance(error, TimeoutError):
            client.cut_off("took nothing")
    finally:
        display.leave(client)
        hearing.cancel()
        if client.cut:
            _drop(socket)


async def _admit(socket: WebSocket, gate: Gate) -> Person | None:
    """Who it is; a refusal is sent as an HTTP answer to the handshake."""
    try:
        gate.check_site(socket.headers, socket.url.scheme)
        person = gate.person(socket.headers, socket.cookies, address_of(socket), changes=False)
        if person is None:
            raise RefusedError(401, "a token is needed")
        if "origin" not in socket.headers and person.csrf:
            raise RefusedError(403, "a browser says where its page is from")
    except RefusedError as refusal:
        await socket.send_denial_response(JSONResponse({"error": refusal.reason}, refusal.status))
        return None
    return person


async def _talk(socket: WebSocket, client: Client, display: Display) -> None:
    while True:
        waiting = await client.take(display.snapshot)
        if client.cut:
            return
        for octets in waiting:
            async with asyncio.timeout(SEND_S):
                await socket.send_bytes(octets)


async def _hear(socket: WebSocket, client: Client) -> None:
    """What the page says of itself."""
    began_s, count = time.monotonic(), 0
    while True:
        try:
            text = await socket.receive_text()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            client.cut_off("gone")
            return
        if time.monotonic() - began_s > 1.0:
            began_s, count = time.monotonic(), 0
        count += 1
        if count > MESSAGES_S or len(text) > MOST_BODY:
            client.cut_off("said too much")
            return
        try:
            said = json.loads(text)
            page, rate_hz = said.get("page", client.page), float(said.get("rate_hz", client.rate_hz))
        except (ValueError, TypeError, AttributeError, RecursionError):
            client.cut_off("said what is no JSON object")
            return
        client.page = {"sound": bool(page.get("sound"))} if isinstance(page, dict) else {}
        client.rate_hz = min(rate_hz, display_rate(socket)) if rate_hz >= 0.1 else 0.0
        if client.rate_hz >= display_rate(socket):
            client.rate_hz = 0.0


def display_rate(socket: WebSocket) -> float:
    """Pictures per second that the display makes."""
    return float(socket.app.state.display.rate_hz)


def _drop(socket: WebSocket) -> None:
    """Throw away what a stalled client's connection still holds."""
    transport = getattr(getattr(socket, "_send", None), "__self__", None)
    inner = getattr(transport, "transport", None)
    if inner is not None:
        inner.abort()
