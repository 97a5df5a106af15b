"""Papers that come again, from elsewhere or in another version: one record each, or linked ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knowledge.ingestion import keep
from knowledge.keeping import Keeper, Kept, Told
from knowledge.parsing.paper import ParsedPaper, make_paper
from records.database import Database
from records.models import Paper
from records.repositories import Papers, Runs

Tell = Callable[..., Kept]
Rows = Callable[[], list[Paper]]

GEL = (
    "Gelatin networks slow the convection of the electrolyte between the hot and the cold electrode, and so"
    " keep the temperature difference that drives a thermocell. We show that guanidinium chloride raises the"
    " thermopower of such gels to 3.2 mV per kelvin, because it crystallises ferrocyanide in the cold half."
)
CLOTH = (
    "Carbon cloth offers a large area to redox couples in aqueous thermocells and is cheap, but it wets"
    " badly. Treating it with oxygen plasma for two minutes makes it hydrophilic and doubles the current."
)


def paper(title: str, abstract: str = GEL, **more: Any) -> ParsedPaper:
    known = {name: more.pop(name) for name in ("doi", "authors", "year", "venue", "url") if name in more}
    return replace(make_paper(title=title, abstract=abstract, **known), **more)


@pytest.fixture
def tell(embedded: Database, embedded_workspace: str) -> Tell:
    """Keeps papers in one batch, as a process would that knows nothing of the earlier ones."""

    def kept(*papers: ParsedPaper) -> Kept:
        batch = [Told(one, one.source or "a.jsonl", one.source or "file", one.source_id) for one in papers]
        return keep(embedded, Keeper(embedded_workspace), embedded_workspace, batch)

    return kept


@pytest.fixture
def rows(embedded: Database, embedded_workspace: str) -> Rows:
    def papers() -> list[Paper]:
        with embedded.read() as session:
            return Papers(session, embedded_workspace).all()

    return papers


@pytest.fixture(params=["one batch", "two batches"])
def tell_both(request: pytest.FixtureRequest, tell: Tell) -> Callable[[ParsedPaper, ParsedPaper], None]:
    """Whether papers come together or one after the other must make no difference."""

    def told(first: ParsedPaper, second: ParsedPaper) -> None:
        if request.param == "one batch":
            tell(first, second)
        else:
            tell(first)
            tell(second)

    return told


SAME = {
    "one DOI": (paper("Gels", doi="10.1000/a"), paper("Gelatin!", CLOTH, doi="10.1000/A")),
    "two versions on arXiv": (
        paper("Gelatin thermocells", identifiers={"arxiv": "2505.17873"}),
        paper("Thermocells of gelatin", CLOTH, doi="10.48550/arXiv.2505.17873", kind="preprint"),
    ),
    "one title and year": (
        paper("Gelatin thermocells made tough", year=2020),
        paper("GELATIN thermocells, made tough.", "No abstract is known.", year=2021),
    ),
    "a short title and one text": (paper("Editorial"), paper("Editorial", GEL + " Read on.")),
    "one text under like titles": (
        paper("Gelatin thermocells with guanidinium", year=2024),
        paper("Thermocells from gelatin with guanidinium", "Abstract: " + GEL, year=2024),
    ),
    "a preprint that a bibliography names without a DOI": (
        paper("Gelatin thermocells made tough", identifiers={"arxiv": "2505.17873"}, kind="preprint"),
        paper("Gelatin thermocells made tough", year=2025),
    ),
}
OTHERS = {
    "titles that say nothing": (paper("Editorial"), paper("Editorial", CLOTH)),
    "titles of one word": (paper("Introduction", year=2020), paper("Introduction", CLOTH, year=2020)),
    "years far apart": (
        paper("Gelatin thermocells made tough", year=2001),
        paper("Gelatin thermocells made tough", CLOTH, year=2020),
    ),
    "other people": (
        paper("Recent advances in thermocells", authors=["Doe, Ada"]),
        paper("Recent advances in thermocells", CLOTH, authors=["Ben Roe"]),
    ),
    "other DOIs and nothing else in common": (
        paper("Recent advances in thermocells", doi="10.1000/a"),
        paper("Recent advances in thermocells", CLOTH, doi="10.1000/b"),
    ),
    "parts of a series with one text": (
        paper("Gelatin thermocells: part 1"),
        paper("Gelatin thermocells: part 2", GEL + " Read on."),
    ),
    "one text under unlike titles": (
        paper("Gelatin thermocells made tough"),
        paper("Crystal structure of urea", GEL + " Read on."),
    ),
    "first lines of two PDFs that are the journal's name": (
        paper("Journal of Gels and Networks", title_is_sure=False),
        paper("Journal of Gels and Networks", CLOTH, title_is_sure=False),
    ),
}
VERSIONS = {
    "preprint and published": (
        paper("Gelatin thermocells made tough", identifiers={"arxiv": "2505.17873"}, kind="preprint"),
        paper("Gelatin thermocells made tough", doi="10.1000/a", kind="article", year=2025),
    ),
    "a preprint with a DOI of its own": (
        paper("Gelatin thermocells, tough", doi="10.26434/chemrxiv-1", year=2024),
        paper("Tough gelatin thermocells", doi="10.1000/a", year=2025),
    ),
    "published in two languages": (
        paper("Gelatin thermocells made tough", doi="10.1000/ange", authors=["Ada Doe"], year=2024),
        paper("Gelatin thermocells made tough", doi="10.1000/anie", authors=["Doe, A."], year=2025),
    ),
}


@pytest.mark.parametrize("why", SAME)
def test_one_paper_is_kept_once(tell_both, rows: Rows, why: str) -> None:
    tell_both(*SAME[why])
    assert len(rows()) == 1


@pytest.mark.parametrize("why", OTHERS)
def test_two_papers_are_two(tell_both, rows: Rows, why: str) -> None:
    tell_both(*OTHERS[why])
    assert [row.version_of for row in rows()] == [None, None]


def test_a_preprint_is_linked_that_the_published_record_names(tell_both, rows: Rows) -> None:
    named = ("10.26434/chemrxiv-1",)
    tell_both(paper("A draft", doi=named[0]), paper("Tough gels", CLOTH, doi="10.1000/a", versions=named))
    draft, published = rows()
    assert draft.version_of == published.id


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("why", VERSIONS)
def test_versions_are_linked_to_the_one_to_cite(tell_both, rows: Rows, why: str, turn: int) -> None:
    early, late = VERSIONS[why]
    tell_both(*VERSIONS[why][::turn])
    by_title_and_doi = {(row.title, row.doi): row for row in rows()}
    assert len(by_title_and_doi) == 2
    assert by_title_and_doi[late.title, late.doi].version_of is None
    assert by_title_and_doi[early.title, early.doi].version_of == by_title_and_doi[late.title, late.doi].id


def test_all_earlier_versions_are_versions_of_the_latest(tell: Tell, rows: Rows) -> None:
    tell(paper("Gelatin thermocells made tough", doi="10.26434/chemrxiv-1", year=2023))
    tell(paper("Gelatin thermocells made tough", doi="10.21203/rs-1", year=2024))
    assert len(rows()) == 2
    tell(paper("Gelatin thermocells made tough", doi="10.1000/a", year=2025))
    first, second, last = rows()
    assert (first.version_of, second.version_of, last.version_of) == (last.id, last.id, None)


def test_a_record_that_names_both_ids_links_those_that_are_here(tell: Tell, rows: Rows) -> None:
    tell(
        paper("An early draft", identifiers={"arxiv": "2505.17873"}),
        paper("Tough gels", CLOTH, doi="10.1000/a"),
    )
    kept = tell(paper("Tough gels", CLOTH, doi="10.1000/a", identifiers={"arxiv": "2505.17873"}))
    draft, published = rows()
    assert (kept.added, kept.linked) == ((), 1)
    assert draft.version_of == published.id


def test_what_several_sources_tell_is_merged(tell: Tell, rows: Rows) -> None:
    tell(
        paper(
            "Gelatin thermocells made tough",
            identifiers={"arxiv": "2505.17873"},
            source="arxiv",
            source_id="1",
        )
    )
    told = {
        "authors": ["Ada Doe"],
        "year": 2025,
        "venue": "J. Gels",
        "identifiers": {"pmid": "7", "arxiv": "2505.17873"},
        "licence": "cc-by",
        "published_on": "2025-06-07",
        "references": ("10.1000/cited",),
        "retraction": "retracted",
        "source": "pubmed",
        "source_id": "7",
    }
    tell(paper("Gelatin thermocells made tough", **told))
    tell(
        paper(
            "Gelatin thermocells made tough", year=2024, retraction="corrected", licence="none", source="rss"
        )
    )
    (row,) = rows()
    assert (row.authors, row.year, row.venue, row.licence) == (["Ada Doe"], 2025, "J. Gels", "cc-by")
    assert row.identifiers == {"arxiv": "2505.17873", "pmid": "7"}
    assert (row.published_on, row.references, row.retraction) == (
        "2025-06-07",
        ["10.1000/cited"],
        "retracted",
    )
    assert [(one["source"], one["id"]) for one in row.sources] == [
        ("arxiv", "1"),
        ("pubmed", "7"),
        ("rss", ""),
    ]


def test_a_longer_abstract_takes_the_place_of_a_shorter_one_until_a_run_reads_it(
    tell: Tell, rows: Rows, embedded: Database, embedded_workspace: str
) -> None:
    title = "Gelatin thermocells made tough"
    tell(paper(title, GEL[:150]))
    tell(paper(title, GEL))
    assert rows()[0].abstract == GEL
    with embedded.write() as session:
        assert "".join(one.text for one in Papers(session, embedded_workspace).passages()) == GEL
        Runs(session, embedded_workspace).create("How?", "", {}, [rows()[0].id])
    tell(paper(title, f"{GEL} And more of it."))
    assert rows()[0].abstract == GEL


def test_another_text_is_no_longer_abstract(tell: Tell, rows: Rows) -> None:
    tell(paper("Gelatin thermocells made tough", GEL))
    tell(paper("Gelatin thermocells made tough", CLOTH * 2))
    assert rows()[0].abstract == GEL


@pytest.mark.parametrize("together", [True, False])
def test_a_full_text_comes_behind_the_abstract_section_by_section(
    tell: Tell, rows: Rows, embedded: Database, embedded_workspace: str, together: bool
) -> None:
    title = "Gelatin thermocells made tough"
    full = paper(title, GEL, sections=(("Methods", "Gelatin was dissolved."), ("Results", CLOTH)))
    if together:
        tell(paper(title, GEL), full)
    else:
        tell(paper(title, GEL))
        tell(full)
    tell(full)
    with embedded.read() as session:
        passages = Papers(session, embedded_workspace).passages()
    assert rows()[0].has_text
    assert [(one.section, one.text) for one in passages] == [
        ("", GEL),
        ("Methods", "Gelatin was dissolved."),
        ("Results", CLOTH),
    ]


def test_no_two_papers_of_a_real_corpus_are_one(tell: Tell, rows: Rows) -> None:
    """A stand-in for the development corpus, whose 300 papers bench/ingestion.py checks."""
    demo = Path(__file__).parents[2] / "demo" / "literature.jsonl"
    papers = [json.loads(line) for line in demo.read_text().splitlines() if line.strip()]
    kept = tell(*(paper(one["title"], one["abstract"]) for one in papers))
    assert len(kept.added) == len(rows()) == len(papers)
    assert all(row.version_of is None for row in rows())
    again = tell(*(paper(f"On {one['title']}", one["abstract"] + " Read on.") for one in papers))
    by_id = {row.id: row for row in rows()}
    assert [by_id[one].title for one in again.added] == []
