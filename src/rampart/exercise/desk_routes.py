"""What a trainee may do beside what an operator may: simulated shots and announcements. Needs the extra ``live``."""

import threading
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import HTMLResponse, JSONResponse

from rampart.errors import InputError
from rampart.serve.web.access import Routes, person_of
from rampart.serve.web.api import Body
from rampart.serve.web.display import Display
from rampart.serve.web.roles import Role

from .debrief import Log
from .fire import FireDesk


class ShotBody(Body):
    """What to do about a track that simulated effectors might engage."""

    track: Annotated[int, Field(ge=1, description="Number of the track.")]
    act: Annotated[Literal["release", "withhold"], Field(description="Let it be engaged, or not.")]
    site: Annotated[str | None, Field(max_length=64, description="Its site, where there are several.")] = None


class AnnouncementBody(Body):
    """What is said to the base."""

    text: Annotated[str, Field(min_length=1, max_length=300, description="The words.")]


class Training:
    """What the display of an exercise is told beside the picture.

    Parameters
    ----------
    desks : dict
        By site.
    log : Log
        Where announcements go.
    start_ns : int
        Second 0.
    """

    def __init__(self, desks: dict[str, FireDesk], log: Log, start_ns: int) -> None:
        self.desks, self.log, self._start_ns = desks, log, start_ns
        self._lock = threading.Lock()
        self.report: dict[str, Any] | None = None
        self.page = ""

    def told(self) -> dict[str, Any]:
        """For the page."""
        return {
            "state": "running" if self.report is None else "ended",
            "shots": [entry for desk in self.desks.values() for entry in desk.entries()],
            "effectors": [stock for desk in self.desks.values() for stock in desk.stocks()],
            "debrief": "exercise/debrief" if self.page else "",
            "announcements": len(self.log.announcements),
        }

    def act(self, body: ShotBody, who: str, now_ns: int) -> str:
        """Release or withhold; gives the site."""
        site = body.site or self._site_of(body.track)
        if site not in self.desks:
            raise InputError(f"site {site!r}: expected one of {', '.join(self.desks)}")
        self.desks[site].act(body.track, body.act, who, now_ns)
        return site

    def _site_of(self, track: int) -> str:
        waiting = [s for s, d in self.desks.items() if track in d.proposals and d.proposals[track].state != "gone"]
        return waiting[0] if waiting else next(iter(self.desks))

    def announce(self, text: str, who: str, now_ns: int) -> dict[str, Any]:
        """Keep what was said."""
        row = {"at_s": round((now_ns - self._start_ns) * 1e-9, 2), "who": who, "text": " ".join(text.split())}
        with self._lock:
            self.log.announcements.append(row)
        return row

    def routes(self, display: Display) -> list[Routes]:
        """Routes of this exercise."""
        found = Routes(APIRouter())

        @found.add("GET", "/api/v1/exercise", Role.VIEWER)
        def state() -> dict[str, Any]:
            """Proposals, stocks and whether the raid goes on."""
            return {"schema": 1, **self.told()}

        @found.add("POST", "/api/v1/exercise/shots", Role.OPERATOR)
        def shoot(request: Request, body: ShotBody) -> dict[str, Any]:
            """Release a track to the simulated effectors, or withhold it from them."""
            site = self.act(body, person_of(request).name, display.behind.clock())
            display.extra["exercise"] = self.told()
            return {"schema": 1, "site": site, "track": body.track, "act": body.act}

        @found.add("POST", "/api/v1/exercise/announcements", Role.OPERATOR)
        def announce(request: Request, body: AnnouncementBody) -> dict[str, Any]:
            """Say something to the base. It is kept for the debrief; nothing leaves the process."""
            return self.announce(body.text, person_of(request).name, display.behind.clock())

        @found.add("GET", "/api/v1/exercise/debrief", Role.VIEWER)
        def report() -> Any:
            """The debrief, once the raid is over."""
            return JSONResponse(self.report or {"error": "the raid goes on"}, 200 if self.report else 409)

        @found.add("GET", "/exercise/debrief", Role.VIEWER, include_in_schema=False)
        def page() -> Any:
            if not self.page:
                return JSONResponse({"error": "the raid goes on"}, 409)
            policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
            return HTMLResponse(self.page, headers={"content-security-policy": policy})

        return [found]
