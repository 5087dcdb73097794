"""Sinks: the other ends of channels in ``rampart bench delivery``, each in a process of its own.

``python -m rampart.bench.sinks sse PORT`` writes a line per warning: when it was there [ns UTC], its id and sequence.
``python -m rampart.bench.sinks cot PORT`` takes what comes and throws it away.
"""

import json
import socket
import sys
import time


def listen_sse(port: int) -> None:
    """Listen to server-sent events until they end."""
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        kind = b""
        for line in stream.makefile("rb"):
            now_ns = time.time_ns()
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: ") and kind.endswith(b"warning"):
                said = json.loads(line[6:])
                sys.stdout.write(f"{now_ns} {said['id']} {said['sequence']}\n")
                sys.stdout.flush()


def swallow(port: int) -> None:
    """Accept one connection after the other and read whatever comes."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                while connection.recv(1 << 16):
                    pass


if __name__ == "__main__":
    {"sse": listen_sse, "cot": swallow}[sys.argv[1]](int(sys.argv[2]))
