"""What PubMed says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from answers import (
    GELS,
    ONE,
    THREE,
    TWO,
    Known,
    PubMedFormat,
    as_json,
    as_xml,
    pmid_of,
    pubmed_article,
    pubmed_set,
)
from literature_service import LiteratureService

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Page, Query, Refused, Source, SourceDown

Opened = Callable[..., Source]
Told = Callable[..., Page]


@pytest.fixture
def pubmed(service: LiteratureService, opened: Opened) -> Told:
    """What comes of these articles, where PubMed knows these papers."""

    def of(articles: Iterable[str], year: str = "19", known: Iterable[Known] = (ONE,)) -> Page:
        search = PubMedFormat(list(known))
        answer = pubmed_set(articles, year)
        service.answer = lambda asked: answer if asked.path.endswith("/efetch.fcgi") else search(asked)
        return next(opened("pubmed", tries=1, contact="ada@gels.org", pubmed_key="medusa").fetch(GELS, {}))

    return of


def test_pubmed_tells_of_records(pubmed, service):
    article = pubmed_article(
        ONE,
        title="Gels of CO<sub>2</sub> at p &lt; 0.05.",
        abstract='<AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">They <i>swell</i>.</AbstractText>'
        '<AbstractText Label="RESULTS">By 10<sup>3</sup>, a &lt; b.</AbstractText>',
        kinds='<PublicationType UI="D016454">Review</PublicationType>',
        notices="<CommentsCorrectionsList>"
        '<CommentsCorrections RefType="RetractionIn"><RefSource>J Gels</RefSource>'
        '<PMID Version="1">9</PMID></CommentsCorrections>'
        '<CommentsCorrections RefType="UpdateOf"><RefSource>bioRxiv</RefSource>'
        '<PMID Version="1">8</PMID></CommentsCorrections></CommentsCorrectionsList>',
        references="<ReferenceList><Reference><Citation>Doe, 1999</Citation><ArticleIdList>"
        '<ArticleId IdType="doi">10.1000/OLD.1</ArticleId><ArticleId IdType="pubmed">7</ArticleId>'
        "</ArticleIdList></Reference></ReferenceList>",
    )
    assert pubmed([article]).papers == (
        ParsedPaper(
            "Gels of CO2 at p < 0.05.",
            "Background: They swell. Results: By 10^3, a < b.",
            doi="10.1000/gel.1",
            authors=("Ada Doe", "Bo Lee"),
            year=2024,
            venue="Journal of Gels",
            url="https://pubmed.ncbi.nlm.nih.gov/38000001/",
            published_on="2024-03-01",
            identifiers={"pmcid": "PMC1", "pmid": "38000001"},
            kind="review",
            retraction="retracted",
            references=("10.1000/old.1",),
            versions=("pmid:8",),
            source="pubmed",
            source_id="38000001",
        ),
    )
    search, fetch = service.asked
    assert search.query["term"] == '(gels) AND hasabstract AND ("2024/01/01"[dp] : "2024/12/31"[dp])'
    assert search.query["email"] == fetch.query["email"] == "ada@gels.org"
    assert fetch.query["id"] == "38000001"


def test_a_key_of_pubmed_stands_in_no_address(pubmed, service):
    pubmed([pubmed_article(ONE)])
    assert all(asked.query["api_key"] == "medusa" for asked in service.asked)
    assert all(asked.headers["Content-Type"].startswith("application/x-www-form") for asked in service.asked)


def test_pubmed_writes_its_records_after_a_dtd_that_nobody_has_yet(pubmed):
    [paper] = pubmed([pubmed_article(ONE)], year="38").papers
    assert paper.abstract == ONE.abstract


def test_what_pubmed_does_not_give_is_told(pubmed):
    articles = [pubmed_article(ONE, abstract=""), pubmed_article(TWO)]
    got = pubmed(articles, known=[ONE, TWO, THREE])
    assert [paper.source_id for paper in got.papers] == [pmid_of(TWO)]
    assert [(entry.entry, entry.reason) for entry in got.broken] == [
        (pmid_of(ONE), "it has no abstract"),
        (pmid_of(THREE), "PubMed gives no article for it"),
    ]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>', "it is no PubMed XML"),
        ('<?xml version="1.0"?><PubmedArticleSet/>', "it is no PubMed XML"),
        ("<html>Error</html>", "it is no PubMed XML"),
    ],
)
def test_xml_that_is_not_pubmed_s_is_nonsense(service, opened, document, reason):
    search = PubMedFormat([ONE])
    service.answer = lambda asked: as_xml(document) if "efetch" in asked.path else search(asked)
    with pytest.raises(SourceDown, match=reason):
        next(opened("pubmed", tries=1).fetch(GELS, {}))


def test_more_records_than_pubmed_gives_of_a_query_come_in_spans_of_days(service, opened, monkeypatch):
    # Its limit of 9,999 records is drawn nearer, on both sides.
    monkeypatch.setattr("knowledge.sources.pubmed.DEEPEST", 99)
    known = [Known(number, date(2020, 1, 1) + timedelta(days=number)) for number in range(1, 260)]
    service.answer = PubMedFormat(known, deepest=99)
    source = opened("pubmed")
    pages = list(source.fetch(Query("gels"), {}))
    assert sorted(paper.title for page in pages for paper in page.papers) == sorted(
        one.title for one in known
    )
    third = pages[2]
    rest = [paper for page in source.fetch(Query("gels"), third.state) for paper in page.papers]
    assert len(rest) == len(known) - sum(len(page.papers) for page in pages[:3])


def test_a_query_that_pubmed_does_not_understand_is_refused(page):
    with pytest.raises(Refused, match="pubmed refuses the query: Empty term"):
        page("pubmed", as_json({"esearchresult": {"ERROR": "Empty term and query_key"}}))
