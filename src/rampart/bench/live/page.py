"""Page: 25 clients at five pictures a second, and the first picture in a browser, of 2,000 tracks."""

from __future__ import annotations

from typing import Any

from rampart.bench.display import TRACKS, crowd, pages


def run_page(*, quick: bool) -> list[dict[str, Any]]:
    """Rows of ``rampart bench display`` that the live service promises."""
    return [crowd(TRACKS[0], 6.0 if quick else 20.0, stalled=False), *pages(2 if quick else 7)]
