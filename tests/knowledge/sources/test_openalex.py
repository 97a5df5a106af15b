"""What OpenAlex says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from answers import ONE, THREE, TWO, Known, OpenAlexFormat, as_json, openalex_work

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Query


def test_openalex_tells_of_works(page, service):
    work = openalex_work(
        ONE,
        title="Gels in CO<sub>2</sub>",
        is_retracted=True,
        type="review",
        ids={
            "pmid": "https://pubmed.ncbi.nlm.nih.gov/38000001",
            "pmcid": "https://www.ncbi.nlm.nih.gov/pmc/articles/77",
        },
        locations=[{"landing_page_url": "http://arxiv.org/abs/2403.00001"}, {"landing_page_url": None}, None],
    )
    got = page("openalex", as_json({"meta": {"count": 1}, "results": [work]}))
    assert got.total == 1
    assert got.papers == (
        ParsedPaper(
            "Gels in CO2",
            ONE.abstract,
            doi="10.1000/gel.1",
            authors=("Ada Doe", "Bo Lee"),
            year=2024,
            venue="Journal of Gels",
            url="https://doi.org/10.1000/gel.1",
            published_on="2024-03-01",
            identifiers={"openalex": "W1", "pmcid": "PMC77", "pmid": "38000001"},
            kind="review",
            licence="cc-by",
            retraction="retracted",
            versions=("arxiv:2403.00001",),
            pdf_url="https://gels.org/1.pdf",
            source="openalex",
            source_id="W1",
        ),
    )
    [asked] = service.asked
    assert asked.path == "/works"
    assert asked.query["search"] == "gels"
    assert asked.query["filter"] == (
        "has_abstract:true,from_publication_date:2024-01-01,to_publication_date:2024-12-31"
    )
    assert "Authorization" not in asked.headers


def test_with_a_key_openalex_leads_to_the_end_of_a_long_answer(service, opened):
    service.answer = OpenAlexFormat([Known(number) for number in range(250)], key="alexandria")
    pages = list(opened("openalex", openalex_key="alexandria").fetch(Query("gels"), {}))
    assert sum(len(page.papers) for page in pages) == 250
    assert service.asked[0].query["cursor"] == "*"
    # One who began without a key, and has one now, begins anew.
    first = next(opened("openalex").fetch(Query("gels"), {}))
    pages = list(opened("openalex", openalex_key="alexandria").fetch(Query("gels"), first.state))
    assert sum(len(page.papers) for page in pages) == 250


def test_openalex_works_that_say_nothing_are_left_out(page):
    works = [
        openalex_work(ONE, abstract_inverted_index=None),
        openalex_work(TWO, title=None),
        openalex_work(THREE, abstract_inverted_index={"Gels": 3}),
        openalex_work(Known(4), authorships=None, primary_location=None, best_oa_location=None, doi=None),
        "no work",
    ]
    got = page("openalex", as_json({"meta": {"count": 5}, "results": works}))
    assert [paper.source_id for paper in got.papers] == ["W4"]
    assert [entry.reason for entry in got.broken] == [
        "it has no abstract",
        "it has no title",
        "its abstract cannot be read",
    ]
