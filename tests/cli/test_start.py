"""The command starts at once: what is slow to import waits until it is needed."""

from __future__ import annotations

import subprocess
import sys

SLOW = "alembic chromadb langgraph matplotlib numpy openai scipy sklearn spacy sqlalchemy torch".split()

LISTING = "import sys, cli.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def test_help_needs_nothing_slow(touchstone):
    done = touchstone.script("--help")
    assert (done.code, done.err) == (0, "")
    assert all(name in done.out for name in ("run", "result", "ingest", "search", "demo", "version"))
    assert touchstone.script().out == done.out
    loaded = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True)
    assert not set(SLOW) & set(loaded.stdout.split())
