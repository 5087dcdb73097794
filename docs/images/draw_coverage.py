"""Draw the picture of docs/coverage.md anew: three radars among made-up hills."""

import tempfile
from pathlib import Path

from rampart.bench.coverage import hills_site
from rampart.study.coverage import plan_coverage
from rampart.study.coverage.files import PNG, write_coverage

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Plan and draw."""
    with tempfile.TemporaryDirectory() as folder:
        cover = plan_coverage(hills_site(folder), "multirotor", 60.0)
        write_coverage(cover, Path(folder))
        shrink(Path(folder) / PNG, HERE / "coverage.png")


def shrink(picture: Path, small: Path) -> None:
    """Keep the picture small: 128 colours are plenty for a page."""
    from PIL import Image

    with Image.open(picture) as image:
        image.quantize(128, dither=Image.Dither.NONE).save(small, optimize=True)


if __name__ == "__main__":
    main()
