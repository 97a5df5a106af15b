"""OpenAlex: works of all kinds; ``pyalex`` writes the query and turns the abstract's index into text.

Its own way to the service has a fixed address and no timeout, so a subclass goes ours. Without a key,
OpenAlex gives numbered pages only, and no more than 10,000 works of a query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyalex

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import arxiv_of, make_entry, member, members
from knowledge.sources.source import Page, Query
from knowledge.sources.transport import Reply, Transport, Unreadable, as_json
from knowledge.sources.walk import Answer, Window, walk

NAME = "openalex"
PAUSE_S = 0.2
PAGE = 100
NUMBER = "page "
NUMBERED_PAGES = 100
OVERLAP_DAYS = 60
"""It can be asked for days of publication only (those of indexing cost money), and indexes weeks later."""

API = "https://api.openalex.org/"
FIELDS = (
    "id doi title publication_date type is_retracted authorships primary_location best_oa_location locations"
    " ids abstract_inverted_index"
).split()
KINDS = {"article": "article", "preprint": "preprint", "review": "review"}


class OpenAlex:
    """Works with an abstract that match a search, the newest first."""

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._base = settings.openalex_url.rstrip("/") + "/"
        self._transport = transport
        key = settings.openalex_key
        self._headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(query.text, window, cursor)

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, window: Window, cursor: str | None) -> Answer:
        works = Works(self._transport, self._base, self._headers).search(text).select(FIELDS)
        wanted: dict[str, Any] = {"has_abstract": True}
        if window.published_since:
            wanted["from_publication_date"] = window.published_since.isoformat()
        if window.until:
            wanted["to_publication_date"] = window.until.isoformat()
        works = works.filter(**wanted).sort(publication_date="desc")
        numbered = (cursor or "").startswith(NUMBER)
        if self._headers:  # one that was numbered before there was a key begins anew
            found = works.get(per_page=PAGE, cursor=cursor if cursor and not numbered else "*")
            following = found.meta.get("next_cursor")
        else:
            number = int(str(cursor).removeprefix(NUMBER)) if numbered else 1
            found = works.get(per_page=PAGE, page=number)
            more = len(found) == PAGE and number < NUMBERED_PAGES
            following = f"{NUMBER}{number + 1}" if more else None
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        for work in found:
            try:
                papers.append(_paper(work))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, _last(work.get("id")), str(error)))
        return Answer(tuple(papers), tuple(broken), following, found.meta.get("count"))


class Works(pyalex.Works):  # type: ignore[misc]
    """pyalex's works, asked for by our transport; the client takes the endpoint's name from the class's."""

    def __init__(self, transport: Transport, base: str, headers: Mapping[str, str]) -> None:
        super().__init__()
        self._transport = transport
        self._base = base
        self._headers = headers

    def _get_from_url(self, url: str, session: object = None) -> pyalex.api.OpenAlexResponseList:
        read = self._transport.fetch(self._base + url.removeprefix(API), _whole, headers=self._headers)
        results = [one for one in read["results"] if isinstance(one, dict)]
        return pyalex.api.OpenAlexResponseList(results, read["meta"], self.resource_class)


def _whole(reply: Reply) -> dict[str, Any]:
    read = as_json(reply)
    if not isinstance(read.get("results"), list) or not isinstance(read.get("meta"), dict):
        raise Unreadable("it holds no results")
    return read


def _paper(work: pyalex.Work) -> ParsedPaper:
    where, free = work.get("primary_location"), work.get("best_oa_location")
    doi = work.get("doi")
    # One work holds all its versions; those on arXiv are told from it, for they have a record of their own.
    addresses = [member(place, "landing_page_url") for place in members(work, "locations")]
    preprints = [f"arxiv:{found}" for found in map(arxiv_of, addresses) if found]
    identifiers = {
        "openalex": _last(work.get("id")),
        "pmid": _last(member(work, "ids", "pmid")),
        "pmcid": _pmcid(_last(member(work, "ids", "pmcid"))),
    }
    if not doi and preprints:
        identifiers["arxiv"] = preprints[0].removeprefix("arxiv:")
    return make_entry(
        NAME,
        _last(work.get("id")),
        title=work.get("title"),
        abstract=_abstract(work.get("abstract_inverted_index")),
        doi=doi,
        authors=[member(one, "author", "display_name") for one in members(work, "authorships")],
        published_on=work.get("publication_date"),
        venue=member(where, "source", "display_name"),
        url=doi or member(where, "landing_page_url") or work.get("id"),
        identifiers=identifiers,
        kind=KINDS.get(str(work.get("type")), "other"),
        licence=member(where, "license") or member(free, "license"),
        retraction="retracted" if work.get("is_retracted") is True else "",
        versions=preprints,
        pdf_url=member(free, "pdf_url") or member(where, "pdf_url"),
    )


def _abstract(index: object) -> str:
    if not isinstance(index, dict):
        return ""
    try:
        return pyalex.invert_abstract(index) or ""
    except TypeError:  # places that are no list of numbers
        raise Unusable("its abstract cannot be read") from None


def _pmcid(number: str) -> str:
    return f"PMC{number.removeprefix('PMC')}" if number else ""


def _last(address: object) -> str:
    return str(address).rstrip("/").rpartition("/")[2] if address else ""
