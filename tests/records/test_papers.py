from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.errors import BadInput, NotFound
from records.models import Paper, Passage
from records.repositories import KnownPapers, Papers, Runs, Vectors, Workspaces


def paper(title: str, doi: str | None = None) -> Paper:
    return Paper(title=title, title_key=title.lower(), doi=doi, abstract="", source="notes.jsonl")


def test_a_workspace_is_made_once(database: Database) -> None:
    with database.write() as session:
        first = Workspaces(session).get_or_create("lab").id
    with database.write() as session:
        assert Workspaces(session).get_or_create("lab").id == first
    with pytest.raises(BadInput), database.write() as session:
        Workspaces(session).get_or_create("")


def test_of_many_who_make_a_workspace_at_once_all_get_the_same(database: Database) -> None:
    start, ids = threading.Barrier(6), []

    def make() -> None:
        start.wait()
        with database.write() as session:
            ids.append(Workspaces(session).get_or_create("lab").id)

    makers = [threading.Thread(target=make) for _ in range(6)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_copies_are_recognised_by_doi_by_arxiv_id_or_by_title(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        papers, known = Papers(session, workspace_id), KnownPapers(session, workspace_id)
        first = papers.add(paper("Thermocells", "10.1/a"), [])
        second = papers.add(paper("Gels"), [])
        papers.get(second).arxiv_id = "2505.17873"
        assert [one.id for one in known.called(["10.1/a", "10.1/b"])] == [first]
        assert [one.id for one in known.called(arxiv_ids=["2505.17873"])] == [second]
        both = known.called(["10.1/a"], ["2505.17873"], ["gels", "thermocells", "perovskites"])
        assert [one.id for one in both] == [first, second]


def test_thousands_of_ids_in_one_question_are_fine(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        paper_id = Papers(session, workspace_id).add(paper("The one", "10.1/69999"), [])
        many = [f"10.1/{i}" for i in range(70_000)]
        assert [one.id for one in KnownPapers(session, workspace_id).called(many)] == [paper_id]


def test_a_paper_is_in_use_once_a_run_may_read_it(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        read, unread = (Papers(session, workspace_id).add(paper(name), []) for name in ("Gels", "Salts"))
        Runs(session, workspace_id).create("How?", "", {}, [read])
        known = KnownPapers(session, workspace_id)
        assert (known.is_in_use(read), known.is_in_use(unread)) == (True, False)


def test_passages_are_added_behind_the_others_or_take_their_place(
    database: Database, workspace_id: str
) -> None:
    with database.write() as session:
        papers = Papers(session, workspace_id)
        paper_id = papers.add(paper("One"), [Passage(text="a"), Passage(text="b")])
        papers.append_passages(paper_id, [Passage(text="c", section="Results")])
        assert [(one.position, one.text) for one in papers.passages()] == [(0, "a"), (1, "b"), (2, "c")]
        papers.replace_passages(paper_id, [Passage(text="d")])
        assert [(one.position, one.text) for one in papers.passages()] == [(0, "d")]


def test_two_papers_of_one_doi_are_refused(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        Papers(session, workspace_id).add(paper("One", "10.1/a"), [])
    with pytest.raises(IntegrityError), database.write() as session:
        Papers(session, workspace_id).add(paper("Two", "10.1/a"), [])
    with database.read() as session:
        assert [known.title for known in Papers(session, workspace_id).all()] == ["One"]


def test_passages_come_in_the_order_of_the_paper(database: Database, workspace_id: str) -> None:
    texts = [f"passage {i}" for i in range(12)]
    with database.write() as session:
        papers = Papers(session, workspace_id)
        first = papers.add(paper("One"), [Passage(text=text) for text in texts])
        papers.add(paper("Two"), [Passage(text="another")])
        assert [passage.text for passage in papers.passages([first])] == texts
        assert [passage.text for passage in papers.passages()] == [*texts, "another"]
        assert papers.passages([]) == []
        assert [known.title for known in papers.all()] == ["One", "Two"]
        assert [known.title for known in papers.all([first])] == ["One"]
        assert papers.ids() == [known.id for known in papers.all()]


def test_embeddings_are_kept_by_model(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        papers = Papers(session, workspace_id)
        papers.add(paper("One"), [Passage(text="a"), Passage(text="b")])
        vectors = Vectors(session, workspace_id)
        first, second = vectors.without("minilm")
        vectors.set("minilm", {first.id: b"\x00\x01", second.id: b"\x02\x03"})
        vectors.set("minilm", {second.id: b"\x04\x05"})
    with database.read() as session:
        vectors = Vectors(session, workspace_id)
        assert vectors.of("minilm", [first.id]) == {first.id: b"\x00\x01"}
        assert vectors.of("minilm", [second.id]) == {second.id: b"\x04\x05"}
        assert vectors.without("minilm") == []
        assert len(vectors.without("another model")) == 2


def test_another_workspace_sees_nothing(database: Database, workspace_id: str, stranger_id: str) -> None:
    with database.write() as session:
        mine = Papers(session, workspace_id)
        paper_id = mine.add(paper("Mine", "10.1/a"), [Passage(text="secret")])
        (passage,) = mine.passages()
        theirs = Papers(session, stranger_id)
        assert theirs.count() == 0
        assert theirs.ids() == []
        assert (
            theirs.all([paper_id]) == theirs.all() == theirs.passages([paper_id]) == theirs.passages() == []
        )
        assert KnownPapers(session, stranger_id).called(["10.1/a"], [], ["mine"]) == []
        assert theirs.passages_by_id([passage.id]) == {}
        assert Vectors(session, stranger_id).without("minilm") == []
        with pytest.raises(NotFound):
            theirs.get(paper_id)
        with pytest.raises(NotFound):
            theirs.passage(passage.id)
        with pytest.raises(NotFound):
            Vectors(session, stranger_id).set("minilm", {passage.id: b"overwritten"})
        theirs.add(paper("Mine", "10.1/a"), [])  # a tenant's papers do not collide with another's


def test_the_general_library_is_read_by_all_and_changed_by_its_own(
    database: Database, workspace_id: str
) -> None:
    with database.write() as session:
        general = Papers(session, Workspaces(session).get_or_create("general").id)
        shared = general.add(paper("For all", "10.1/all"), [Passage(text="Salt toughens gels.")])
        mine = Papers(session, workspace_id)
        own = mine.add(paper("Mine"), [Passage(text="a")])
    with database.read() as session:
        mine = Papers(session, workspace_id)
        assert mine.ids() == [own]
        assert mine.readable_ids() == [shared, own]
        assert mine.readable_count() == 2
        assert mine.read(shared).title == "For all"
        (passage,) = mine.passages([shared])
        assert mine.passage(passage.id).text == "Salt toughens gels."
        with pytest.raises(NotFound):
            mine.get(shared)  # which is for whoever changes it
        with pytest.raises(NotFound):
            mine.check([shared])
    with database.write() as session:
        run = Runs(session, workspace_id).create("Why?", "", {}, [shared, own])
        assert set(Runs(session, workspace_id).paper_ids(run.id)) == {shared, own}
