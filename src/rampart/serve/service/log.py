"""Log: what a service has to say of itself, one JSON object per line."""

from __future__ import annotations

import json
import logging
import time
from typing import TextIO


class JsonLines(logging.Formatter):
    """One JSON object per record: ``time`` (UTC), ``level``, ``logger``, ``text``, and ``extra["fields"]`` where given.

    Examples
    --------
    >>> record = logging.LogRecord("rampart.serve", logging.INFO, "", 0, "ready %d", (7,), None)
    >>> json.loads(JsonLines().format(record))["text"]
    'ready 7'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = {"time": stamp, "level": record.levelname.lower(), "logger": record.name, "text": record.getMessage()}
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line |= fields
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json(stream: TextIO, level: int = logging.INFO) -> None:
    """Send what Rampart logs to a stream, as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("rampart")
    for old in list(logger.handlers):
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
