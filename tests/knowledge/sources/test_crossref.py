"""What Crossref says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from answers import ONE, TWO, CrossrefFormat, Known, crossref_item, crossref_list

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Query


def test_crossref_tells_of_registered_works(page, service):
    item = crossref_item(
        ONE,
        title=["Gels &amp; water"],
        relation={
            "has-preprint": [
                {"id-type": "doi", "id": "10.26434/chemrxiv-2023-x", "asserted-by": "object"},
                {"id-type": "arxiv", "id": "2403.00001", "asserted-by": "subject"},
            ]
        },
        reference=[{"key": "1", "DOI": "10.1000/OLD.1"}, {"key": "2", "unstructured": "Doe, 1999"}],
        link=[{"URL": "https://gels.org/1.pdf", "content-type": "application/pdf"}],
        author=[{"name": "The Gel Society"}, {"given": "Ada", "family": "Doe"}],
        **{"updated-by": [{"type": "correction"}, {"type": "expression_of_concern"}]},
    )
    [paper] = page("crossref", crossref_list([item], 1), contact="ada@gels.org").papers
    assert paper == ParsedPaper(
        "Gels & water",
        ONE.abstract,
        doi="10.1000/gel.1",
        authors=("The Gel Society", "Ada Doe"),
        year=2024,
        venue="Journal of Gels",
        url="https://doi.org/10.1000/gel.1",
        published_on="2024-03-01",
        kind="article",
        licence="https://creativecommons.org/licenses/by/4.0/",
        retraction="concern",
        references=("10.1000/old.1",),
        versions=("10.26434/chemrxiv-2023-x", "arxiv:2403.00001"),
        pdf_url="https://gels.org/1.pdf",
        source="crossref",
        source_id="10.1000/GEL.1",
    )
    [asked] = service.asked
    assert asked.path == "/works"
    assert asked.query["query.bibliographic"] == "gels"
    assert asked.query["mailto"] == "ada@gels.org"
    assert asked.query["filter"] == "has-abstract:true,from-pub-date:2024-01-01,until-pub-date:2024-12-31"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"updated-by": [{"type": "retraction"}, {"type": "erratum"}]}, "retracted"),
        ({"updated-by": [{"type": "withdrawal"}]}, "retracted"),
        ({"updated-by": [{"type": "partial_retraction"}]}, "concern"),
        ({"updated-by": [{"type": "corrigendum"}]}, "corrected"),
        ({"updated-by": [{"type": "new_version"}, {}, None]}, ""),
        ({"update-to": [{"type": "retraction", "DOI": "10.1000/other"}]}, ""),
        ({"title": ["RETRACTED: Gels of one kind"]}, "retracted"),
    ],
)
def test_crossref_says_what_became_of_a_paper(page, told, status):
    [paper] = page("crossref", crossref_list([crossref_item(ONE, **told)], 1)).papers
    assert paper.retraction == status


def test_a_preprint_at_crossref_names_the_paper_that_it_became(page):
    relation = {"is-preprint-of": [{"id-type": "doi", "id": "10.1000/GEL.9", "asserted-by": "subject"}]}
    item = crossref_item(
        ONE, type="posted-content", relation=relation, posted={"date-parts": [[2023, 11]]}, issued={}
    )
    [paper] = page("crossref", crossref_list([item], 1)).papers
    assert (paper.kind, paper.version_of, paper.published_on) == ("preprint", "10.1000/gel.9", "2023-11")


def test_what_crossref_finds_by_chance_is_left_out_and_ends_the_walk(service, opened):
    service.answer = CrossrefFormat([Known(number) for number in range(1, 131)], unfitting=400)
    pages = list(opened("crossref").fetch(Query("kinds of gel"), {}))
    assert [len(page.papers) for page in pages] == [100, 30, 0]
    assert not any(page.broken for page in pages)


def test_one_broken_item_of_crossref_does_not_lose_the_page(page):
    items: list[Any] = [
        crossref_item(ONE, title=[], abstract="gels"),
        crossref_item(TWO, author="x", license=7),
        5,
    ]
    got = page("crossref", crossref_list(items, 3))
    assert [paper.doi for paper in got.papers] == ["10.1000/gel.2"]
    assert [entry.reason for entry in got.broken] == ["it has no title"]
