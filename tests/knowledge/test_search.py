from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.library import Library, SearchRequest
from knowledge.search.inspiration import PARTS
from knowledge.search.request import Mode
from records.database import Database
from records.models import Collection, CollectionPaper, Passage
from records.repositories import Filters, Papers, Workspaces

MakeLibrary = Callable[[Database, str], Library]
NOTES = {
    "Gelatin networks": "A gelatin network slows convection between the electrodes of a thermocell.",
    "Guanidinium salts": "Guanidinium cations crystallise ferrocyanide, which sharpens its gradient.",
    "Carbon cloth": "Carbon cloth electrodes offer the redox couple a large area.",
    "Courts": "The court was adjourned until the witness could be heard.",
}


def write(folder: Path, notes: dict[str, str]) -> Path:
    path = folder / "notes.jsonl"
    papers = [{"title": title, "abstract": text, "year": 2020} for title, text in notes.items()]
    path.write_text("\n".join(map(json.dumps, papers)))
    return path


@pytest.fixture
def library(
    make_library: MakeLibrary, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> Library:
    made = make_library(embedded, embedded_workspace)
    made.ingest([write(tmp_path, NOTES)])
    return made


def test_passages_are_found_by_meaning_and_by_words(library: Library) -> None:
    hits = library.search("gelatin against convection")
    assert [hit.dense_rank for hit in hits] != [None] * 4
    best = hits[0]
    assert (best.title, best.year, best.text) == ("Gelatin networks", 2020, NOTES["Gelatin networks"])
    assert (best.dense_rank, best.lexical_rank) == (1, 1)
    assert len(hits) == 4
    assert sorted(hit.dense_rank for hit in hits) == [1, 2, 3, 4]
    assert [hit.lexical_rank for hit in hits[1:]] == [None, None, None]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_without_a_shared_word_the_meaning_finds_it(library: Library) -> None:
    best = library.search("the judge and the trial", limit=1)[0]
    assert (best.title, best.dense_rank) == ("Courts", 1)


def test_the_title_is_searched_with_the_passage(library: Library) -> None:
    best = library.search("salts")[0]
    assert (best.title, best.lexical_rank) == ("Guanidinium salts", 1)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_no_more_than_wanted_are_found(library: Library, limit: int) -> None:
    assert len(library.search("electrodes", limit=limit)) == min(limit, 4)


@pytest.mark.parametrize("text", ["", "?!", "\0", "the of", "gel " * 3_000])
def test_any_text_may_be_searched_for(library: Library, text: str) -> None:
    assert len(library.search(text)) == 4


def test_a_search_keeps_to_the_papers_that_are_named(library: Library) -> None:
    gel, salt, _, court = library.paper_ids()
    hits = library.search("gelatin against convection", paper_ids=[salt, court])
    assert {hit.paper_id for hit in hits} == {salt, court}
    assert sorted(hit.dense_rank for hit in hits) == [1, 2]
    assert library.search("gelatin", paper_ids=[gel])[0].lexical_rank == 1
    assert library.search("gelatin", paper_ids=[]) == []
    assert library.search("gelatin", paper_ids=["no-such-paper"]) == []


def test_an_empty_library_finds_nothing(
    make_library: MakeLibrary, embedded: Database, embedded_workspace: str
) -> None:
    assert make_library(embedded, embedded_workspace).search("gelatin") == []


def test_what_was_added_meanwhile_is_found(
    library: Library, make_library: MakeLibrary, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> None:
    assert library.search("perovskite")[0].lexical_rank is None
    another = make_library(embedded, embedded_workspace)
    another.ingest([write(tmp_path, {"Perovskites": "A perovskite absorbs light."})])
    best = library.search("perovskite")[0]
    assert (best.title, best.dense_rank, best.lexical_rank) == ("Perovskites", 1, 1)


def test_what_the_index_knows_and_the_database_does_not_is_left_out(library: Library) -> None:
    strays = {f"stray-{i}": "gone" for i in range(5)}
    vector = b"\0\0\x80?" + b"\0" * 1532
    # Another process, say, has added papers since we looked.
    library._index().sync(strays, lambda ids: dict.fromkeys(ids, vector))
    assert len(library.search("gelatin", limit=4)) == 4
    assert sorted(hit.dense_rank for hit in library.search("gelatin")) == [1, 2, 3, 4]


def test_an_index_that_was_lost_is_made_again_from_the_database(library: Library) -> None:
    before = library.search("gelatin against convection")
    collection = library._index()._collection
    collection.delete(ids=collection.get(include=[])["ids"])
    assert library.search("gelatin against convection") == before


def test_the_papers_of_another_workspace_are_never_found(
    library: Library, make_library: MakeLibrary, embedded: Database, tmp_path: Path
) -> None:
    with embedded.write() as session:
        stranger = Workspaces(session).get_or_create("stranger").id
    theirs = make_library(embedded, stranger)
    assert theirs.search("gelatin") == []
    assert theirs.search("gelatin", paper_ids=library.paper_ids()) == []
    done = theirs.ingest([write(tmp_path, {"Gelatin networks": "A secret recipe for gelatin."})])
    assert done.added == 1
    assert [hit.text for hit in theirs.search("gelatin")] == ["A secret recipe for gelatin."]
    assert len(library.search("gelatin")) == 4
    assert "A secret recipe for gelatin." not in {hit.text for hit in library.search("secret recipe")}
    assert library.search("secret recipe", paper_ids=theirs.paper_ids()) == []


def test_a_hit_tells_why_it_was_found(library: Library) -> None:
    best = library.search("gelatin against convection")[0]
    assert best.terms == ("convection", "gelatin")
    assert 0.5 < best.parts["meaning"] <= 1
    assert best.parts["words"] > 0
    assert (best.tier, best.section, best.retraction, best.version_of) == ("workspace", "", "", None)


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        (Filters(), {"Gelatin networks", "Guanidinium salts", "Carbon cloth", "Courts"}),
        (Filters(year_from=2021), {"Carbon cloth", "Courts"}),
        (Filters(year_to=2020), {"Gelatin networks", "Guanidinium salts"}),
        (Filters(year_from=2020, year_to=2021), {"Guanidinium salts", "Carbon cloth"}),
        (Filters(venue="energy"), {"Gelatin networks"}),
        (Filters(venue="100%"), set()),
        (Filters(source="notes"), {"Gelatin networks", "Guanidinium salts", "Carbon cloth", "Courts"}),
        (Filters(source="arxiv"), set()),
    ],
)
def test_filters_choose_among_the_papers(
    library: Library, embedded: Database, embedded_workspace: str, filters: Filters, titles: set[str]
) -> None:
    with embedded.write() as session:
        for year, paper in enumerate(Papers(session, embedded_workspace).all(), 2019):
            paper.year = year
            paper.venue = "Energy Letters" if year == 2019 else "Soft Matter"
    hits = library.search(SearchRequest("electrodes", filters=filters))
    assert {hit.title for hit in hits} == titles


def test_a_collection_can_be_searched_alone(
    library: Library, embedded: Database, embedded_workspace: str
) -> None:
    gel, salt, *_ = library.paper_ids()
    with embedded.write() as session:
        made = Collection(workspace_id=embedded_workspace, name="Salts")
        session.add(made)
        session.flush()
        session.add(CollectionPaper(collection_id=made.id, paper_id=salt))
        chosen = Filters(collections=(made.id,))
    assert {hit.paper_id for hit in library.search(SearchRequest("gelatin", filters=chosen))} == {salt}
    assert library.search(SearchRequest("gelatin", filters=replace(chosen, paper_ids=(gel,)))) == []


def test_what_was_retracted_is_found_and_marked(
    library: Library, embedded: Database, embedded_workspace: str
) -> None:
    with embedded.write() as session:
        Papers(session, embedded_workspace).get(library.paper_ids()[0]).retraction = "retracted"
    best = library.search("gelatin")[0]
    assert (best.title, best.retraction) == ("Gelatin networks", "retracted")


@pytest.mark.parametrize("mode", ["relevance", "inspiration"])
def test_of_two_versions_of_a_work_the_later_is_shown(
    library: Library, embedded: Database, embedded_workspace: str, mode: Mode
) -> None:
    preprint, published, *_ = library.paper_ids()
    with embedded.write() as session:
        Papers(session, embedded_workspace).get(preprint).version_of = published
    hits = library.search(SearchRequest("gelatin against convection", mode=mode))
    assert published in {hit.paper_id for hit in hits}
    assert preprint not in {hit.paper_id for hit in hits}
    alone = library.search(SearchRequest("gelatin", mode=mode), paper_ids=[preprint])
    assert [(hit.paper_id, hit.version_of) for hit in alone] == [(preprint, published)]


def test_passages_that_were_replaced_are_searched_as_they_are_now(
    library: Library, embedded: Database, embedded_workspace: str
) -> None:
    library.search("gelatin")
    with embedded.write() as session:
        text = "Agarose does so as well."
        Papers(session, embedded_workspace).replace_passages(library.paper_ids()[0], [Passage(text=text)])
    library.embed()
    hits = library.search("agarose")
    assert (hits[0].text, hits[0].dense_rank, hits[0].lexical_rank) == (text, 1, 1)
    assert len(hits) == 4


def test_papers_that_go_are_found_no_more(
    library: Library, embedded: Database, embedded_workspace: str
) -> None:
    library.search("gelatin")
    with embedded.write() as session:
        session.delete(Papers(session, embedded_workspace).get(library.paper_ids()[0]))
    assert {hit.title for hit in library.search("gelatin")} == {"Guanidinium salts", "Carbon cloth", "Courts"}


def test_the_general_library_is_searched_with_ones_own(
    library: Library, make_library: MakeLibrary, embedded: Database, embedded_workspace: str, tmp_path: Path
) -> None:
    with embedded.write() as session:
        general_id = Workspaces(session).get_or_create("general").id
    general = make_library(embedded, general_id)
    general.ingest([write(tmp_path, {"Agarose": "Agarose gels slow convection too."})])
    both = Library(
        embedded,
        embedded_workspace,
        library.embedder,
        library._index,
        general=(general_id, general._index),
    )
    hits = both.search("what slows convection")
    assert {hit.title: hit.tier for hit in hits[:2]} == {
        "Agarose": "general",
        "Gelatin networks": "workspace",
    }
    ideas = both.search(SearchRequest("What slows convection?", mode="inspiration"))
    assert {hit.tier for hit in ideas} == {"general", "workspace"}
    assert {hit.tier for hit in library.search("what slows convection")} == {"workspace"}


SURVEY = """Background
Thermocells lose heat by convection in the electrolyte.
Their power is bounded by the area of the electrodes, and by the gradient of the redox couple."""


def test_an_inspiration_is_one_passage_a_paper_and_the_sentence_that_it_answers(library: Library) -> None:
    hits = library.search(
        SearchRequest("How can thermocells be improved?", SURVEY, mode="inspiration", limit=3)
    )
    assert len({hit.paper_id for hit in hits}) == len(hits) == 3
    because = {hit.title: hit.because for hit in hits}
    assert "Courts" not in because
    assert because["Gelatin networks"] == "Thermocells lose heat by convection in the electrolyte."
    assert set(hits[0].parts) == set(PARTS)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("question", ["", "?!", "\0", "the of"])
def test_any_problem_may_be_looked_up(library: Library, question: str) -> None:
    assert len(library.search(SearchRequest(question, SURVEY, mode="inspiration"))) == 4
    assert len(library.search(SearchRequest(question, mode="inspiration"))) == 4


def test_one_paper_alone_may_inspire(library: Library) -> None:
    asked = SearchRequest("How can thermocells be improved?", SURVEY, mode="inspiration")
    assert len(library.search(asked, paper_ids=library.paper_ids()[:1])) == 1
    assert library.search(asked, paper_ids=[]) == []
