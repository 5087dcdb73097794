"""Draw display.png: the operator's page in the middle of an exercise. Run as a program, on the page as built."""

import subprocess
import sys
import time
from pathlib import Path

from rampart.bench.browser import Browser

HERE = Path(__file__).parent
LATEST_S = 180.0


def link_of(run: subprocess.Popen[str]) -> str:
    """The link that a training prints, as one word of stderr."""
    assert run.stderr is not None
    for line in run.stderr:
        for word in line.split():
            if "#token=" in word:
                return word
    raise SystemExit("the exercise did not start")


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "rampart-out") / "picture"
    command = [sys.executable, "-m", "rampart", "exercise", "embassy-rockets", "--seed", "7", "--display", "--json"]
    command += ["--port", "0", "--stay-s", "0", "--out", str(out)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        with Browser(1360, 800) as browser:
            browser.go(link_of(run))
            browser.until("window.rampart && rampart.firstPicture()", 60.0)
            browser.until("document.querySelectorAll('#x-shots .shot').length >= 3", LATEST_S)
            for key in ("j", "a"):
                browser.press(key)
            time.sleep(1.5)
            (HERE / "display.png").write_bytes(browser.picture())
    finally:
        run.terminate()
        run.wait(90.0)


if __name__ == "__main__":
    main()
