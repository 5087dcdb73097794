"""Server-sent events beside curl and Chromium, and listeners that are slow, nosy or not allowed."""

import http.client
import json
import socket
import subprocess
import time
from contextlib import suppress
from urllib.parse import quote

import pytest

from rampart.records import Phase
from rampart.serve.channels.sse import SseSpec
from rampart.serve.delivery import PeerState

from .deliveries import certificates, delivering, free_port, step, until, warning  # noqa: F401

pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("starlette", reason="starlette is not installed")


def spec(**keys):
    return SseSpec(id="page", kind="sse", **{"port": free_port(), "languages": ["en"], **keys})


def up(dispatcher):
    until(lambda: dispatcher.health()[0].state == PeerState.UP)


def events(text):
    """The events of a stream: (id, name, object)."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields and block.count("\n") >= 1:
            with suppress(ValueError):  # the last one may be cut off
                found.append((fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"])))
    return found


class Curl:
    """curl -N, its output in a file."""

    def __init__(self, program, folder, url, *arguments):
        self.file = folder / f"curl-{time.monotonic_ns()}.txt"
        with self.file.open("wb") as out:
            self.process = subprocess.Popen([program, "-sSN", *arguments, url], stdout=out, stderr=subprocess.STDOUT)

    def events(self, name=""):
        return [e for e in events(self.file.read_text(encoding="utf-8")) if name in e[1]]

    def end(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def curl(require_service, tmp_path):
    program = require_service("curl")
    clients = []

    def make(peer, *arguments, scheme="http"):
        clients.append(Curl(program, tmp_path, f"{scheme}://127.0.0.1:{peer.port}/events", *arguments))
        return clients[-1]

    yield make
    for client in clients:
        client.end()


@pytest.mark.counterparty
def test_curl_hears_a_warning_its_zone_and_how_the_service_stands(curl):
    peer = spec()
    with delivering(peer) as dispatcher:
        up(dispatcher)
        client = curl(peer)
        until(lambda: client.events("snapshot"))
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: client.events("exercise-zone") and client.events("exercise-status"))
        late = curl(peer)
        until(lambda: late.events("snapshot"))
    (_, _, said) = client.events("exercise-warning")[0]
    assert (said["id"], said["phase"], said["status"]) == ("embassy/W1", "shelter", "exercise")
    ((_, _, snapshot),) = late.events("snapshot")
    assert [(item["type"], item["state"]) for item in snapshot["items"]] == [("zone", "shelter")]
    until(lambda: client.process.poll() is not None)  # the service has stopped, and the stream with it
    assert client.events("exercise-status")[-1][2]["state"] == "stopped"


@pytest.mark.counterparty
def test_who_comes_back_gets_what_it_missed_and_nothing_twice(curl):
    peer = spec()
    with delivering(peer) as dispatcher:
        up(dispatcher)
        client = curl(peer)
        until(lambda: client.events("snapshot"))
        dispatcher.tell("embassy", step(warning(1, 0, phase=Phase.PREPARE)))
        until(lambda: len(client.events("exercise-zone")) == 1)
        client.end()
        last_id = [e[0] for e in client.events() if e[0]][-1]
        dispatcher.tell("embassy", step(warning(1, 1)))
        dispatcher.tell("embassy", step(warning(2, 0, 1)))
        until(lambda: dispatcher.health()[0].counts["sent"] == 6)
        again = curl(peer, "-H", f"Last-Event-ID: {last_id}")
        until(lambda: len(again.events("exercise-zone")) == 2)
        assert [e[2]["id"] for e in again.events("exercise-warning")] == ["embassy/W1", "embassy/W2"]
        assert not again.events("snapshot")
        stranger = curl(peer, "-H", "Last-Event-ID: other-3")
        until(lambda: stranger.events("snapshot"))
        bent = curl(peer, "-H", "Last-Event-ID: s1-99999999999999999999999999")
        until(lambda: bent.events("snapshot"))


PAGE = """<!doctype html><meta charset="utf-8"><title>listening</title><ul id="list"></ul><script>
const source = new EventSource("{url}");
for (const name of ["snapshot", "exercise-warning", "exercise-zone"])
  source.addEventListener(name, event => {{
    const said = JSON.parse(event.data), row = document.createElement("li");
    row.textContent = name + " " + (said.items ? said.items.length : said.id || said.state);
    document.getElementById("list").append(row);
    if (name === "exercise-zone") {{ source.close(); document.title = "heard"; }}
  }});
</script>"""


@pytest.mark.counterparty
def test_a_page_in_chromium_hears_it(require_service, tmp_path):
    chromium = require_service("chromium")
    server = _page_server()
    page = f"http://127.0.0.1:{server.server_address[1]}"
    peer = spec(origins=[page])
    server.page = PAGE.format(url=f"http://127.0.0.1:{peer.port}/events").encode()
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=20000", "--dump-dom", page]
    try:
        with delivering(peer) as dispatcher:
            up(dispatcher)
            browser = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            until(lambda: _listeners(dispatcher), 60.0)
            dispatcher.tell("embassy", step(warning(1)))
            document, _ = browser.communicate(timeout=90)
    finally:
        server.shutdown()
        server.server_close()
    assert "<li>snapshot 0</li>" in document
    assert "<li>exercise-warning embassy/W1</li>" in document
    assert "<li>exercise-zone shelter</li>" in document


def _listeners(dispatcher):
    return len(dispatcher.outs[0].channel.hub.listeners)


def _page_server():
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.server.page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.counterparty
def test_a_slow_listener_is_cut_off_and_nobody_else(curl):
    peer = spec(client_kib=256)
    with delivering(peer) as dispatcher:
        up(dispatcher)
        client = curl(peer)
        until(lambda: client.events("snapshot"))
        with socket.create_connection(("127.0.0.1", peer.port)) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            until(lambda: _listeners(dispatcher) == 2)
            sent = 0
            while _listeners(dispatcher) == 2 and sent < 20_000:
                for _ in range(4):
                    sent += 1
                    dispatcher.tell("embassy", step(warning(sent, reason="x" * 20_000)))
                until(lambda want=sent: dispatcher.health()[0].counts.get("sent", 0) >= want)
            assert _listeners(dispatcher) == 1
            slow.settimeout(20)
            with pytest.raises(ConnectionResetError):  # what it has not read is thrown away
                until(lambda: not slow.recv(1 << 20))
        numbers = [int(e[2]["id"].rpartition("W")[2]) for e in until(lambda: _all(client, sent))]
        assert numbers == list(range(1, sent + 1))


def _all(client, sent):
    heard = client.events("exercise-warning")
    return heard if len(heard) == sent else None


def ask(peer, path="/events", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=10)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def test_pages_of_others_may_not_listen():
    peer = spec()
    with delivering(peer) as dispatcher:
        up(dispatcher)
        assert ask(peer) == 200
        assert ask(peer, Origin=f"http://127.0.0.1:{peer.port}") == 200
        assert ask(peer, Origin="http://evil.example") == 403
        assert ask(peer, Origin="null") == 403
        assert ask(peer, Host="evil.example") == 421
        assert ask(peer, "/healthz") == 200
        assert ask(peer, "/other") == 404


def test_a_token_is_asked_for(tmp_path):
    (tmp_path / "token").write_text("canary/9a+\n")
    peer = spec(token_file="token")
    with delivering(peer, folder=tmp_path) as dispatcher:
        up(dispatcher)
        assert ask(peer) == 401
        assert ask(peer, Authorization="Bearer wrong") == 401
        assert ask(peer, Authorization="Bearer canary/9a+") == 200
        assert ask(peer, f"/events?token={quote('canary/9a+')}") == 200


def test_only_so_many_may_listen():
    peer = spec(clients=1)
    with delivering(peer) as dispatcher:
        up(dispatcher)
        with socket.create_connection(("127.0.0.1", peer.port)) as first:
            first.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: _listeners(dispatcher) == 1)
            assert ask(peer) == 503
        until(lambda: _listeners(dispatcher) == 0)
        assert ask(peer) == 200


@pytest.mark.counterparty
def test_over_tls(curl, certificates):  # noqa: F811
    peer = spec(certificate_file="server.pem", key_file="server.key")
    with delivering(peer, folder=certificates) as dispatcher:
        up(dispatcher)
        client = curl(peer, "--cacert", str(certificates / "ca.pem"), scheme="https")
        until(lambda: client.events("snapshot"))


def test_a_port_that_is_taken_is_named_and_had_as_soon_as_it_is_free():
    with socket.create_server(("127.0.0.1", 0)) as other:
        peer = spec(port=other.getsockname()[1])
        with delivering(peer) as dispatcher:
            until(dispatcher.alarms)
            assert "cannot listen" in dispatcher.health()[0].reason
            other.close()
            up(dispatcher)


NO_REQUESTS = {
    "tls": b"\x16\x03\x01\x00\xa5",
    "no target": b"GET\r\n\r\n",
    "no version": b"GET /events HTTP/9.9\r\n\r\n",
    "endless": b"A" * 200_000,
    "post": b"POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("bytes_", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_bytes_that_are_no_request_harm_nobody(bytes_):
    peer = spec()
    with delivering(peer) as dispatcher:
        up(dispatcher)
        with socket.create_connection(("127.0.0.1", peer.port), timeout=10) as client:
            try:
                client.sendall(bytes_)
                answer = client.recv(4096)
            except OSError:
                answer = b""
        assert not answer.startswith(b"HTTP/1.1 200")
        assert ask(peer) == 200
