"""Listen: ``python -m rampart.bench.live.listen URL TOKEN`` writes when each warning came over the display's socket."""

from __future__ import annotations

import struct
import sys
import time

import msgpack
from websockets.sync.client import connect


def listen(url: str, token: str) -> None:
    """One line per message: when it was there [ns UTC], number and sequence of the warning."""
    known: set[tuple[int, int]] = set()
    address = url.replace("http://", "ws://") + "/ws"
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}, max_size=None) as stream:
        for octets in stream:
            now_ns = time.time_ns()
            if not isinstance(octets, bytes):
                continue
            (length,) = struct.unpack_from("<I", octets, 4)
            for warning in msgpack.unpackb(octets[8 : 8 + length]).get("warnings", ()):
                key = int(warning["warning"]), int(warning["sequence"])
                if key not in known:
                    known.add(key)
                    sys.stdout.write(f"{now_ns} {key[0]} {key[1]}\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    listen(sys.argv[1], sys.argv[2])
