"""The literature on the desk: papers, topics and their correction, feeds, search, news."""

from __future__ import annotations

import re
import threading
import time

import httpx
import pytest
from desks import QUOTE, Desk

from records.database import Database
from records.models import Job, Paper, Passage
from records.repositories import Collections, Feeds, Jobs, Novelties, Papers, Topics
from records.repositories.topics import Grown, Lies

GEL = f"Freezing aligns the pores of a gel. {QUOTE} in them."


class Shelf:
    """Papers of a test's own, in a collection with a tree of two topics below one."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self.workspace_id, word = desk.workspace_id, f"{desk.run_id[-8:]}"
        with database.write() as session:
            papers = Papers(session, desk.workspace_id)
            self.papers = [
                papers.add(
                    Paper(title=f"{word} {name}", title_key=f"{word}{name}", abstract=GEL, source="notes"),
                    [Passage(text=GEL)],
                )
                for name in ("<script>gel</script>", "cell")
            ]
            papers.get(self.papers[0]).retraction = "retracted"
            collections = Collections(session, desk.workspace_id)
            self.collection_id = collections.create(f"{word} list").id
            collections.add(self.collection_id, self.papers)
            topics = Topics(session, desk.workspace_id, self.collection_id)
            grown = [Grown(None, None, "Soft matter", ("gels",), 2)]
            grown += [Grown(None, 0, name, (), 1) for name in (f"{word} gels", f"{word} cells")]
            topics.replace(grown, [Lies(1, self.papers[0]), Lies(2, self.papers[1])])
            self.top, self.gels, self.cells = (topic.id for topic in topics.tree())
        self.word = word


@pytest.fixture
def shelf(desk_database: Database, desk: Desk) -> Shelf:
    return Shelf(desk_database, desk)


def field(page: str, name: str, near: str = "") -> str:
    """The value of the form's field, of the first one behind ``near``."""
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page[page.index(near) :])
    assert found, f"there is no field {name}"
    return found[1]


def test_papers_are_found_by_what_is_known_of_them(owner: httpx.Client, shelf: Shelf) -> None:
    page = owner.get("/literature", params={"title": shelf.word, "retraction": "retracted"}).text
    assert f"/literature/papers/{shelf.papers[0]}" in page
    assert "&lt;script&gt;gel" in page
    assert "<script>gel" not in page
    assert f"/literature/papers/{shelf.papers[1]}" not in page
    both = owner.get("/literature", params={"collection": shelf.collection_id, "year_from": ""}).text
    assert all(paper in both for paper in shelf.papers)
    none = owner.get("/literature", params={"title": shelf.word, "year_to": "1901"}).text
    assert "No paper fits" in none
    assert owner.get("/literature", params={"collection": "nonsense"}).status_code == 404


def test_a_paper_tells_what_rests_on_it_and_where_it_belongs(
    owner: httpx.Client, desk: Desk, desk_database: Database, shelf: Shelf
) -> None:
    with desk_database.read() as session:
        quoted = next(paper.id for paper in Papers(session, desk.workspace_id).page(9) if paper.year == 2024)
    page = owner.get(f"/literature/papers/{quoted}").text
    assert f"/hypotheses/{desk.hypotheses[0]}" in page
    assert "Thermocells with gelatin hold their electrolyte." in page
    retracted = f"/literature/papers/{shelf.papers[0]}"
    assert "has been retracted" in owner.get(retracted).text
    taken = owner.post(f"{retracted}/collections", data={"out_of": shelf.collection_id})
    assert 'Put into</span><select id="into" name="into">' in taken.text
    assert owner.post(f"{retracted}/collections", data={"into": shelf.collection_id}).status_code == 200
    with desk_database.read() as session:
        kept = Collections(session, desk.workspace_id).paper_ids(shelf.collection_id)
    assert kept == sorted(shelf.papers)


def test_a_topic_is_renamed_and_two_people_do_not_overwrite_each_other(
    owner: httpx.Client, colleague: httpx.Client, shelf: Shelf
) -> None:
    tree = owner.get("/literature/topics", params={"collection": shelf.collection_id}).text
    assert "Soft matter" in tree
    assert f"{shelf.word} gels" in tree
    path = f"/literature/topics/{shelf.gels}"
    version = field(owner.get(path).text, "version")
    renamed = owner.post(f"{path}/name", data={"version": version, "name": " Tough\tgels "})
    assert '<h1 dir="auto">Tough gels</h1>' in renamed.text
    late = colleague.post(f"{path}/name", data={"version": version, "name": "Networks"})
    assert late.status_code == 412
    assert 'value="Networks"' in late.text
    assert "Somebody changed this meanwhile" in late.text
    taken = owner.post(f"{path}/name", data={"version": "2", "name": f"{shelf.word} cells"})
    assert taken.status_code == 409
    assert owner.post(f"{path}/name", data={"version": "2", "name": " "}).status_code == 422
    back = owner.post(f"{path}/name", data={"version": "2", "name": "x", "do": "reset"})
    assert f'<h1 dir="auto">{shelf.word} gels</h1>' in back.text


def test_papers_are_moved_and_what_somebody_moved_meanwhile_stays(
    owner: httpx.Client, colleague: httpx.Client, shelf: Shelf, desk_database: Database
) -> None:
    path = f"/literature/topics/{shelf.gels}/papers"
    form = {"pick": [shelf.papers[0]], "to": shelf.cells}
    assert "1 moved" in owner.post(path, data=form).text
    late = colleague.post(path, data={**form, "to": shelf.gels})
    assert late.status_code == 422
    assert "Somebody moved them meanwhile" in late.text
    assert "Mark the papers" in owner.post(path, data={"to": shelf.cells}).text
    with desk_database.read() as session:
        homes = Topics(session, shelf.workspace_id, shelf.collection_id).homes()
    assert {(lie.paper_id, lie.topic_id, lie.pinned) for lie in homes} == {
        (shelf.papers[0], shelf.cells, True),
        (shelf.papers[1], shelf.cells, False),
    }
    assert "put here" in owner.get(f"/literature/topics/{shelf.cells}").text


def test_topics_are_grown_anew_by_whoever_may(
    owner: httpx.Client, reader: httpx.Client, shelf: Shelf, desk_database: Database
) -> None:
    asked = owner.post("/literature/topics/build", data={"collection": shelf.collection_id})
    assert "being grown anew" in asked.text
    with desk_database.read() as session:
        newest: Job = Jobs(session).recent()[0]
    assert (newest.kind, newest.payload) == ("build_topics", {"collection_id": shelf.collection_id})
    for place in ("", "/topics", f"/topics/{shelf.gels}", f"/papers/{shelf.papers[0]}", "/feeds", "/search"):
        assert reader.get(f"/literature{place}").status_code == 200
        assert 'method="post" action="/literature' not in reader.get(f"/literature{place}").text
    assert reader.post("/literature/topics/build", data={}).status_code == 403


def test_a_feed_is_set_up_changed_run_and_removed(
    owner: httpx.Client, shelf: Shelf, desk_database: Database
) -> None:
    form = {"name": f"{shelf.word} feed", "source": "arxiv", "query": "thermocell", "active": "1"}
    wrong = owner.post("/literature/feeds", data={**form, "cron": "now and then"})
    assert wrong.status_code == 422
    assert 'value="now and then"' in wrong.text
    assert "Kept" in owner.post("/literature/feeds", data={**form, "cron": "0 6 * * 1"}).text
    with desk_database.read() as session:
        feed = Feeds(session, shelf.workspace_id).named(f"{shelf.word} feed")
    path = f"/literature/feeds/{feed.id}"
    changed = owner.post(path, data={**form, "cron": "0 7 * * 1", "version": "1", "active": ""})
    assert "Kept" in changed.text
    late = owner.post(path, data={**form, "cron": "0 8 * * 1", "version": "1"})
    assert late.status_code == 412
    assert 'value="0 8 * * 1"' in late.text
    assert "being looked into" in owner.post(f"{path}/run").text
    assert owner.post(path, data={"do": "remove", "version": "2"}).status_code == 200
    with desk_database.read() as session:
        assert feed.id not in {row.id for row in Feeds(session, shelf.workspace_id).page(50)}


def test_a_file_is_handed_in_and_one_of_a_wrong_kind_is_told_of(owner: httpx.Client) -> None:
    notes = ("notes.jsonl", b'{"title": "A", "abstract": "B."}', "application/jsonl")
    assert "being read in" in owner.post("/literature/files", files={"file": notes}).text
    wrong = owner.post("/literature/files", files={"file": ("notes.docx", b"PK", "application/zip")})
    assert wrong.status_code == 415
    assert "none of the forms that are read" in wrong.text


def test_passages_are_searched_for(owner: httpx.Client, shelf: Shelf, desk_database: Database) -> None:
    def work() -> None:
        """What a worker does with the next search."""
        hit = {"paper_id": shelf.papers[0], "passage_id": "p", "title": "A gel", "text": GEL, "year": 2020}
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with desk_database.read() as session:
                waiting = [job.id for job in Jobs(session).recent() if job.kind == "search"]
            if waiting:
                with desk_database.write() as session:
                    attempt = Jobs(session).claim(waiting[0], 60)
                    assert attempt is not None
                    told = {**hit, "dense_rank": 1, "lexical_rank": None, "terms": ["freezing"]}
                    Jobs(session).finish(waiting[0], attempt, {"hits": [told]})
                return
            time.sleep(0.05)

    worker = threading.Thread(target=work)
    worker.start()
    page = owner.get("/literature/search", params={"q": "freezing gels", "year_from": ""}).text
    worker.join()
    assert f"/literature/papers/{shelf.papers[0]}#passage-p" in page
    assert "1st by meaning; shares" in page
    wrong = owner.get("/literature/search", params={"q": "gels", "year_from": "early"})
    assert wrong.status_code == 422
    assert "gels</textarea>" in wrong.text


def test_new_papers_that_touch_hypotheses_wait_on_the_first_page_until_they_are_seen(
    owner: httpx.Client, desk: Desk, shelf: Shelf, desk_database: Database
) -> None:
    with desk_database.write() as session:
        novelties = Novelties(session, desk.workspace_id)
        passage = Papers(session, desk.workspace_id).passages([shelf.papers[1]])[0]
        point = {"name": "gelatin", "strength": 0.8, "passage_id": passage.id, "start": 36, "end": len(GEL)}
        near = {"paper_id": shelf.papers[1], "title": "A cell", "year": 2020, "overlap": 0.5, "score": 0.4}
        novelties.keep(desk.hypotheses[0], 0.4, [{**near, "key_points": [point]}], "model")
        novelties.flag(desk.hypotheses[0], shelf.papers[1], 0.4)
        (flag,) = novelties.flags(1)
    assert f"/literature/flags/{flag.id}" in owner.get("/").text
    page = owner.get(f"/hypotheses/{desk.hypotheses[0]}").text
    assert f"<q>{GEL[36:]}</q>" in page
    assert f"/literature/papers/{shelf.papers[1]}" in page
    assert f"/literature/flags/{flag.id}" not in owner.post(f"/literature/flags/{flag.id}").text
    asked = owner.post(f"/runs/{desk.run_id}/novelty", data={"back": f"/hypotheses/{desk.hypotheses[1]}"})
    assert "A worker is comparing" in asked.text
    assert "Nobody has compared it" in asked.text
