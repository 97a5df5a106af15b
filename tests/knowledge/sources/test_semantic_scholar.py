"""What Semantic Scholar says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from typing import Any

from answers import ONE, THREE, TWO, as_json, s2_paper

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Query


def test_semantic_scholar_tells_of_papers(page, service):
    record = s2_paper(
        ONE,
        externalIds={
            "DOI": "10.1000/GEL.1",
            "ArXiv": "2403.00001",
            "PubMed": "38000001",
            "PubMedCentral": "77",
        },
        publicationTypes=["Review", "JournalArticle"],
    )
    got = page("semantic_scholar", as_json({"total": 1, "data": [record]}), semantic_scholar_key="athena")
    assert got.papers == (
        ParsedPaper(
            "Gels of kind 1",
            ONE.abstract,
            doi="10.1000/gel.1",
            authors=("Ada Doe", "Bo Lee"),
            year=2024,
            venue="Journal of Gels",
            url=record["url"],
            published_on="2024-03-01",
            identifiers={"pmcid": "PMC77", "pmid": "38000001", "s2": record["paperId"]},
            kind="review",
            licence="CCBY",
            versions=("arxiv:2403.00001",),
            pdf_url="https://gels.org/1.pdf",
            source="semantic_scholar",
            source_id=record["paperId"],
        ),
    )
    [asked] = service.asked
    assert asked.path == "/graph/v1/paper/search/bulk"
    assert asked.query["query"] == "gels"
    assert asked.query["publicationDateOrYear"] == "2024-01-01:2024-12-31"
    assert asked.headers["x-api-key"] == "athena"


def test_a_query_with_signs_reaches_semantic_scholar_as_it_is(page, service):
    page("semantic_scholar", as_json({"total": 0, "data": []}), Query('"a & b" + (gel | foam) -c%20d=e'))
    assert service.asked[0].query["query"] == '"a & b" + (gel | foam) -c%20d=e'


def test_a_preprint_at_semantic_scholar_is_one(page):
    record = s2_paper(
        ONE, externalIds={"ArXiv": "2403.00001"}, publicationTypes=None, openAccessPdf=None, journal=None
    )
    [paper] = page("semantic_scholar", as_json({"total": 1, "data": [record]})).papers
    assert (paper.kind, paper.identifiers["arxiv"], paper.versions) == ("preprint", "2403.00001", ())
    assert paper.venue == "J. Gels"


def test_papers_without_abstract_are_no_faults_of_semantic_scholar(page):
    records: list[Any] = [
        s2_paper(ONE, abstract=None),
        s2_paper(TWO, title=""),
        "no paper",
        s2_paper(THREE, journal="J. Gels", authors=None),
    ]
    got = page("semantic_scholar", as_json({"total": 4, "data": records}))
    assert [paper.title for paper in got.papers] == [THREE.title]
    assert [entry.reason for entry in got.broken] == ["it has no title"]
