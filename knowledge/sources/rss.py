"""RSS and Atom feeds of journals; ``feedparser`` reads them, and a feed that did not change is not read.

A feed is a window on the newest entries: what it shows has no pages, and what it no longer shows is gone.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import feedparser

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable, plain_text
from knowledge.sources.entry import arxiv_of, date_text, make_entry
from knowledge.sources.markup import text_of
from knowledge.sources.source import Page, Query, Refused
from knowledge.sources.transport import Reply, Transport, Unreadable

NAME = "rss"
PAUSE_S = 1.0
MOST_ENTRIES = 1_000
SHORTEST = 80
"""Letters of an abstract; what is shorter is a line about the issue."""
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>?#&]+")
END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
TAIL = 4_000
"""Bytes; behind a feed's end may stand a comment."""
ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"


class Rss:
    """The entries of a feed that were not in it the last time."""

    name = NAME
    anywhere = True

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._transport = transport

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        if state.get("url") != query.text:
            state = {}
        reply = self._transport.fetch(
            query.text, _whole, headers={"Accept": ACCEPT, **_unchanged(state)}, accept=(200, 304)
        )
        if reply is None:
            return
        headers, feed = reply
        known = frozenset(state.get("seen", ()))
        entries = feed.entries[:MOST_ENTRIES]
        fresh = [entry for entry in entries if _mark(entry) not in known]
        taken = fresh[: query.limit]
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        for entry in taken:
            try:
                paper = _paper(entry, plain_text(feed.feed.get("title")))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, _id(entry), str(error)))
                continue
            if _within(paper.published_on, query.since, query.until):
                papers.append(paper)
        left = {_mark(entry) for entry in fresh[len(taken) :]}
        kept: dict[str, Any] = {
            "url": query.text,
            "seen": [mark for mark in map(_mark, entries) if mark not in left],
        }
        if not left:  # else the next run would be told that nothing changed
            kept |= {name: headers[name] for name in ("etag", "last-modified") if name in headers}
        yield Page(tuple(papers), kept, tuple(broken), len(entries))


def _unchanged(state: Mapping[str, Any]) -> dict[str, str]:
    """Headers by which the feed is sent only if it changed."""
    asked = {"If-None-Match": state.get("etag"), "If-Modified-Since": state.get("last-modified")}
    return {name: str(value) for name, value in asked.items() if value}


def _whole(reply: Reply) -> tuple[Mapping[str, str], Any] | None:
    """The feed, or None where it did not change; raises Unreadable for what is no feed, or a part of one."""
    if reply.status == 304:
        return None
    content_type = reply.headers.get("content-type", "")
    feed = feedparser.parse(
        io.BytesIO(reply.content),
        response_headers={"content-type": content_type},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not feed.get("version"):
        if reply.content.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
            raise Refused(NAME, "is a web page and no feed; give the address behind its RSS sign")
        raise Unreadable("it is no feed")
    if not END.search(reply.content[-TAIL:]):
        raise Unreadable("it is only a part of a feed")
    return dict(reply.headers), feed


def _id(entry: Any) -> str:
    return (
        plain_text(entry.get("id") or entry.get("link") or entry.get("title"))[:500] or "an entry without id"
    )


def _mark(entry: Any) -> str:
    """An entry's id in few letters, for the state holds one for each that was seen."""
    return hashlib.sha256(_id(entry).encode()).hexdigest()[:12]


def _within(published_on: str | None, since: date | None, until: date | None) -> bool:
    """Whether a day is in a span; one that is told only roughly, or not at all, may be."""
    if not published_on:
        return True
    roughly = len(published_on)
    return not (
        (since and published_on < since.isoformat()[:roughly])
        or (until and published_on > until.isoformat()[:roughly])
    )


def _paper(entry: Any, journal: str) -> ParsedPaper:
    texts = [part.get("value") for part in entry.get("content", [])] + [entry.get("summary")]
    abstract = max((text_of(text) for text in texts), key=len, default="")
    if len(abstract) < SHORTEST:
        raise Unusable("its feed gives no abstract")
    link = entry.get("link")
    arxiv = arxiv_of(link)
    return make_entry(
        NAME,
        _id(entry),
        title=entry.get("title"),
        abstract=abstract,
        doi=_doi(entry),
        authors=_authors(entry),
        published_on=_day(entry),
        venue=entry.get("prism_publicationname") or journal,
        url=link,
        identifiers={"arxiv": arxiv},
        kind="preprint" if arxiv else "",
        licence=entry.get("rights") if str(entry.get("rights", "")).startswith("http") else None,
    )


def _authors(entry: Any) -> list[str]:
    """Names; journals write many into one element."""
    names = [str(one.get("name") or "") for one in entry.get("authors", [])]
    return [part.strip() for name in names for part in re.split(r",\s+(?:and\s+)?|\s+and\s+|;", name)]


def _day(entry: Any) -> str | None:
    for name in ("published_parsed", "updated_parsed"):
        moment = entry.get(name)
        if isinstance(moment, time.struct_time):
            return f"{moment.tm_year:04}-{moment.tm_mon:02}-{moment.tm_mday:02}"
    return date_text(entry.get("prism_publicationdate") or entry.get("prism_coverdate"))


def _doi(entry: Any) -> str | None:
    for name in ("prism_doi", "dc_identifier", "id", "link"):
        found = DOI.search(str(entry.get(name, "")))
        if found:
            return found.group()
    return None
