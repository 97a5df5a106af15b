"""A feed from its source into the database: page by page, resumable anywhere, with what failed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from answers import FORMATS, Known, crossref_item, crossref_list
from literature_service import LiteratureService, Reply
from sqlalchemy import event
from sqlalchemy.orm import Session

from config import Settings, SourcesSettings
from knowledge.feeding import Fetched, look_into, try_again, welcomed
from knowledge.sources import NAMES
from records.database import Database
from records.models import Feed, Paper, PaperFailure
from records.repositories import Collections, Failures, Feeds, Papers
from records.repositories.feeds import SOURCES

MANY = 230


@dataclass
class Reader:
    """A feed in a database of this test alone."""

    database: Database
    workspace_id: str
    settings: Settings
    service: LiteratureService
    feed_id: str = ""

    def feed(self, source: str, query: str = "gels", **more: Any) -> None:
        with self.database.write() as session:
            self.feed_id = (
                Feeds(session, self.workspace_id).create("f", source, query, "0 6 * * *", **more).id
            )

    def look(self, **more: Any) -> Fetched:
        return look_into(self.database, self.settings, self.workspace_id, self.feed_id, **more)

    def retry(self) -> Fetched:
        return try_again(self.database, self.settings, self.workspace_id, self.feed_id, self.failures())

    def papers(self) -> list[Paper]:
        with self.database.read() as session:
            return Papers(session, self.workspace_id).all()

    def failures(self) -> list[PaperFailure]:
        with self.database.read() as session:
            return Failures(session, self.workspace_id).page(1000)

    def row(self) -> Feed:
        with self.database.read() as session:
            return Feeds(session, self.workspace_id).get(self.feed_id)

    def killed_while_looking(self, *, page: int = 0, commit: int = 0) -> bool:
        """Whether another process, looking into the feed, was killed behind a page or before a commit."""
        process = multiprocessing.get_context("fork").Process(target=self._look_and_die, args=(page, commit))
        process.start()
        process.join(60)
        return process.exitcode == -signal.SIGKILL

    def _look_and_die(self, page: int, commit: int) -> None:
        done = {"pages": 0, "commits": 0}

        def count(what: str, last: int) -> None:
            done[what] += 1
            if done[what] == last:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Session, "before_commit", lambda _: count("commits", commit))
        database = Database(str(self.database.url))
        reader = Reader(database, self.workspace_id, self.settings, self.service, self.feed_id)
        reader.look(report=lambda *_: count("pages", page))


@pytest.fixture
def reader(embedded: Database, embedded_workspace: str, service: LiteratureService, tmp_path: Path) -> Reader:
    urls = {f"{name}_url": service.url for name in FORMATS}
    sources = SourcesSettings(pause=0, tries=1, timeout_s=5, private_addresses=True, **urls)
    settings = Settings(data_dir=tmp_path / "data", sources=sources)
    return Reader(embedded, embedded_workspace, settings, service)


@pytest.mark.parametrize("source", sorted(FORMATS))
def test_killed_in_the_middle_and_run_again_every_paper_is_there_once(reader: Reader, source: str) -> None:
    known = [Known(number) for number in range(1, MANY + 1)]
    reader.service.answer = FORMATS[source](known)
    reader.feed(source)
    assert reader.killed_while_looking(page=1)
    assert 0 < len(reader.papers()) < MANY
    assert reader.look().result["down"] is None
    assert sorted(row.title.rstrip(".") for row in reader.papers()) == sorted(one.title for one in known)
    known.append(Known(MANY + 1, day=datetime.now(UTC).date()))
    assert reader.look().result["added"] == 1
    assert len(reader.papers()) == MANY + 1


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_before_a_commit_neither_the_page_nor_its_place_is_kept(reader: Reader, commit: int) -> None:
    reader.service.answer = FORMATS["europe_pmc"]([Known(number) for number in range(1, MANY + 1)])
    reader.feed("europe_pmc")
    assert reader.killed_while_looking(commit=commit)
    assert len(reader.papers()) == (commit - 1) * 100
    assert reader.look().result["added"] == MANY - (commit - 1) * 100
    assert len(reader.papers()) == MANY
    assert reader.look().result["added"] == 0


def test_a_source_that_is_down_is_told_of_and_gone_on_with_later(reader: Reader) -> None:
    reader.service.answer = FORMATS["europe_pmc"]([Known(number) for number in range(1, MANY + 1)])
    reader.feed("europe_pmc")
    reader.service.instead(None, Reply(status=503))
    result = reader.look().result
    assert (result["added"], "503" in result["down"]) == (100, True)
    assert reader.row().last_result == result
    assert reader.look().result == {**result, "added": MANY - 100, "down": None}


def test_when_time_is_up_another_call_goes_on(reader: Reader) -> None:
    reader.service.answer = FORMATS["europe_pmc"]([Known(number) for number in range(1, MANY + 1)])
    reader.feed("europe_pmc")
    assert [reader.look(seconds=0).result["more"] for _ in range(3)] == [True, True, True]
    assert len(reader.papers()) == MANY


def test_new_papers_are_told_until_all_has_been_done_for_them(reader: Reader) -> None:
    reader.service.answer = FORMATS["arxiv"]([Known(1), Known(2)])
    reader.feed("arxiv")
    assert reader.killed_while_looking(page=1)
    fetched = reader.look()
    assert (fetched.result["added"], len(fetched.added_ids)) == (0, 2)
    welcomed(reader.database, reader.workspace_id, reader.feed_id)
    assert reader.look().added_ids == ()


def test_an_entry_that_failed_is_kept_with_its_reason_and_comes_in_once_it_is_whole(reader: Reader) -> None:
    items = [crossref_item(Known(1)), crossref_item(Known(2), abstract="")]
    reader.service.answer = lambda asked: crossref_list(items, 2)
    reader.feed("crossref")
    assert reader.look().result["reasons"] == {"it has no abstract": 1}
    (failure,) = reader.failures()
    assert (failure.source, failure.key, failure.attempts) == ("crossref", "10.1000/GEL.2", 1)
    assert reader.retry().result["failed"] == 1
    assert reader.failures()[0].attempts == 2
    items[1] = crossref_item(Known(2))
    assert reader.retry().result["added"] == 1
    assert reader.failures() == []


def test_papers_are_put_into_the_feeds_collection(reader: Reader) -> None:
    reader.service.answer = FORMATS["arxiv"]([Known(1), Known(2)])
    with reader.database.write() as session:
        into = Collections(session, reader.workspace_id).create("Gels").id
    reader.feed("arxiv", collection_id=into)
    reader.look()
    with reader.database.read() as session:
        assert len(Collections(session, reader.workspace_id).paper_ids(into)) == 2


def test_of_two_sources_that_tell_of_one_paper_both_are_remembered(reader: Reader) -> None:
    reader.feed("openalex")
    reader.service.answer = FORMATS["openalex"]([Known(1)])
    reader.look()
    with reader.database.write() as session:
        Feeds(session, reader.workspace_id).change(reader.feed_id, {"source": "europe_pmc"})
    reader.service.answer = FORMATS["europe_pmc"]([Known(1)])
    reader.look()
    (row,) = reader.papers()
    assert [one["source"] for one in row.sources] == ["openalex", "europe_pmc"]
    assert {"openalex", "pmid"} <= set(row.identifiers)


def test_a_broken_file_is_read_again_once_somebody_asks(reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "inbox" / "local"
    folder.mkdir(parents=True)
    notes, bad = folder / "notes.jsonl", folder / "bad.jsonl"
    notes.write_text('{"title": "Gels", "abstract": "A gel."}\n{"title": "Salts"}\n')
    bad.write_text("no JSON")
    for path in (notes, bad):
        os.utime(path, (0, 0))
    reader.feed("folder", "")
    assert reader.look().result["failed"] == 3
    names = ["bad.jsonl", "bad.jsonl: line 1", "notes.jsonl: line 2"]
    assert sorted(one.key for one in reader.failures()) == names
    assert reader.look().result["failed"] == 0
    notes.write_text('{"title": "Gels", "abstract": "A gel."}\n{"title": "Salts", "abstract": "A salt."}\n')
    bad.write_text('{"title": "Cloth", "abstract": "A cloth."}\n')
    for path in (notes, bad):
        os.utime(path, (0, 0))
    assert reader.retry().result["added"] == 2
    assert reader.failures() == []
    assert sorted(row.title for row in reader.papers()) == ["Cloth", "Gels", "Salts"]


def test_feeds_may_name_the_sources_that_can_be_opened() -> None:
    assert sorted(SOURCES) == sorted(NAMES)
