"""Europe PMC: the life sciences, with PubMed, preprints and patents; it has no client of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from config import SourcesSettings
from knowledge.dedup import normal_doi
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import date_text, gravest, make_entry, member, members, status_of
from knowledge.sources.source import Page, Query, Refused
from knowledge.sources.transport import Reply, Transport, Unreadable, as_json
from knowledge.sources.walk import Answer, Window, walk

NAME = "europe_pmc"
PAUSE_S = 0.2
PAGE = 100
OVERLAP_DAYS = 3
LATEST = date(2999, 12, 31)


class EuropePmc:
    """Records with an abstract that match a query in Europe PMC's language."""

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        self._url = f"{settings.europe_pmc_url.rstrip('/')}/search"
        self._contact = settings.contact
        self._transport = transport

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(_asked(query.text, window), cursor or "*")

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, cursor: str) -> Answer:
        params = {
            "query": text,
            "resultType": "core",
            "format": "json",
            "pageSize": PAGE,
            "cursorMark": cursor,
            **({"email": self._contact} if self._contact else {}),
        }
        read = self._transport.fetch(self._url, _whole, params=params)
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        for result in members(read, "resultList", "result"):
            try:
                papers.append(_paper(result))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, _id(result), str(error)))
        # Behind the last page the cursor stays where it is.
        return Answer(tuple(papers), tuple(broken), read.get("nextCursorMark"), read.get("hitCount"))


def _asked(text: str, window: Window) -> str:
    parts = [f"({text})", "HAS_ABSTRACT:y"]
    if window.since or window.until:
        parts.append(_days("FIRST_PDATE", window.since, window.until))
    if window.new_since:  # also what was corrected or retracted since
        parts.append(_days("UPDATE_DATE", window.new_since, None))
    return " AND ".join(parts)


def _days(field: str, since: date | None, until: date | None) -> str:
    return f"({field}:[{since or date(1600, 1, 1)} TO {until or LATEST}])"


def _whole(reply: Reply) -> dict[str, Any]:
    """The answer; Europe PMC says with status 200, too, that something is wrong."""
    read = as_json(reply)
    if read.get("errMsg"):
        raise Refused(NAME, f"refuses the query: {str(read['errMsg'])[:200]}")
    if not isinstance(member(read, "resultList", "result"), list):
        raise Unreadable("it holds no results")
    return read


def _id(result: object) -> str:
    return f"{member(result, 'source') or '?'}:{member(result, 'id') or '?'}"


def _paper(result: object) -> ParsedPaper:
    kinds = [str(kind).lower() for kind in members(result, "pubTypeList", "pubType")]
    notices = members(result, "commentCorrectionList", "commentCorrection")
    statuses = [status_of(member(notice, "type")) for notice in notices]
    if "retracted publication" in kinds:
        statuses.append("retracted")
    return make_entry(
        NAME,
        _id(result),
        title=member(result, "title"),
        abstract=member(result, "abstractText"),
        doi=member(result, "doi"),
        authors=[_name(author) for author in members(result, "authorList", "author")],
        published_on=date_text(member(result, "firstPublicationDate")) or member(result, "pubYear"),
        venue=_venue(result),
        url=f"https://europepmc.org/article/{_id(result).replace(':', '/')}",
        identifiers={"pmid": member(result, "pmid"), "pmcid": member(result, "pmcid")},
        kind=_kind(result, kinds),
        licence=member(result, "license"),
        retraction=gravest(statuses),
        version_of=next(iter(_linked(notices, "preprint of")), None),
        versions=_linked(notices, "preprint in"),
        pdf_url=_pdf(result),
    )


def _kind(result: object, kinds: list[str]) -> str:
    if member(result, "source") == "PPR" or "preprint" in kinds:
        return "preprint"
    if "review" in kinds or "review-article" in kinds:
        return "review"
    return "article" if any("article" in kind for kind in kinds) else "other"


def _venue(result: object) -> object:
    journal = member(result, "journalInfo", "journal", "title")
    # A preprint's server is its publisher.
    return journal or member(result, "bookOrReportDetails", "publisher")


def _name(author: object) -> str:
    parts = [member(author, "firstName"), member(author, "lastName")]
    if all(parts):
        return " ".join(map(str, parts))
    return str(member(author, "fullName") or member(author, "collectiveName") or "")


def _linked(notices: list[Any], kind: str) -> list[str]:
    """Records that it is linked to in this way, by DOI where the citation has one, else by PubMed id."""
    names: list[str] = []
    for notice in notices:
        if str(member(notice, "type")).lower() != kind:
            continue
        citation = str(member(notice, "reference") or "")
        doi = normal_doi(citation[citation.find("10.") :].split()[0]) if "10." in citation else None
        if doi:
            names.append(doi)
        elif member(notice, "source") == "MED":
            names.append(f"pmid:{member(notice, 'id')}")
    return names


def _pdf(result: object) -> object:
    for link in members(result, "fullTextUrlList", "fullTextUrl"):
        if member(link, "documentStyle") == "pdf" and member(link, "availabilityCode") in ("OA", "F"):
            return member(link, "url")
    return None
