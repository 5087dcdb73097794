"""Export: a study's measures as tables, its answer as JSON, its report as a page."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from rampart.errors import InputError
from rampart.ledger import write_json, write_text

from .arrow import arrow
from .report import write_report
from .result import StudyResult

ANSWER, MEASURES, REPORT = "study.json", "measures", "report.html"


def write_exports(result: StudyResult, folder: Path) -> dict[str, Any]:
    """Write ``measures.csv``, ``measures.parquet``, ``report.html`` and ``study.json``; returns the answer."""
    answer = result.answer()
    measures = result.measures()
    text = io.BytesIO()
    arrow("csv").write_csv(measures, text)
    write_text(folder / f"{MEASURES}.csv", text.getvalue().decode())
    _write_parquet(folder / f"{MEASURES}.parquet", measures)
    write_report(folder / REPORT, result, answer)
    write_json(folder / ANSWER, answer)
    return answer


def _write_parquet(path: Path, table: Any) -> None:
    part = path.with_name(path.name + ".part")
    try:
        arrow("parquet").write_table(table, part, compression="zstd")
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise InputError(f"cannot be written: {error.strerror or error}", path=path) from None
