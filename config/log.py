"""Logging: one line a record on standard error, so that standard output stays the program's answer."""

from __future__ import annotations

import logging

NOISY = ("httpx", "chromadb", "sentence_transformers", "urllib3", "alembic", "openai", "pypdf")


def configure_logging(level: str = "WARNING") -> None:
    """Send records of this level and above to standard error; chatty libraries only from WARNING on."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for handler in logging.getLogger().handlers:
        handler.setLevel(level.upper())  # a library that turns its own logger up is not heard all the same
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
