"""API: the routes under ``/api/v1``, ``/healthz`` and ``/metrics``."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from rampart.errors import InputError
from rampart.records import DecisionKind, Phase, Site, decide, track_name, warning_name

from .access import Routes, address_of, person_of
from .display import Display, peer_entry
from .gate import COOKIE, SESSION_S, Gate
from .incidents import Incidents
from .metrics import MEDIA_TYPE, metrics_text
from .roles import Role
from .rows import prediction_rows, track_rows

routes = Routes(APIRouter())
Site_ = Annotated[str | None, Query(description="Only this site.", max_length=64)]


class Body(BaseModel):
    """What a request may say; anything else is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TokenBody(Body):
    """A token, to be exchanged for a session."""

    token: Annotated[str, Field(max_length=200, description="As 'rampart users add' printed it.")]


class DecisionBody(Body):
    """What an operator decides."""

    site: Annotated[str, Field(max_length=64, description="Id of the site.")]
    what: Annotated[
        Literal["warn", "hold", "cancel", "approve", "release", "silence"], Field(description="What is decided.")
    ]
    reason: Annotated[str, Field(max_length=500, description="Why, in words; never empty.")]
    zones: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(max_length=2000, description="Ids of the zones; none for approve."),
    ] = []
    phase: Annotated[Literal["prepare", "shelter"], Field(description="Of a warn.")] = "shelter"
    minutes: Annotated[
        float, Field(ge=0, le=1440, description="When it ends by itself; 0 leaves that to the policy.")
    ] = 0.0
    warning: Annotated[
        int, Field(ge=0, description="Of an approve: number of the warning; of a silence: of the one that is meant.")
    ] = 0
    channel: Annotated[str, Field(max_length=64, description="Of an approve: id of the channel; '' for all.")] = ""


class ShelveBody(Body):
    """Why an alarm is put aside, and for how long."""

    reason: Annotated[str, Field(max_length=500, description="Why, in words.")]
    seconds: Annotated[float, Field(ge=1, le=3600, description="For how long.")]


class ModeBody(Body):
    """A change of mode."""

    mode: Annotated[Literal["shadow", "actual"], Field(description="The mode wanted.")]
    reason: Annotated[str, Field(max_length=500, description="Why, in words.")]


def _display(request: Request) -> Display:
    return request.app.state.display


def _gate(request: Request) -> Gate:
    return request.app.state.gate


def _chosen(display: Display, site: str | None) -> list[str]:
    if site is None:
        return list(display.pictures)
    if site not in display.pictures:
        raise InputError(f"site {site!r}: expected one of {', '.join(display.pictures)}")
    return [site]


def _site(display: Display, name: str) -> Site:
    return display.pictures[_chosen(display, name)[0]].site


@routes.add("GET", "/healthz", None)
def healthz(request: Request) -> JSONResponse:
    """Whether the service is well, and how each sensor stands. 200 also while degraded: the service itself answers."""
    display = _display(request)
    with display.lock:
        parts = {
            (name, part): entry["state"]
            for name, picture in display.pictures.items()
            for part, entry in picture.health.items()
        }
    alone = len(display.pictures) == 1
    sensors = {
        part.removeprefix("sensor/") if alone else f"{name}/{part.removeprefix('sensor/')}": state
        for (name, part), state in parts.items()
        if part.startswith("sensor/")
    }
    well = all(state == "ok" for state in parts.values()) and not any(p.dead for p in display.behind.peers())
    late = any(not p.now_ns or display.behind.clock() - p.now_ns > 3_000_000_000 for p in display.pictures.values())
    status = "ok" if well and not late else "degraded"
    return JSONResponse({"status": status, "mode": str(display.behind.mode), "sensors": sensors})


@routes.add("GET", "/metrics", Role.VIEWER)
def metrics(request: Request) -> PlainTextResponse:
    """Running figures for Prometheus."""
    return PlainTextResponse(metrics_text(_display(request), _gate(request)), media_type=MEDIA_TYPE)


@routes.add("POST", "/api/v1/session", None)
def log_in(request: Request, body: TokenBody) -> JSONResponse:
    """Exchange a token for a session of a browser. Changes must then carry `csrf` in the header X-Rampart-CSRF."""
    cookie, person = _gate(request).open_session(body.token, address_of(request))
    answer = JSONResponse({"name": person.name, "role": person.role.label, "csrf": person.csrf})
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie, max_age=int(SESSION_S), httponly=True, samesite="strict", secure=secure)
    return answer


@routes.add("GET", "/api/v1/session", Role.VIEWER)
def who(request: Request) -> dict[str, str]:
    """Who asks, with what role."""
    person = person_of(request)
    return {"name": person.name, "role": person.role.label, "csrf": person.csrf}


@routes.add("DELETE", "/api/v1/session", Role.VIEWER)
def log_out(request: Request) -> JSONResponse:
    """End the session."""
    _gate(request).close_session(request.cookies.get(COOKIE, ""))
    answer = JSONResponse({"name": None})
    answer.delete_cookie(COOKIE)
    return answer


@routes.add("GET", "/api/v1/sites", Role.VIEWER)
def sites(request: Request) -> dict[str, Any]:
    """What does not move: zones, sensors and what they cover."""
    display = _display(request)
    return {"schema": 1, "mode": str(display.behind.mode), "sites": display.sites, "map": request.app.state.map}


@routes.add("GET", "/api/v1/cover", Role.VIEWER)
def cover(
    request: Request, site: Annotated[str, Query(description="Id of the site.", max_length=64)]
) -> dict[str, Any]:
    """What each sensor saw of the confirmed tracks that it looked at since the start, by azimuth and distance."""
    display = _display(request)
    return {"schema": 1, "site": site, "sensors": display.behind.observed_cover(_chosen(display, site)[0])}


@routes.add("GET", "/api/v1/tracks", Role.VIEWER)
def tracks(request: Request, site: Site_ = None) -> dict[str, Any]:
    """Tracks that are shown, as of the latest step."""
    display = _display(request)
    return {"schema": 1, "tracks": [row for s in _chosen(display, site) for row in track_rows(display.pictures[s])]}


@routes.add("GET", "/api/v1/predictions", Role.VIEWER)
def predictions(request: Request, site: Site_ = None) -> dict[str, Any]:
    """Where and when tracks come down or what they can reach, as of the latest step."""
    display = _display(request)
    rows = [row for s in _chosen(display, site) for row in prediction_rows(display.pictures[s])]
    return {"schema": 1, "predictions": rows}


@routes.add("GET", "/api/v1/warnings", Role.VIEWER)
def warnings(request: Request, site: Site_ = None) -> dict[str, Any]:
    """Warnings that are open, and those that ended in the last minutes; and how every zone stands."""
    display, found, zones = _display(request), [], []
    with display.lock:
        for s in _chosen(display, site):
            picture = display.pictures[s]
            found += [
                {**w, "site": s, "id": warning_name(s, w["warning"]), "tracks": [track_name(s, t) for t in w["tracks"]]}
                for w in picture.warnings.values()
            ]
            zones += [{**z, "site": s} for z in picture.zones.values()]
    return {"schema": 1, "warnings": found, "zones": zones}


@routes.add("GET", "/api/v1/health", Role.VIEWER)
def health(request: Request) -> dict[str, Any]:
    """How every part stands: sensors, chains, journal, peers; and who looks."""
    display = _display(request)
    with display.lock:
        parts = [
            {**entry, "site": name} for name, picture in display.pictures.items() for entry in picture.health.values()
        ]
    return {
        "schema": 1,
        "mode": str(display.behind.mode),
        "parts": parts,
        "peers": [peer_entry(peer) for peer in display.behind.peers()],
        "operators": display.operators(),
    }


@routes.add("GET", "/api/v1/incidents", Role.VIEWER)
def incidents(request: Request) -> dict[str, Any]:
    """Incidents of the ledger, newest first; none where there is no ledger."""
    known: Incidents = request.app.state.incidents
    return {"schema": 1, "incidents": known.rows()}


@routes.add("GET", "/api/v1/calibration", Role.VIEWER)
def calibration(request: Request) -> dict[str, Any]:
    """Predicted impacts against those found later, real and simulated apart; empty where there is no ledger."""
    known: Incidents = request.app.state.incidents
    return {"schema": 1, **known.calibration()}


@routes.add("GET", "/api/v1/alarms", Role.VIEWER)
def alarms(request: Request) -> dict[str, Any]:
    """Alarms that stand, their latest transitions, and how alarms come and are answered."""
    display = _display(request)
    with display.lock:
        board = display.board
        return {
            "schema": 1,
            "alarms": board.entries(),
            "log": [transition.entry() for transition in list(board.log)[-500:]],
            "figures": board.figures(display.behind.clock()),
        }


@routes.add("POST", "/api/v1/alarms/{alarm:path}/acknowledge", Role.OPERATOR)
def acknowledge(request: Request, alarm: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
    """Say that one knows of an alarm. It silences; it ends nothing."""
    return _display(request).acknowledge(alarm, person_of(request).name)


@routes.add("POST", "/api/v1/alarms/{alarm:path}/shelve", Role.OPERATOR)
def shelve(request: Request, body: ShelveBody, alarm: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
    """Put an alarm aside for a while. A critical one cannot be."""
    return _display(request).shelve(alarm, person_of(request).name, body.reason, body.seconds)


@routes.add("POST", "/api/v1/decisions", Role.OPERATOR)
def take_decision(request: Request, body: DecisionBody) -> dict[str, Any]:
    """Decide about warnings: warn zones, hold them, release, cancel, or approve a warning where two must agree."""
    display, person = _display(request), person_of(request)
    site = _site(display, body.site)
    now_ns = display.behind.clock()
    decision = decide(
        site,
        1,  # the service numbers them as it takes them
        now_ns,
        DecisionKind[body.what.upper()],
        person.name,
        body.reason,
        zones=body.zones,
        phase=Phase[body.phase.upper()],
        until_ns=now_ns + round(body.minutes * 60e9) if body.minutes else 0,
        warning=body.warning,
        channel=body.channel,
    )
    display.behind.decide(body.site, decision)
    return {"schema": 1, "site": body.site, "what": body.what, "who": person.name, "time_ns": now_ns}


@routes.add("GET", "/api/v1/checks", Role.VIEWER)
def checks(request: Request) -> dict[str, Any]:
    """What must hold before warnings are meant, and whether it does."""
    found: list[Any] = getattr(_display(request).behind, "checks", list)()
    return {"schema": 1, "checks": [{"name": c.name, "passed": c.passed, "text": c.text} for c in found]}


@routes.add("POST", "/api/v1/mode", Role.ADMIN)
def change_mode(request: Request, body: ModeBody) -> dict[str, Any]:
    """Go from shadow to actual or back: a named person's act, refused while a check is red."""
    behind: Any = _display(request).behind
    go = getattr(behind, "go", None)
    if go is None:
        raise InputError(f"the mode {behind.mode} cannot be changed")
    go(type(behind.mode)(body.mode), person_of(request).name, body.reason)
    return {"schema": 1, "mode": str(behind.mode)}


@routes.add("GET", "/api/v1/timeline", Role.VIEWER)
def timeline(request: Request, site: Annotated[str, Query(max_length=64)]) -> dict[str, Any]:
    """How far one can look back, and what happened since."""
    display = _display(request)
    _chosen(display, site)
    history = display.history[site]
    from_ms, to_ms = history.span()
    return {"schema": 1, "site": site, "from_ms": from_ms, "to_ms": to_ms, "events": history.events()}


@routes.add("GET", "/api/v1/history", Role.VIEWER)
def history(
    request: Request,
    site: Annotated[str, Query(max_length=64)],
    from_ms: Annotated[float, Query(description="ms UTC; the answer begins with the last snapshot before it.")],
    to_ms: Annotated[float, Query(description="ms UTC; at most two minutes later.")],
) -> Response:
    """Frames that were sent, each with its length in front (uint32, little-endian)."""
    display = _display(request)
    _chosen(display, site)
    return Response(display.history[site].between(from_ms, to_ms), media_type="application/octet-stream")


@routes.add("GET", "/api/v1/users", Role.ADMIN)
def users(request: Request) -> dict[str, Any]:
    """Who has an account. Tokens are made at the command line only."""
    accounts = _gate(request).accounts.sorted()
    return {"schema": 1, "users": [{"name": a.name, "role": a.role.label} for a in accounts]}


@routes.add("DELETE", "/api/v1/users/{name}/sessions", Role.ADMIN)
def end_sessions(request: Request, name: Annotated[str, Path(max_length=64)]) -> dict[str, Any]:
    """End all sessions of somebody."""
    return {"schema": 1, "ended": _gate(request).close_sessions_of(name)}
