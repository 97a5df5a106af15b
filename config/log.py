"""Logging: one line a record on standard error, so that standard output stays the program's answer."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

NOISY = ("httpx", "chromadb", "sentence_transformers", "urllib3", "alembic", "openai", "pypdf")

LogFormat = Literal["text", "json"]

_BOUND: ContextVar[Mapping[str, str]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def bound(**names: str) -> Iterator[None]:
    """Have every record of this block carry these: ``request_id``, ``run_id``, ``job_id``; empty ones not."""
    token = _BOUND.set({**_BOUND.get(), **{name: value for name, value in names.items() if value}})
    try:
        yield
    finally:
        _BOUND.reset(token)


def bound_now() -> Mapping[str, str]:
    """What records carry here."""
    return _BOUND.get()


class JsonLines(logging.Formatter):
    """A record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        shown = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_BOUND.get(),
        }
        if record.exc_info:
            shown["exception"] = self.formatException(record.exc_info)
        return json.dumps(shown, ensure_ascii=False)


class Text(logging.Formatter):
    """A record as a person reads it; what is bound stands behind the message."""

    def format(self, record: logging.LogRecord) -> str:
        names = "".join(f" {name}={value}" for name, value in _BOUND.get().items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{names}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def configure_logging(level: str = "WARNING", form: LogFormat | None = None) -> None:
    """Send records of this level and above to standard error; chatty libraries only from WARNING on.

    Without ``form``: text on a terminal, JSON lines for whatever else reads.
    """
    form = form or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Text())
    handler.setLevel(level.upper())  # a library that turns its own logger up is not heard all the same
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
