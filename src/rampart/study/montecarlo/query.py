"""Query: SQL on the tables of a study, by DuckDB."""

from __future__ import annotations

from typing import Any

from rampart.errors import InputError

from .result import StudyResult


def ask(result: StudyResult, sql: str) -> dict[str, Any]:
    """Ask the tables ``runs``, ``threats`` and ``measures``.

    Parameters
    ----------
    result : StudyResult
        A study.
    sql : str
        One statement; the tables are in memory, nothing on disk can be changed by it.

    Returns
    -------
    dict
        ``columns`` and ``rows``.

    Raises
    ------
    InputError
        If duckdb is not installed, or refuses the statement.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError("--query needs the package duckdb: pip install 'rampart[study]'") from None
    with duckdb.connect(config={"enable_external_access": False}) as connection:
        for name in ("runs", "threats", "measures"):
            connection.register(name, getattr(result, name)())
        try:
            found = connection.execute(sql)
            columns = [entry[0] for entry in found.description or ()]
            rows = [list(row) for row in found.fetchall()]
        except duckdb.Error as error:
            raise InputError(f"--query: {str(error).splitlines()[0]}") from None
    return {"columns": columns, "rows": rows}
