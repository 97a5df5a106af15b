"""Crossref: what publishers register; ``habanero`` writes and checks the query.

Its requests have no limit of size and hide what the service says about waiting, so a subclass goes our way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from habanero.request_class import Request

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import date_text, gravest, make_entry, member, members, status_of
from knowledge.sources.markup import text_of
from knowledge.sources.source import Page, Query
from knowledge.sources.transport import Reply, Transport, Unreadable, as_json
from knowledge.sources.walk import Answer, Window, walk

NAME = "crossref"
PAUSE_S = 0.5
PAUSE_OF_STRANGERS_S = 1.1
"""For callers without an address, of whom it allows one list a second."""
PAGE = 100
DEEPEST = 10_000
"""Behind this offset it wants a cursor, which it forgets after five minutes."""
OVERLAP_DAYS = 3

FIELDS = (
    "DOI URL abstract author container-title issued license link posted published reference relation title"
    " type updated-by"
).split()
EMPTY_WORDS = frozenset("a an and as at by for from in into not of on or the to via with".split())
KINDS = {"journal-article": "article", "proceedings-article": "article", "posted-content": "preprint"}


class Crossref:
    """Registered works with an abstract, those that fit best first.

    Crossref ranks all works that hold any of the words, most of which hold one by chance: only those that
    hold all of them are given, and the walk ends with the first page that has none.
    """

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S if settings.contact else PAUSE_OF_STRANGERS_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._base = settings.crossref_url.rstrip("/")
        self._contact = settings.contact or None
        self._transport = transport

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(query.text, window, int(cursor or 0))

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, window: Window, offset: int) -> Answer:
        wanted = {"has_abstract": "true"}
        if window.since:
            wanted["from_pub_date"] = window.since.isoformat()
        if window.until:
            wanted["until_pub_date"] = window.until.isoformat()
        if window.new_since:  # also what was retracted or corrected since
            wanted["from_index_date"] = window.new_since.isoformat()
        message = _Works(self._transport, self._base, self._contact, text, wanted, offset).message()
        items = members(message, "items")
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        fitting = [item for item in items if isinstance(item, dict) and _holds_all(item, text)]
        for item in fitting:
            try:
                papers.append(_paper(item))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, str(member(item, "DOI")), str(error)))
        behind = offset + len(items)
        total = message.get("total-results")
        more = fitting and behind < min(total if isinstance(total, int) else 0, DEEPEST)
        return Answer(tuple(papers), tuple(broken), str(behind) if more else None)


class _Works(Request):  # type: ignore[misc]
    """habanero's request, sent by our transport."""

    def __init__(
        self,
        transport: Transport,
        base: str,
        contact: str | None,
        text: str,
        wanted: dict[str, str],
        offset: int,
    ) -> None:
        super().__init__(
            contact,
            None,
            None,
            base,
            "/works/",
            filter=wanted,
            offset=offset,
            limit=PAGE,
            select=FIELDS,
            query_bibliographic=text,
        )
        self._transport = transport

    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = self.do_request()["message"]
        return found

    def _req(self, payload: dict[str, Any], should_warn: bool) -> dict[str, Any]:
        if self.mailto:  # the polite pool
            payload = {**payload, "mailto": self.mailto}
        return self._transport.fetch(self._url(), _whole, params=payload)


def _whole(reply: Reply) -> dict[str, Any]:
    read = as_json(reply)
    message = read.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("items"), list):
        raise Unreadable("it holds no works")
    message.setdefault("total-results", 0)
    return read


def _holds_all(item: dict[str, Any], text: str) -> bool:
    """Whether title and abstract hold all words, or others that begin like them."""
    words = {_stem(word) for word in re.findall(r"\w+", text.casefold()) if word not in EMPTY_WORDS}
    told = [*members(item, "title"), member(item, "abstract")]
    held = text_of(" ".join(str(part) for part in told if part)).casefold()
    return all(word in held for word in words)


def _stem(word: str) -> str:
    return word.removesuffix("s")[: max(4, len(word) - 3)]


def _paper(item: dict[str, Any]) -> ParsedPaper:
    kind = KINDS.get(str(item.get("type")), "other")
    title = next(iter(members(item, "title")), None)
    statuses = [status_of(member(notice, "type")) for notice in members(item, "updated-by")]
    if re.match(r"\W*retracted\b", str(title), re.IGNORECASE):
        statuses.append("retracted")
    return make_entry(
        NAME,
        item.get("DOI"),
        title=title,
        abstract=item.get("abstract"),
        doi=item.get("DOI"),
        authors=[_name(author) for author in members(item, "author")],
        published_on=_published(item),
        venue=next(iter(members(item, "container-title")), None),
        url=item.get("URL"),
        kind=kind,
        licence=member(next(iter(members(item, "license")), None), "URL"),
        retraction=gravest(statuses),
        references=[member(one, "DOI") for one in members(item, "reference")],
        version_of=next(iter(_related(item, "is-preprint-of")), None),
        versions=_related(item, "has-preprint"),
        pdf_url=next(
            (
                member(link, "URL")
                for link in members(item, "link")
                if member(link, "content-type") == "application/pdf"
            ),
            None,
        ),
    )


def _name(author: object) -> str:
    parts = [member(author, "given"), member(author, "family")]
    return " ".join(str(part) for part in parts if part) or str(member(author, "name") or "")


def _published(item: dict[str, Any]) -> str | None:
    for name in ("published", "issued", "posted"):
        on = date_text(next(iter(members(item, name, "date-parts")), None))
        if on:
            return on
    return None


def _related(item: dict[str, Any], relation: str) -> list[str]:
    names: list[str] = []
    for one in members(item, "relation", relation):
        kind, name = str(member(one, "id-type")).lower(), str(member(one, "id") or "")
        if kind in ("doi", "arxiv"):
            names.append(f"arxiv:{name.lower().removeprefix('arxiv:')}" if kind == "arxiv" else name)
    return names
