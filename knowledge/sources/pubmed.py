"""PubMed, by NCBI's E-utilities: ESearch finds, EFetch tells; Biopython's Entrez reads what it tells.

Entrez opens its addresses itself, without a time limit; so only its reader is used, and kept from
fetching the DTDs that it lacks. PubMed gives 10,000 records of a query at most, so a larger answer is cut
into spans of days.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

import Bio
from Bio import Entrez

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import gravest, make_entry, member, members, status_of
from knowledge.sources.source import Page, Query, Refused
from knowledge.sources.transport import Reply, Transport, Unreadable, as_json
from knowledge.sources.walk import Answer, Window, walk

# Where its DTDs lie already: else it makes a folder in the home of whoever imports the reader.
Entrez.local_cache = str(Path(Bio.__file__).parents[1])

from Bio.Entrez.Parser import CorruptedXMLError, DataHandler, NotXMLError  # noqa: E402

NAME = "pubmed"
PAUSE_S = 0.4
PAUSE_WITH_KEY_S = 0.12
PAGE = 100
DEEPEST = 9_999
OVERLAP_DAYS = 3
EARLIEST, LATEST = date(1800, 1, 1), date(2100, 1, 1)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


@dataclass(frozen=True, slots=True)
class Span:
    """Records that came into PubMed between two days, from the one numbered ``start`` on."""

    first: date
    last: date
    start: int = 0

    def __str__(self) -> str:
        return f"{self.first} {self.last} {self.start}"

    @staticmethod
    def of(cursor: str | None) -> Span:
        if cursor is None:
            return Span(EARLIEST, LATEST)
        first, last, start = cursor.split()
        return Span(date.fromisoformat(first), date.fromisoformat(last), int(start))

    def half(self) -> Span:
        return Span(self.first, self.first + (self.last - self.first) // 2)

    def behind(self) -> Span:
        return Span(self.last + timedelta(days=1), LATEST)


class PubMed:
    """Records with an abstract that match a query in PubMed's language."""

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_WITH_KEY_S if settings.pubmed_key else PAUSE_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._base = settings.pubmed_url.rstrip("/")
        self._transport = transport
        key = settings.pubmed_key
        self._caller = {
            "tool": "touchstone",
            **({"email": settings.contact} if settings.contact else {}),
            **({"api_key": key.get_secret_value()} if key else {}),
        }

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(_asked(query.text, window), Span.of(cursor))

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, span: Span) -> Answer:
        span, count, ids = self._found(text, span)
        papers, broken = self._told(ids) if ids else ((), ())
        behind = replace(span, start=span.start + len(ids))
        following = str(span.behind()) if span.last < LATEST else None
        if ids and behind.start < min(count, DEEPEST):
            following = str(behind)
        whole = span.first == EARLIEST and span.last == LATEST
        return Answer(tuple(papers), tuple(broken), following, count if whole else None)

    def _found(self, text: str, span: Span) -> tuple[Span, int, list[str]]:
        """The first part of a span that can be read to its end, its records, and the ids of its page."""
        while True:
            count, ids = self._search(text, span)
            if count > DEEPEST and span.start == 0 and span.first < span.last:
                span = span.half()
            elif not ids and span.last < LATEST:
                span = span.behind()
            else:
                return span, count, ids

    def _search(self, text: str, span: Span) -> tuple[int, list[str]]:
        if (span.first, span.last) != (EARLIEST, LATEST):
            text = f"{text} AND {_days('edat', span.first, span.last)}"
        form = {"db": "pubmed", "term": text, "retmode": "json", "retstart": span.start, "retmax": PAGE}
        # A POST, for a key in an address would stand in logs.
        read = self._transport.fetch(f"{self._base}/esearch.fcgi", _whole, form=form | self._caller)
        return int(read["count"]), [str(one) for one in read["idlist"]]

    def _told(self, ids: list[str]) -> tuple[list[ParsedPaper], list[BrokenEntry]]:
        form = {"db": "pubmed", "id": ",".join(ids), "retmode": "xml"}
        read = self._transport.fetch(f"{self._base}/efetch.fcgi", _records, form=form | self._caller)
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        for record in members(read, "PubmedArticle"):
            try:
                papers.append(_paper(record))
            except Unusable as error:
                pmid = str(member(record, "MedlineCitation", "PMID"))
                broken.append(BrokenEntry(NAME, pmid, str(error)))
        told = {paper.source_id for paper in papers} | {entry.entry for entry in broken}
        missing = [BrokenEntry(NAME, one, "PubMed gives no article for it") for one in ids if one not in told]
        return papers, broken + missing


def _asked(text: str, window: Window) -> str:
    parts = [f"({text})", "hasabstract"]
    if window.since or window.until:
        parts.append(_days("dp", window.since or EARLIEST, window.until or LATEST))
    if window.new_since:  # also what was corrected or retracted since
        days = [_days(field, window.new_since, LATEST) for field in ("edat", "lr")]
        parts.append(f"({' OR '.join(days)})")
    return " AND ".join(parts)


def _days(field: str, first: date, last: date) -> str:
    return f'("{first:%Y/%m/%d}"[{field}] : "{last:%Y/%m/%d}"[{field}])'


def _whole(reply: Reply) -> dict[str, Any]:
    read = as_json(reply)
    found = read.get("esearchresult")
    if not isinstance(found, dict):
        raise Unreadable("it holds no search result")
    if found.get("ERROR"):
        raise Refused(NAME, f"refuses the query: {str(found['ERROR'])[:200]}")
    if not str(found.get("count")).isdecimal() or not isinstance(found.get("idlist"), list):
        raise Unreadable("it holds no ids")
    return found


class _Reader(DataHandler):  # type: ignore[misc]
    """Entrez's reader, which takes the newest DTD that it has for one that it lacks."""

    def open_dtd_file(self, filename: str) -> IO[bytes]:
        known: IO[bytes] | None = super().open_dtd_file(filename)
        if known is None:
            dated = Path(self.global_dtd_dir).glob("pubmed_[0-9]*.dtd")
            known = max(dated, key=lambda path: path.stem[-6:]).open("rb")
        return known


def _records(reply: Reply) -> Any:
    # Text comes as markup that is valid, whatever signs of comparison are in it.
    reader = _Reader(validate=False, escape=True, ignore_errors=True)
    try:
        return reader.read(io.BytesIO(reply.content))
    except (CorruptedXMLError, NotXMLError, ValueError, AttributeError, RuntimeError, LookupError) as error:
        reason = "it is no PubMed XML, or only a part of it"
        raise Unreadable(reason) from error


def _paper(record: Any) -> ParsedPaper:
    citation = member(record, "MedlineCitation")
    article = member(citation, "Article")
    kinds = [str(kind).lower() for kind in members(article, "PublicationTypeList")]
    notices = members(citation, "CommentsCorrectionsList")
    statuses = [status_of(_attribute(notice, "RefType")) for notice in notices]
    if "retracted publication" in kinds:
        statuses.append("retracted")
    ids = {_attribute(one, "IdType"): str(one) for one in members(record, "PubmedData", "ArticleIdList")}
    pmid = str(member(citation, "PMID"))
    return make_entry(
        NAME,
        pmid,
        title=member(article, "ArticleTitle"),
        abstract=" ".join(_section(part) for part in members(article, "Abstract", "AbstractText")),
        doi=ids.get("doi") or _doi(article),
        authors=[_name(author) for author in members(article, "AuthorList")],
        published_on=_published(article),
        venue=member(article, "Journal", "Title"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        identifiers={"pmid": pmid, "pmcid": ids.get("pmc")},
        kind=_kind(kinds),
        retraction=gravest(statuses),
        references=_references(record),
        version_of=next(iter(_linked(notices, "UpdateIn")), None),
        versions=_linked(notices, "UpdateOf"),
    )


def _attribute(element: object, name: str) -> str:
    return str(getattr(element, "attributes", {}).get(name, ""))


def _section(part: object) -> str:
    label = _attribute(part, "Label")
    text = str(part)
    return f"{label.capitalize()}: {text}" if label and label != "UNLABELLED" else text


def _doi(article: object) -> str | None:
    found = members(article, "ELocationID")
    return next((str(one) for one in found if _attribute(one, "EIdType") == "doi"), None)


def _name(author: object) -> str:
    parts = [member(author, "ForeName") or member(author, "Initials"), member(author, "LastName")]
    return " ".join(str(part) for part in parts if part) or str(member(author, "CollectiveName") or "")


def _published(article: object) -> str:
    """The day on which it appeared, online if that is told; PubMed gives its parts, or free text."""
    online = next(iter(members(article, "ArticleDate")), None)
    on = online or member(article, "Journal", "JournalIssue", "PubDate")
    month = str(member(on, "Month") or "")
    if month[:3].lower() in MONTHS:
        month = str(MONTHS.index(month[:3].lower()) + 1)
    parts = [member(on, "Year"), month, member(on, "Day")]
    known = [str(part) for part in parts[: next((n for n, part in enumerate(parts) if not part), 3)]]
    return "-".join(known) or str(member(on, "MedlineDate") or "")


def _kind(kinds: list[str]) -> str:
    for name in ("preprint", "review"):
        if name in kinds or f"systematic {name}" in kinds:
            return name
    return "article" if "journal article" in kinds else "other"


def _references(record: object) -> list[str]:
    found: list[str] = []
    for part in members(record, "PubmedData", "ReferenceList"):
        for reference in members(part, "Reference"):
            ids = members(reference, "ArticleIdList")
            found += [str(one) for one in ids if _attribute(one, "IdType") == "doi"]
    return found


def _linked(notices: list[Any], kind: str) -> list[str]:
    linked = [member(notice, "PMID") for notice in notices if _attribute(notice, "RefType") == kind]
    return [f"pmid:{pmid}" for pmid in linked if pmid]
