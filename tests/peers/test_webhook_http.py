"""Webhooks beside the HTTP server of the standard library, and servers that are none."""

import hashlib
import hmac
import http.server
import json
import socket
import ssl
import threading

import pytest

from rampart.records import Outcome, Phase
from rampart.serve.channels.webhook import WebhookSpec
from rampart.serve.delivery import PeerState

from .deliveries import certificates, delivering, free_port, step, until, warning  # noqa: F401

pytest.importorskip("h11", reason="h11 is not installed")
SECRET = "canary-5c1"


class Hook:
    """A server that keeps what it is sent and answers as it is told."""

    def __init__(self, port=0, tls=None, protocol="HTTP/1.1"):
        self.got, self.status, self.heads, self.failures = [], 204, 0, 0
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = protocol

            def do_HEAD(self):
                hook.heads += 1
                self.send_response(405)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.status
                if hook.failures:
                    hook.failures, status = hook.failures - 1, 503
                hook.got.append((status, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def taken(self):
        return [(headers, json.loads(body)) for status, headers, body in self.got if status < 300]

    def end(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def serve():
    hooks = []

    def make(*args, **options):
        hooks.append(Hook(*args, **options))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.end()


def spec(port, scheme="http", path="/hook?site=1", **keys):
    keys = {"languages": ["en"], "timeout_s": 1.0, "probe_s": 0.1, **keys}
    return WebhookSpec(id="hook", kind="webhook", url=f"{scheme}://127.0.0.1:{port}{path}", **keys)


def test_warnings_come_in_order_signed_and_each_under_its_own_key(serve, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    hook = serve()
    with delivering(spec(hook.port, secret_env="HOOK_SECRET")) as dispatcher:
        until(lambda: dispatcher.health()[0].state == PeerState.UP)
        dispatcher.tell("embassy", step(warning(1, 0, phase=Phase.PREPARE)))
        dispatcher.tell("embassy", step(warning(1, 1), warning(2, 0, 1)))
        until(lambda: len([1 for h, _ in hook.taken() if h["Rampart-Event"] == "exercise-warning"]) == 3)
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 3)
        assert dispatcher.deliveries().note.tolist() == ["HTTP 204"] * 3
        until(lambda: hook.heads > 2)
        assert dispatcher.health()[0].state == PeerState.UP  # 405 to HEAD is an answer
        assert SECRET not in f"{dispatcher.health()} {dispatcher.alarms_seen}"
    said = [body for headers, body in hook.taken() if headers["Rampart-Event"] == "exercise-warning"]
    assert [(s["id"], s["sequence"]) for s in said] == [("embassy/W1", 0), ("embassy/W1", 1), ("embassy/W2", 0)]
    assert len({headers["Idempotency-Key"] for headers, _ in hook.taken()}) == len(hook.taken())
    for _, headers, body in hook.got:
        expected = hmac.new(SECRET.encode(), headers["Rampart-Timestamp"].encode() + b"." + body, hashlib.sha256)
        assert headers["Rampart-Signature"] == f"v1={expected.hexdigest()}"
        assert headers["Content-Type"] == "application/json"


def test_what_fails_for_a_while_is_tried_again_under_the_same_key(serve):
    hook = serve()
    hook.failures = 2
    with delivering(spec(hook.port)) as dispatcher:
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED])
        keys = {headers["Idempotency-Key"] for _, headers, body in hook.got if b'"type":"warning"' in body}
        assert len(hook.got) >= 3
        assert len(keys) == 1
        until(lambda: not dispatcher.alarms())


def test_a_server_that_always_fails_is_one_alarm_not_many(serve):
    hook = serve()
    hook.status = 500
    with delivering(spec(hook.port)) as dispatcher:
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: len(hook.got) >= 4)
        assert [alarm.what for alarm in dispatcher.alarms_seen] == ["connection"]
        assert "HTTP 500" in dispatcher.health()[0].reason
        hook.status = 200
        until(lambda: dispatcher.health()[0].state == PeerState.UP)
        assert dispatcher.alarms_seen[-1].ended_ns


def test_a_message_that_is_called_bad_is_given_up_with_an_alarm(serve):
    hook = serve()
    hook.status = 422
    with delivering(spec(hook.port)) as dispatcher:
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.REFUSED])
        assert [alarm.what for alarm in dispatcher.alarms()] == ["refused"]
        assert dispatcher.health()[0].state == PeerState.UP


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_a_server_that_closes_after_each_answer_is_no_dead_one(serve, protocol):
    hook = serve(protocol=protocol)
    with delivering(spec(hook.port)) as dispatcher:
        for i in range(5):
            dispatcher.tell("embassy", step(warning(1 + i)))
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED] * 5)
        assert not dispatcher.alarms_seen


def test_a_redirect_is_not_followed(serve):
    hook = serve()
    hook.status = 307
    with delivering(spec(hook.port)) as dispatcher:
        dispatcher.tell("embassy", step(warning(1)))
        until(lambda: "HTTP 307" in dispatcher.health()[0].reason)


def test_gone_and_back_it_gets_what_holds_now(serve):
    port = free_port()
    with delivering(spec(port)) as dispatcher:
        dispatcher.tell("embassy", step(warning(1, 0, phase=Phase.PREPARE)))
        until(dispatcher.alarms)
        dispatcher.tell("embassy", step(warning(1, 1)))
        until(lambda: dispatcher.health()[0].queued == 3)
        hook = serve(port)
        until(lambda: len(hook.taken()) == 2)
        until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.SUPERSEDED, Outcome.ACKNOWLEDGED])
    assert [(body["type"], body["sequence"]) for _, body in hook.taken()] == [("warning", 1), ("zone", 1)]


@pytest.mark.parametrize(("server", "good"), [("server", True), ("stranger", False), ("elsewhere", False)])
def test_only_a_server_with_a_good_certificate_is_believed(serve, certificates, server, good):  # noqa: F811
    hook = serve(tls=(certificates / f"{server}.pem", certificates / f"{server}.key"))
    with delivering(spec(hook.port, "https", ca_file="ca.pem"), folder=certificates) as dispatcher:
        dispatcher.tell("embassy", step(warning(1)))
        if good:
            until(lambda: dispatcher.deliveries().outcome.tolist() == [Outcome.ACKNOWLEDGED])
        else:
            until(dispatcher.alarms)
            assert "ertificate" in dispatcher.health()[0].reason
            assert not hook.got


ANSWERS = {
    "closes": b"",
    "zeroes": b"\x00" * 40_000,
    "too much": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000,
    "another protocol": b"SSH-2.0-x\r\n",
    "says nothing": None,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_does_not_speak_http_is_named(answer):
    listening = socket.create_server(("127.0.0.1", 0))
    open_ones = []

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
                connection.recv(65_536)
                if answer is None:
                    open_ones.append(connection)
                    continue
                connection.sendall(answer)
                connection.close()
            except OSError:
                if listening.fileno() < 0:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        with delivering(spec(listening.getsockname()[1], timeout_s=0.5)) as dispatcher:
            dispatcher.tell("embassy", step(warning(1)))
            until(lambda: dispatcher.health()[0].dead and dispatcher.health()[0].reason)
            until(dispatcher.alarms)
            assert "Traceback" not in dispatcher.health()[0].reason
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in open_ones:
            connection.close()
        thread.join(5)
