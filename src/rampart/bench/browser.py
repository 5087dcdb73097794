"""Browser: a Chromium without a window, driven over its own debugging protocol; for figures and pictures."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from rampart.errors import RunError

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-accelerated-2d-canvas",
    "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip


class Browser:
    """One browser with one page, ended with its process.

    Parameters
    ----------
    width, height : int
        Of its window.

    Notes
    -----
    The Chrome DevTools Protocol: JSON over a socket of the browser's own, on this machine.
    """

    def __init__(self, width: int = 1440, height: int = 900) -> None:
        self._size, self._ids = (width, height), count(1)

    @staticmethod
    def find() -> str | None:
        """The program; None if there is none."""
        return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

    def __enter__(self) -> Browser:
        program = self.find()
        if program is None:
            raise RunError("chromium is not installed")
        self._folder = tempfile.mkdtemp(prefix="rampart-browser-")
        width, height = self._size
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--window-size={width},{height}", f"--user-data-dir={self._folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._socket = self._open()
            self.call("Page.enable")
            self.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self) -> Any:
        from urllib.request import urlopen

        from websockets.sync.client import connect

        file, end_s = Path(self._folder) / "DevToolsActivePort", time.monotonic() + 60.0
        while not (file.is_file() and file.read_text().strip()):
            if self._process.poll() is not None or time.monotonic() > end_s:
                raise RunError("chromium did not start")
            time.sleep(0.02)
        port = file.read_text().splitlines()[0]
        with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            page = next(target for target in json.load(answer) if target["type"] == "page")
        return connect(page["webSocketDebuggerUrl"], max_size=None, compression=None)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its answer."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=60.0))
            if said.get("id") == number:
                if "error" in said:
                    raise RunError(f"{method}: {said['error']['message']}")
                result: dict[str, Any] = said["result"]
                return result

    def go(self, url: str) -> None:
        """Open a page."""
        self.call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def until(self, expression: str, seconds: float) -> Any:
        """The value of an expression once it is true."""
        end_s = time.monotonic() + seconds
        while not (value := self.ask(expression)):
            if time.monotonic() > end_s:
                raise RunError(f"not within {seconds:g} s: {expression}")
            time.sleep(0.02)
        return value

    def press(self, key: str) -> None:
        """Press a key of one letter."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" else "")

    def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
