"""Feeds of journals, in the formats that there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from literature_service import Asked, LiteratureService, Reply

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Page, Query, Refused, Source, SourceDown

SWELL = (
    "We make gels of many kinds and measure how far they swell in water at 25 °C and how soon they dry again."
)
Read = Callable[..., list[Page]]

ITEM = """
<item rdf:about="https://gels.org/{n}">
  <title><![CDATA[Gels <i>of kind</i> {n}]]></title>
  <link>https://gels.org/{n}</link>
  <description>&lt;p&gt;{text}&lt;/p&gt;</description>
  <dc:title>Gels of kind {n}</dc:title>
  <dc:creator>Ada Doe, Bo Lee and Cy Day</dc:creator>
  <dc:identifier>doi:10.1000/gel.{n}</dc:identifier>
  <dc:date>2024-03-{n:02}</dc:date>
  <prism:publicationName>Journal of Gels</prism:publicationName>
  <prism:doi>10.1000/gel.{n}</prism:doi>
</item>"""


def rdf(*numbers: int, text: str = SWELL) -> bytes:
    """RSS 1.0, as publishers write it."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
<channel rdf:about="https://gels.org/"><title>J. Gels: newest</title><link>https://gels.org/</link></channel>
{"".join(ITEM.format(n=n, text=text) for n in numbers)}
</rdf:RDF>""".encode()


RSS_2 = f"""<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>cond-mat.soft updates on arXiv.org</title><link>http://arxiv.org</link><description>x</description>
<item><title>Gels of one kind</title><link>https://arxiv.org/abs/2403.00001</link>
<guid isPermaLink="false">oai:arXiv.org:2403.00001v1</guid>
<description>arXiv:2403.00001v1 Announce Type: new</description>
<content:encoded><![CDATA[<p>{SWELL}</p>]]></content:encoded>
<pubDate>Fri, 01 Mar 2024 00:00:00 -0500</pubDate></item>
</channel></rss>""".encode()

ATOM = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Gels today</title><id>urn:gels</id>
<updated>2024-03-02T00:00:00Z</updated>
<entry><title type="html">Gels at p &amp;lt; 0.05</title><id>urn:gels:1</id><link href="https://gels.org/a"/>
<published>2024-03-01T10:00:00Z</published><updated>2024-03-02T00:00:00Z</updated>
<author><name>Ada Doe</name></author><author><name>Bo Lee</name></author><summary>{SWELL}</summary></entry>
</feed>""".encode()


@pytest.fixture
def read(service: LiteratureService, opened: Callable[..., Source]) -> Read:
    def pages(content: bytes | Reply, state: dict[str, Any] | None = None, **query: Any) -> list[Page]:
        reply = (
            content if isinstance(content, Reply) else Reply(content, headers={"Content-Type": "text/xml"})
        )
        service.answer = lambda asked: reply
        wanted = Query(f"{service.url}/feed.xml", **query)
        return list(opened("rss", tries=1).fetch(wanted, state or {}))

    return pages


def test_a_journal_s_feed_tells_of_its_papers(read):
    [page] = read(rdf(1))
    assert page.papers == (
        ParsedPaper(
            "Gels of kind 1",
            SWELL,
            doi="10.1000/gel.1",
            authors=("Ada Doe", "Bo Lee", "Cy Day"),
            year=2024,
            venue="Journal of Gels",
            url="https://gels.org/1",
            published_on="2024-03-01",
            source="rss",
            source_id="https://gels.org/1",
        ),
    )


def test_a_feed_of_arxiv_tells_of_preprints(read):
    [page] = read(RSS_2)
    [paper] = page.papers
    assert (paper.kind, paper.identifiers) == ("preprint", {"arxiv": "2403.00001"})
    assert (paper.abstract, paper.published_on) == (SWELL, "2024-03-01")


def test_an_atom_feed_is_read_too(read):
    [page] = read(ATOM)
    [paper] = page.papers
    assert (paper.title, paper.venue) == ("Gels at p < 0.05", "Gels today")
    assert paper.authors == ("Ada Doe", "Bo Lee")
    assert (paper.published_on, paper.source_id) == ("2024-03-01", "urn:gels:1")


def test_only_entries_that_were_not_there_the_last_time_are_given(read):
    [first] = read(rdf(1, 2))
    [second] = read(rdf(2, 3), first.state)
    assert [paper.doi for paper in second.papers] == ["10.1000/gel.3"]
    assert second.total == 2
    [third] = read(rdf(2, 3), second.state)
    assert third.papers == ()


def test_a_page_that_was_not_kept_is_given_again(read):
    [lost] = read(rdf(1, 2))
    [again] = read(rdf(1, 2))
    assert again.papers == lost.papers


def test_a_feed_that_did_not_change_is_not_sent(read, service):
    marks = {"ETag": '"abc"', "Last-Modified": "Fri, 01 Mar 2024 00:00:00 GMT"}
    [first] = read(Reply(rdf(1), headers=marks))

    def unchanged(asked: Asked) -> Reply:
        assert asked.headers["If-None-Match"] == '"abc"'
        assert asked.headers["If-Modified-Since"] == "Fri, 01 Mar 2024 00:00:00 GMT"
        return Reply(status=304)

    assert read(Reply(status=304), first.state) == []
    unchanged(service.asked[-1])


def test_another_address_begins_anew(read):
    [first] = read(Reply(rdf(1), headers={"ETag": '"abc"'}))
    [page] = read(rdf(1), first.state | {"url": "https://elsewhere.org/feed"})
    assert len(page.papers) == 1


def test_a_limited_run_leaves_the_rest_to_the_next(read):
    reply = Reply(rdf(1, 2, 3), headers={"ETag": '"abc"'})
    [first] = read(reply, limit=2)
    assert (len(first.papers), "etag" in first.state) == (2, False)
    [second] = read(reply, first.state, limit=2)
    assert [paper.doi for paper in second.papers] == ["10.1000/gel.3"]
    assert second.state["etag"] == '"abc"'


def test_entries_of_other_days_are_left_out(read):
    [page] = read(rdf(1, 5, 9), since=date(2024, 3, 2), until=date(2024, 3, 8))
    assert [paper.doi for paper in page.papers] == ["10.1000/gel.5"]


def test_an_entry_that_says_nothing_does_not_lose_the_others(read):
    short = rdf(1).replace(SWELL.encode(), b"Journal of Gels, Volume 3, Issue 2, March 2024.")
    both = short.replace(b"</rdf:RDF>", ITEM.format(n=2, text=SWELL).encode() + b"</rdf:RDF>")
    [page] = read(both)
    assert [paper.doi for paper in page.papers] == ["10.1000/gel.2"]
    assert [(entry.entry, entry.reason) for entry in page.broken] == [
        ("https://gels.org/1", "its feed gives no abstract")
    ]


def test_signs_that_xml_does_not_know_lose_no_entry(read):
    [page] = read(rdf(1, 2).replace(b"https://gels.org/1</link>", b"https://gels.org/1?a=1&b=2</link>"))
    assert len(page.papers) == 2


def test_a_web_page_is_no_feed(read):
    with pytest.raises(Refused, match="rss is a web page and no feed"):
        read(b"<!DOCTYPE html><html><head><title>J. Gels</title></head></html>")


@pytest.mark.parametrize(
    "content", [b"", b"gels", b'{"a": 1}', b"<?xml version='1.0'?><gels/>", rdf(1, 2)[:-600]]
)
def test_what_is_no_whole_feed_is_nonsense(read, content):
    with pytest.raises(SourceDown, match=r"it is (no|only a part of a) feed"):
        read(content)


def test_a_feed_that_has_moved_is_followed(service, opened):
    moved = Reply(status=302, headers={"Location": "/new.xml"})
    service.answer = lambda asked: Reply(rdf(1)) if asked.path == "/new.xml" else moved
    [page] = opened("rss").fetch(Query(f"{service.url}/old.xml"), {})
    assert len(page.papers) == 1


def test_a_feed_that_leads_around_in_a_circle_is_refused(service, opened):
    service.answer = lambda asked: Reply(status=302, headers={"Location": "/round"})
    with pytest.raises(Refused, match="cannot be asked"):
        list(opened("rss").fetch(Query(f"{service.url}/round"), {}))


def test_a_feed_leads_to_no_private_network_unless_that_is_allowed(service, opened):
    with pytest.raises(Refused, match="is in a private network"):
        list(opened("rss", private_addresses=False).fetch(Query(f"{service.url}/feed"), {}))
    assert service.asked == []
