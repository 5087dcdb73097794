"""Every route and every role, from the route table."""

import pytest
from fastapi.routing import APIRoute

from rampart.serve.web import api
from rampart.serve.web.roles import Role

OPEN = {
    ("GET", "/healthz"), ("POST", "/api/v1/session"), ("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/docs.css"),
    ("GET", "/"), ("GET", "/{name}"),
}  # fmt: skip
PATHS = {"{alarm:path}": "embassy/raid-1", "{name}": "base.pmtiles"}
BODIES = {
    "/api/v1/session": {"token": "rampart:x:y"},
    "/api/v1/decisions": {"site": "embassy", "what": "warn", "reason": "seen", "zones": ["north"]},
    "/api/v1/alarms/{alarm:path}/shelve": {"reason": "test", "seconds": 60.0},
    "/api/v1/mode": {"mode": "shadow", "reason": "test"},
}
QUERIES = {
    "/api/v1/cover": "?site=embassy",
    "/api/v1/timeline": "?site=embassy",
    "/api/v1/history": "?site=embassy&from_ms=0&to_ms=1",
}


def routes_of(app):
    found = []

    def walk(routes):
        for route in routes:
            if isinstance(route, APIRoute):
                found.extend((method, route.path) for method in route.methods)
            elif hasattr(route, "original_router"):
                walk(route.original_router.routes)
            elif hasattr(route, "routes"):
                walk(route.routes or [])

    walk(app.routes)
    return found


def ask(client, method, path, headers):
    url = path
    for name, value in PATHS.items():
        url = url.replace(name, value)
    body = {"json": BODIES[path]} if path in BODIES else {}
    return client.request(method, url + QUERIES.get(path, ""), headers=headers, **body)


def test_the_table_knows_every_route_and_nothing_else_is_open(app):
    found = set(routes_of(app))
    assert found == set(app.state.roles)
    assert {key for key, role in app.state.roles.items() if role is None} == OPEN
    assert len(found) > 20


@pytest.mark.parametrize("role", [None, *Role])
def test_who_may(client, as_role, role):
    for (method, path), needed in sorted(api.routes.roles.items()):
        status, place = ask(client, method, path, as_role(role)).status_code, (method, path)
        if place == ("POST", "/api/v1/session"):
            assert status == 401  # whoever asks: this token opens nothing
        elif needed is None or (role is not None and role >= needed):
            assert status not in (401, 403), place
            assert status < 500, place
        else:
            assert status == (401 if role is None else 403), place


def test_what_only_looks_never_changes(app):
    """A route that a viewer may use is a GET, or ends his own session."""
    changing = {key for key, role in app.state.roles.items() if key[0] != "GET" and role in (None, Role.VIEWER)}
    assert changing == {("POST", "/api/v1/session"), ("DELETE", "/api/v1/session")}
