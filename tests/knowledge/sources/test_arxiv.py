"""What arXiv says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from datetime import date

import pytest
from answers import GELS, ONE, THREE, TWO, Known, arxiv_entry, arxiv_feed

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Query, Refused


def test_arxiv_tells_of_preprints(page):
    more = (
        "<arxiv:comment>12 pages</arxiv:comment><arxiv:doi>10.1000/gel.1</arxiv:doi>"
        "<arxiv:journal_ref>J. Gels 3 (2024)</arxiv:journal_ref>"
    )
    entry = arxiv_entry(
        ONE, more, title=r"Gels of $\alpha$-Fe$_2$O$_3$", abstract="At p &lt; 0.05\n  they swell."
    )
    [paper] = page("arxiv", arxiv_feed([entry], 1)).papers
    assert paper == ParsedPaper(
        "Gels of α-Fe2O3",
        "At p < 0.05 they swell.",
        doi="10.48550/arxiv.2403.00001",
        authors=("Ada Doe", "Bo Lee"),
        year=2024,
        venue="arXiv",
        url="https://arxiv.org/abs/2403.00001",
        published_on="2024-03-01",
        identifiers={"arxiv": "2403.00001"},
        kind="preprint",
        version_of="10.1000/gel.1",
        pdf_url="http://arxiv.org/pdf/2403.00001v2",
        source="arxiv",
        source_id="2403.00001",
    )


def test_arxiv_is_asked_for_all_words_or_in_its_own_language(service, opened):
    service.answer = lambda asked: arxiv_feed([], 0)
    asked = [
        ('solid "grain boundary" lithium', 'all:solid AND all:"grain boundary" AND all:lithium'),
        ("cat:cond-mat.soft ANDNOT ti:gel", "cat:cond-mat.soft ANDNOT ti:gel"),
    ]
    for text, query in asked:
        list(opened("arxiv").fetch(Query(text, date(2024, 1, 1), date(2024, 2, 29)), {}))
        expected = f"({query}) AND submittedDate:[202401010000 TO 202402292359]"
        assert service.asked[-1].query["search_query"] == expected
    assert service.asked[-1].query["sortBy"] == "submittedDate"


def test_a_preprint_that_was_withdrawn_says_so(page):
    entry = arxiv_entry(ONE, "<arxiv:comment>This paper has been withdrawn by the authors</arxiv:comment>")
    assert page("arxiv", arxiv_feed([entry], 1)).papers[0].retraction == "retracted"


def test_one_broken_entry_of_arxiv_does_not_lose_the_page(page):
    entries = [
        arxiv_entry(ONE, day="yesterday"),
        arxiv_entry(TWO, abstract="  "),
        arxiv_entry(THREE),
        "<entry><title>Without anything</title></entry>",
    ]
    got = page("arxiv", arxiv_feed(entries, 4))
    assert [paper.source_id for paper in got.papers] == ["2403.00003"]
    assert [(entry.entry, entry.reason) for entry in got.broken] == [
        ("2403.00001", "its dates cannot be read"),
        ("2403.00002", "it has no abstract"),
        ("an entry without id", "it has no id, or no date"),
    ]


def test_an_empty_page_of_arxiv_in_the_middle_is_asked_for_again(service, opened):
    entries = [arxiv_entry(Known(number)) for number in range(1, 151)]
    service.instead(arxiv_feed(entries[:100], 150), arxiv_feed([], 150, 100))
    service.answer = lambda asked: arxiv_feed(entries[100:], 150, 100)
    pages = list(opened("arxiv", backoff_s=0).fetch(GELS, {}))
    assert [len(page.papers) for page in pages] == [100, 50]


def test_arxiv_says_in_a_feed_what_it_does_not_understand(page):
    error = (
        "<entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_1234</id><title>Error</title>"
        "<summary>incorrect id format for 1234</summary></entry>"
    )
    with pytest.raises(Refused, match="arxiv refuses the query: incorrect id format for 1234"):
        page("arxiv", arxiv_feed([error], 1))
