"""arXiv: preprints; the ``arxiv`` package writes the query and reads the entries.

Its client takes no timeout, asks again at once where the service wants to be left alone, and mends a feed
that broke off by leaving out the rest; so the asking is ours, and a feed has to be whole.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from arxiv import Client, Result, Search, SortCriterion, SortOrder, _feed
from lxml import etree

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import ARXIV_DOI, arxiv_of, make_entry
from knowledge.sources.source import Page, Query, Refused
from knowledge.sources.transport import Reply, Transport, Unreadable
from knowledge.sources.walk import Answer, Window, walk

logging.getLogger("arxiv").setLevel(logging.CRITICAL)  # what is broken is told by the page

NAME = "arxiv"
PAUSE_S = 3.0
PAGE = 100
OVERLAP_DAYS = 5
"""What is submitted on a Friday is announced on Monday."""

ATOM = "{http://www.w3.org/2005/Atom}"
TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"


class Arxiv:
    """Preprints, those that were submitted last first."""

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._transport = transport
        self._client = Client(page_size=PAGE)
        self._client.query_url_format = f"{settings.arxiv_url}?{{}}"

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(in_fields(query.text), window, int(cursor or 0))

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, window: Window, start: int) -> Answer:
        search = Search(
            _between(text, window.published_since, window.until),
            sort_by=SortCriterion.SubmittedDate,
            sort_order=SortOrder.Descending,
        )

        def whole(reply: Reply) -> etree._Element:
            feed = atom(reply.content)
            # Deep in a long answer arXiv now and then gives an empty page, and a full one when asked again.
            if start < _total(feed) and feed.find(f"{ATOM}entry") is None:
                raise Unreadable("it is an empty page where there should be more")
            return feed

        feed = self._transport.fetch(self._client._format_url(search, start, PAGE), whole)
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        entries = feed.findall(f"{ATOM}entry")
        for entry in entries:
            name = (entry.findtext(f"{ATOM}id") or "an entry without id").strip()
            try:
                papers.append(_paper(_read(entry, name)))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, arxiv_of(name) or name, str(error)))
        behind = start + len(entries)
        more = entries and behind < _total(feed)
        return Answer(tuple(papers), tuple(broken), str(behind) if more else None, _total(feed))


def in_fields(text: str) -> str:
    """arXiv's query for plain words: all of them, wherever; a query in its own language is left as it is."""
    if ":" in text or not text.strip():
        return text
    return " AND ".join(f"all:{word}" for word in _terms(text))


def _terms(text: str) -> Iterator[str]:
    """Words, and what stands in quotation marks as one."""
    for number, part in enumerate(text.split('"')):
        if number % 2:
            yield f'"{part}"'
        else:
            yield from (word for word in part.split() if word.upper() != "AND")


def _between(text: str, since: date | None, until: date | None) -> str:
    if since is None and until is None:
        return text
    first = f"{since:%Y%m%d}0000" if since else "199101010000"
    last = f"{until:%Y%m%d}2359" if until else "299912312359"
    return f"({text}) AND submittedDate:[{first} TO {last}]"


def atom(content: bytes) -> etree._Element:
    """The feed's root; raises Unreadable where it is no whole feed, and Refused where arXiv says no."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise Unreadable("it is no XML, or only a part of it") from None
    if root.tag != f"{ATOM}feed":
        raise Unreadable("it is a web page instead of a feed")
    first = root.find(f"{ATOM}entry")
    if first is not None and "/api/errors" in (first.findtext(f"{ATOM}id") or ""):
        raise Refused(NAME, f"refuses the query: {(first.findtext(f'{ATOM}summary') or '').strip()[:200]}")
    return root


def _total(feed: etree._Element) -> int:
    text = feed.findtext(TOTAL) or ""
    return int(text) if text.strip().isdecimal() else 0


def _read(entry: etree._Element, name: str) -> Result:
    try:
        result = _feed._build_result(entry)
    except ValueError:  # of a date
        raise Unusable("its dates cannot be read") from None
    if result is None:
        raise Unusable("it has no id, or no date")
    return result


def _paper(result: Result) -> ParsedPaper:
    own = arxiv_of(result.entry_id) or result.get_short_id()
    comment = (result.comment or "").lower()
    return make_entry(
        NAME,
        own,
        title=result.title,
        abstract=result.summary,
        doi=f"{ARXIV_DOI}{own}",
        authors=[author.name for author in result.authors],
        published_on=result.published.date().isoformat(),
        venue="arXiv",
        url=f"https://arxiv.org/abs/{own}",
        kind="preprint",
        retraction="retracted" if "withdrawn" in comment else "",
        version_of=result.doi,
        pdf_url=result.pdf_url,
    )
