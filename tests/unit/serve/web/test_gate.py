"""Accounts, sessions, origins: who comes in, and who does not."""

import json
import os

import pytest
from starlette.websockets import WebSocketDisconnect

from rampart.errors import InputError
from rampart.serve.web.accounts import Accounts
from rampart.serve.web.gate import FAILURES
from rampart.serve.web.roles import Role
from rampart.serve.web.server import WebSettings

BASE = "http://127.0.0.1:8080"
SOCKET = "ws://127.0.0.1:8080/ws"
DECISION = {"site": "embassy", "what": "warn", "reason": "seen", "zones": ["north"]}


def listen(socket):
    for _ in range(200):
        socket.receive_bytes()


def log_in(client, token):
    return client.post("/api/v1/session", json={"token": token}).json()["csrf"]


def test_accounts_live_in_a_file_that_only_their_owner_reads_and_hold_no_token(tmp_path):
    path, accounts = tmp_path / "users.json", Accounts()
    token = accounts.add("a.smith", Role.OPERATOR)
    accounts.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert token.rpartition(":")[2] not in path.read_text()
    again = Accounts.read(path)
    assert again.find(token).role is Role.OPERATOR
    assert again.find(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    os.chmod(path, 0o644)
    with pytest.raises(InputError, match="0600"):
        Accounts.read(path)


def test_there_is_nobody_by_default(tmp_path):
    assert len(Accounts.read(tmp_path / "none.json")) == 0
    assert Accounts().find("rampart:admin:admin") is None


@pytest.mark.parametrize(
    "text", ["", "{}", '{"accounts": [1]}', "[" * 5000, '{"accounts":[{"name":"a","role":"king"}]}']
)
def test_a_file_that_is_none_is_refused_in_a_line(tmp_path, text):
    path = tmp_path / "users.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InputError, match=r"users\.json"):
        Accounts.read(path)


@pytest.mark.parametrize("name", ["", "a b", "-x", "a" * 41, "a:b", "../x"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InputError):
        Accounts().add(name, Role.VIEWER)


def test_a_session_needs_its_csrf_token_for_changes(client, people, behind):
    csrf = log_in(client, people[1][Role.OPERATOR])
    assert client.get("/api/v1/tracks").status_code == 200
    assert client.post("/api/v1/decisions", json=DECISION).status_code == 403
    assert client.post("/api/v1/decisions", json=DECISION, headers={"x-rampart-csrf": "x"}).status_code == 403
    assert client.post("/api/v1/decisions", json=DECISION, headers={"x-rampart-csrf": csrf}).status_code == 200
    assert len(behind.decided) == 1
    assert behind.decided[0][1][0].who == "operator"


def test_the_cookie_is_kept_from_scripts_and_foreign_pages(client, people):
    answer = client.post("/api/v1/session", json={"token": people[1][Role.VIEWER]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_session_ends_with_its_account(client, app):
    accounts = app.state.gate.accounts
    token = accounts.add("temp", Role.ADMIN)
    log_in(client, token)
    assert client.get("/api/v1/session").json()["name"] == "temp"
    accounts.remove("temp")
    assert client.get("/api/v1/session").status_code == 401
    assert client.get("/api/v1/session", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_an_admin_ends_the_sessions_of_others(client, people, as_role):
    log_in(client, people[1][Role.VIEWER])
    client.delete("/api/v1/users/viewer/sessions", headers=as_role(Role.ADMIN))
    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8080"])
def test_pages_from_elsewhere_may_not_ask(client, as_role, origin):
    headers = {**as_role(Role.ADMIN), "origin": origin}
    assert client.get("/api/v1/tracks", headers=headers).status_code == 403
    with pytest.raises(Exception) as refused, client.websocket_connect(SOCKET, headers=headers):
        pass
    assert getattr(refused.value, "status_code", 403) == 403


def test_our_own_page_may(client, as_role):
    assert client.get("/api/v1/tracks", headers={**as_role(Role.VIEWER), "origin": BASE}).status_code == 200


def test_a_foreign_name_for_this_machine_is_refused(client, as_role):
    """A page that has its own name point here (DNS rebinding) gets nothing."""
    assert client.get("/healthz", headers={"host": "evil.example:8080"}).status_code == 421


def test_a_socket_needs_a_token_and_a_browser_its_origin(client, people, as_role):
    with pytest.raises(Exception), client.websocket_connect(SOCKET):  # noqa: B017
        pass
    with client.websocket_connect(SOCKET, headers=as_role(Role.VIEWER)) as socket:
        assert socket.receive_bytes()[:3] == b"RMP"
    log_in(client, people[1][Role.VIEWER])
    with pytest.raises(Exception), client.websocket_connect(SOCKET):  # noqa: B017
        pass
    with client.websocket_connect(SOCKET, headers={"origin": BASE}) as socket:
        assert socket.receive_bytes()[:3] == b"RMP"


def test_guessing_is_stopped_and_does_not_stop_others(client, as_role):
    codes = [
        client.get("/api/v1/tracks", headers={"authorization": f"Bearer rampart:viewer:{i}"}).status_code
        for i in range(FAILURES + 2)
    ]
    assert codes[:FAILURES] == [401] * FAILURES
    assert codes[FAILURES:] == [429, 429]


def test_too_much_is_refused_before_it_is_read(client, as_role):
    headers = {**as_role(Role.OPERATOR), "content-type": "application/json"}
    big = client.post("/api/v1/decisions", content=b"[" * 70_000, headers=headers)
    assert big.status_code == 413
    deep = client.post("/api/v1/decisions", content=b"[" * 60_000, headers=headers)
    assert deep.status_code in (400, 422)
    assert "Traceback" not in deep.text


def test_a_socket_that_says_too_much_is_cut_off(client, as_role):
    with client.websocket_connect(SOCKET, headers=as_role(Role.VIEWER)) as socket:
        for _ in range(200):
            socket.send_text('{"page":{"sound":true}}')
        with pytest.raises(WebSocketDisconnect):
            listen(socket)


@pytest.mark.parametrize("text", ["[]", "x", '{"rate_hz": "a"}', "[" * 5000])
def test_a_socket_that_talks_nonsense_is_cut_off(client, as_role, text):
    with client.websocket_connect(SOCKET, headers=as_role(Role.VIEWER)) as socket:
        socket.send_text(text)
        with pytest.raises(WebSocketDisconnect):
            listen(socket)


def test_a_public_address_needs_tls_and_accounts(people, tmp_path):
    with pytest.raises(InputError, match="TLS"):
        WebSettings(host="0.0.0.0").check(people[0])
    with pytest.raises(InputError, match="account"):
        WebSettings(host="0.0.0.0", certificate=tmp_path / "c", key=tmp_path / "k").check(Accounts())
    WebSettings(host="::1").check(Accounts())
    WebSettings(host="127.0.0.1").check(Accounts())


def test_answers_bind_the_browser(client):
    for path in ("/", "/healthz", "/docs", "/nothing", "/api/v1/tracks"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_no_secret_is_told(client, as_role, people):
    said = "".join(
        client.get(path, headers=as_role(Role.ADMIN)).text
        for path in ("/api/v1/users", "/metrics", "/api/v1/health", "/openapi.json")
    )
    for token in people[1].values():
        assert token.rpartition(":")[2] not in said
    assert "digest" not in json.dumps(client.get("/api/v1/users", headers=as_role(Role.ADMIN)).json())


def test_paths_lead_nowhere(client):
    for path in ("/../pyproject.toml", "/%2e%2e/users.json", "/..%2fusers.json", "/main.js%00", "/map/..%2fx"):
        assert client.get(path).status_code in (401, 404)


def test_an_account_is_made_listed_and_removed_at_the_command_line(tmp_path, capsys, monkeypatch):
    from rampart.cli import main as program

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["rampart", *arguments, "--users", str(tmp_path / "u.json"), "--json"])
        with pytest.raises(SystemExit) as done:
            program.main()
        out = capsys.readouterr()
        return done.value.code or 0, json.loads(out.out or "{}"), out.err

    code, made, _ = run("users", "add", "a.smith", "--role", "operator")
    assert code == 0
    assert Accounts.read(tmp_path / "u.json").find(made["token"]).role is Role.OPERATOR
    assert run("users", "list")[1]["users"] == [{"name": "a.smith", "role": "operator"}]
    for wrong in (("add", "b", "--role", "king"), ("add", "a b"), ("remove", "nobody")):
        code, _, err = run("users", *wrong)
        assert code == 2
        assert err.startswith("rampart: ")
        assert err.count("\n") == 1
    assert run("users", "remove", "a.smith")[0] == 0
    assert run("users", "list")[1]["users"] == []
