"""Draw the pictures of the README and the docs anew: the report of one run, as Chromium shows it."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENARIO, SEED = "embassy-rockets", 7
WIDTH, HEIGHT = 1180, 1690


def main() -> int:
    """Run the scenario, take the picture; 1 if there is no Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.stderr.write("draw.py: needs chromium to take the pictures\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "rampart", "run", SCENARIO, "--seed", str(SEED), "--out", folder]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        take_picture(browser, Path(folder) / "report.html", HERE / "report.png")
        shrink(HERE / "report.png")
    return 0


def shrink(picture: Path) -> None:
    """Keep the picture small: 256 colours are plenty for a page."""
    from PIL import Image

    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(picture, optimize=True)


def take_picture(browser: str, page: Path, picture: Path) -> None:
    """What the top of a page looks like."""
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={page.parent / 'browser'}",
            "--hide-scrollbars",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={picture}",
            page.resolve().as_uri(),
        ],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    sys.exit(main())
