"""Feeds and failed papers at the command line, in this process: nothing here needs a model."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from cli.main import app
from records.base import now
from records.database import Database
from records.errors import TouchstoneError
from records.models import Feed

Say = Callable[..., str]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOUCHSTONE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


@pytest.fixture
def say(data_dir: Path) -> Say:
    """Runs the command; what it said. It must end with this code."""

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, words)
        if isinstance(done.exception, TouchstoneError):
            assert done.exception.exit_code == code
            return done.exception.message
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    return run


def make_due(data_dir: Path) -> None:
    database = Database(f"sqlite:///{data_dir / 'touchstone.db'}")
    with database.write() as session:
        session.execute(update(Feed).values(next_run_at=now() - timedelta(days=3)))
    database.close()


def test_a_feed_is_added_shown_changed_and_removed(say: Say) -> None:
    assert "make one with" in say("feeds", "list")
    added = say(
        "feeds", "add", "gels", "--source", "arxiv", "--query", "gel thermocell", "--since", "2024-01-31"
    )
    assert "gels is looked into from" in added
    listed = say("feeds", "list")
    assert "arxiv" in listed
    assert "thermocell" in listed
    assert "resting" in say("feeds", "change", "gels", "--off", "--rename", "ionogels")
    assert "ionogels" in say("feeds", "remove", "ionogels")
    assert "feeds list" in say("feeds", "remove", "ionogels", code=2)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--source", "pigeon"), "there is no source 'pigeon'"),
        (("--source", "arxiv"), "needs a query"),
        (("--source", "folder", "--cron", "now"), "no schedule"),
        (("--source", "folder", "--since", "yesterday"), "no day"),
    ],
)
def test_what_is_no_feed_is_refused_in_a_line(say: Say, words: tuple[str, ...], why: str) -> None:
    assert why in say("feeds", "add", "f", *words, code=2)


def test_due_feeds_are_looked_into_once_and_what_is_down_is_told(say: Say, data_dir: Path) -> None:
    say("feeds", "add", "inbox", "--source", "folder")
    assert say("feeds", "run-due") == "No feed is due."
    make_due(data_dir)
    assert "inbox: 0 added, 0 known" in say("feeds", "run-due")
    assert say("feeds", "run-due") == "No feed is due."
    say("feeds", "add", "news", "--source", "rss", "--query", "http://127.0.0.1:9/feed")
    assert "news: 0 added, 0 known, rss" in say("feeds", "run", "news", code=1)
    assert "rss" in say("feeds", "list")


def test_failed_papers_are_shown_and_tried_again(say: Say, data_dir: Path) -> None:
    assert say("papers", "failed") == "No paper failed."
    say("feeds", "add", "inbox", "--source", "folder")
    scan = data_dir / "inbox" / "local" / "scan.pdf"
    scan.parent.mkdir(parents=True)
    scan.write_bytes(b"no PDF at all")
    os.utime(scan, (0, 0))
    assert "1 failed (touchstone papers failed)" in say("feeds", "run", "inbox")
    assert "scan.pdf is no PDF" in say("papers", "failed")
    assert "0 of 1 are in now." in say("papers", "retry", "--all", code=1)
    assert "(2 times)" in say("papers", "failed")
    scan.unlink()
    assert "--all" in say("papers", "retry", code=2)
