"""Semantic Scholar: all fields; ``semanticscholar`` writes the query.

Its requester does not say for how long the service wants to be left alone, which it wants often, so a
subclass goes our way. Pages are of the bulk search, which alone leads to the end of a long answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from semanticscholar import SemanticScholar as Client
from semanticscholar.ApiRequester import ApiRequester

from config import SourcesSettings
from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable
from knowledge.sources.entry import make_entry, member, members
from knowledge.sources.source import Page, Query
from knowledge.sources.transport import Reply, Transport, Unreadable, as_json
from knowledge.sources.walk import Answer, Window, walk

NAME = "semantic_scholar"
PAUSE_S = 1.1
PAUSE_WITHOUT_KEY_S = 3.5
"""Callers without a key share one allowance among them all."""
OVERLAP_DAYS = 60
"""It can be asked for days of publication only."""

FIELDS = (
    "paperId externalIds title abstract authors year publicationDate venue journal publicationTypes"
    " openAccessPdf url"
).split()


class SemanticScholar:
    """Papers that match a query of the bulk search: all words, or with its signs + | - and quotes."""

    name = NAME
    anywhere = False

    @staticmethod
    def pause_s(settings: SourcesSettings) -> float:
        return PAUSE_S if settings.semantic_scholar_key else PAUSE_WITHOUT_KEY_S

    def __init__(self, settings: SourcesSettings, transport: Transport) -> None:
        key = settings.semantic_scholar_key
        self._client = Client(
            api_url=settings.semantic_scholar_url.rstrip("/"),
            api_key=key.get_secret_value() if key else None,
        )
        self._requester = Requester(transport)
        self._client._AsyncSemanticScholar._requester = self._requester

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        def ask(window: Window, cursor: str | None) -> Answer:
            return self._page(query.text, window, cursor)

        return walk(NAME, query, state, ask, overlap_days=OVERLAP_DAYS)

    def _page(self, text: str, window: Window, cursor: str | None) -> Answer:
        wanted = quote_plus(text)  # the client takes it for a part of the address
        if cursor:
            wanted += f"&token={quote_plus(cursor)}"
        since, until = window.published_since, window.until
        self._client.search_paper(
            wanted,
            fields=FIELDS,
            bulk=True,
            sort="publicationDate:desc",
            publication_date_or_year=f"{since or ''}:{until or ''}" if since or until else None,
        )
        read = self._requester.last
        papers: list[ParsedPaper] = []
        broken: list[BrokenEntry] = []
        skipped: list[str] = []
        for record in members(read, "data"):
            if member(record, "abstract") is None:
                skipped.append(str(member(record, "paperId")))  # it cannot be asked for those with one
                continue
            try:
                papers.append(_paper(record))
            except Unusable as error:
                broken.append(BrokenEntry(NAME, str(member(record, "paperId")), str(error)))
        return Answer(tuple(papers), tuple(broken), read.get("token"), read.get("total"), tuple(skipped))


class Requester(ApiRequester):  # type: ignore[misc]
    """The client's requester, sending by our transport; ``last`` is what came, with the next page's token."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(timeout=None, retry=False)
        self._transport = transport
        self.last: dict[str, Any] = {}

    async def get_data_async(
        self, url: str, parameters: str, headers: dict[str, str], payload: object = None
    ) -> dict[str, Any]:
        self.last = self._transport.fetch(f"{url}?{parameters}", _whole, headers=headers)
        return {}  # the client would lose the page for one record that it does not understand


def _whole(reply: Reply) -> dict[str, Any]:
    read = as_json(reply)
    if not isinstance(read.get("data"), list):
        raise Unreadable("it holds no papers")
    read["data"] = [one for one in read["data"] if isinstance(one, dict)]
    return read


def _paper(record: dict[str, Any]) -> ParsedPaper:
    ids = member(record, "externalIds")
    doi, arxiv = member(ids, "DOI"), member(ids, "ArXiv")
    pmcid = member(ids, "PubMedCentral")
    kinds = members(record, "publicationTypes")
    preprint = bool(arxiv) and (not doi or str(doi).lower().startswith("10.48550/"))
    return make_entry(
        NAME,
        record.get("paperId"),
        title=record.get("title"),
        abstract=record.get("abstract"),
        doi=doi,
        authors=[member(author, "name") for author in members(record, "authors")],
        published_on=record.get("publicationDate") or record.get("year"),
        venue=member(record, "journal", "name") or record.get("venue"),
        url=record.get("url"),
        identifiers={
            "s2": record.get("paperId"),
            "pmid": member(ids, "PubMed"),
            "pmcid": f"PMC{str(pmcid).removeprefix('PMC')}" if pmcid else None,
            "arxiv": arxiv if preprint else None,
        },
        kind="preprint" if preprint else _kind(kinds),
        licence=member(record, "openAccessPdf", "license"),
        # One record holds all versions; the preprint has a record of its own elsewhere.
        versions=[f"arxiv:{arxiv}"] if arxiv and not preprint else (),
        pdf_url=member(record, "openAccessPdf", "url"),
    )


def _kind(kinds: list[Any]) -> str:
    if "Review" in kinds:
        return "review"
    return "article" if {"JournalArticle", "Conference"} & set(map(str, kinds)) else "other"
