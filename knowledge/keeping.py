"""Papers into the database: each once, whoever tells of it, merged and linked with its versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from knowledge.chunking import passages
from knowledge.dedup import normal_arxiv, title_key
from knowledge.identity import Record, Relation, conflicting_dois, relation, surnames
from knowledge.likeness import BITS, NEAR, fingerprint, near
from knowledge.merging import LONGEST_ABSTRACT, add_source, body, is_better_abstract, merge
from knowledge.parsing import ParsedPaper
from records.base import now
from records.models import Paper, Passage
from records.repositories import KnownPapers, Papers


@dataclass(frozen=True, slots=True)
class Told:
    """A paper and who told of it."""

    paper: ParsedPaper
    origin: str
    """A file's name, or the source's."""
    source: str
    source_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a batch."""

    paper_ids: tuple[str, ...]
    """Of all its papers, old and new, in their order, each once."""
    added: tuple[str, ...]
    linked: int
    """Records that were found to be versions of one work."""


class Keeper:
    """Keeps papers in a workspace, a batch in each of the caller's transactions.

    It remembers the fingerprints of what is there, 44 bytes a paper, and nothing else.
    """

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._ids = np.empty(0, dtype="S36")
        self._marks = np.empty(0, dtype=np.int64)

    def keep(self, session: Session, batch: Sequence[Told]) -> Kept:
        """Add what is new and merge what is known; asked again with the same, it changes nothing.

        Nobody else may be keeping papers in the workspace meanwhile (``Workspaces.hold``).
        """
        self._catch_up(KnownPapers(session, self._workspace_id))
        return _Batch(session, self._workspace_id, batch, self._near).keep()

    def _catch_up(self, known: KnownPapers) -> None:
        last = self._ids[-1].decode() if len(self._ids) else ""
        if new := known.fingerprints(last):
            self._ids = np.append(self._ids, np.array([one for one, _ in new], dtype="S36"))
            self._marks = np.append(self._marks, np.array([mark for _, mark in new], dtype=np.int64))

    def _near(self, mark: int) -> list[str]:
        return [self._ids[place].decode() for place in near(mark, self._marks)]


Sections = tuple[tuple[str, str], ...]

Look = Callable[[int], list[str]]
"""The ids of papers whose fingerprints are near to this one."""


class _Batch:
    """One batch: all that it may meet is loaded at once, and all that is new is written at once."""

    def __init__(self, session: Session, workspace_id: str, batch: Sequence[Told], look: Look) -> None:
        self._papers = Papers(session, workspace_id)
        self._known = KnownPapers(session, workspace_id)
        self._batch = batch
        self._look = look
        self._by_doi: dict[str, Paper] = {}
        self._by_arxiv: dict[str, Paper] = {}
        self._by_title: dict[str, list[Paper]] = defaultdict(list)
        self._new: list[Paper] = []
        self._texts: dict[int, Sections] = {}
        """Of new records, by their places in memory."""
        self._links: list[tuple[Paper, Paper]] = []

    def keep(self) -> Kept:
        self._meet()
        rows = [self._place(told) for told in self._batch]
        self._papers.add_all([(row, _passages(row, self._texts.get(id(row), ()))) for row in self._new])
        linked = sum(self._link(one, other) for one, other in self._links)
        ids = dict.fromkeys(row.id for row in rows)
        return Kept(tuple(ids), tuple(row.id for row in self._new), linked)

    def _meet(self) -> None:
        papers = [told.paper for told in self._batch]
        dois = [doi for paper in papers for doi in (paper.doi, paper.version_of, *paper.versions) if doi]
        arxiv_ids = [arxiv_of(paper) for paper in papers] + [normal_arxiv(name) for name in dois]
        keys = [title_key(paper.title) for paper in papers]
        for row in self._known.called(dois, [one for one in arxiv_ids if one], keys):
            self._remember(row)

    def _remember(self, row: Paper) -> None:
        if row.doi:
            self._by_doi.setdefault(row.doi, row)
        if row.arxiv_id:
            self._by_arxiv.setdefault(row.arxiv_id, row)
        if row not in self._by_title[row.title_key]:
            self._by_title[row.title_key].append(row)

    def _place(self, told: Told) -> Paper:
        """The record of a paper, which is an old one or a new one."""
        paper = told.paper
        record = _told_record(paper)
        same, versions = self._recognised(record)
        row = same or self._added(told, record)
        if same is not None:
            self._merge(row, paper)
        add_source(row, told.source, told.source_id, paper.url, now().isoformat())
        if paper.doi and row.doi is None:
            row.doi = _free(paper.doi, self._by_doi)
        if record.arxiv_id and row.arxiv_id is None:
            row.arxiv_id = _free(record.arxiv_id, self._by_arxiv)
        self._remember(row)
        versions += self._said_to_be_versions(paper)
        self._links += [(other, row) for other in versions if other is not row]
        return row

    def _recognised(self, record: Record) -> tuple[Paper | None, list[Paper]]:
        """The record of the same paper, and records of other versions of it, as far as they are here."""
        same: Paper | None = None
        versions: list[Paper] = []
        for row, by_id in self._candidates(record):
            known = _known_record(row)
            if by_id:
                found = Relation.VERSIONS if conflicting_dois(known, record) else Relation.SAME
            else:
                found = relation(known, record)
            if found is Relation.SAME and same is None:
                same = row
            elif found is not Relation.OTHER:
                versions.append(row)
        return same, versions

    def _candidates(self, record: Record) -> Iterator[tuple[Paper, bool]]:
        """Records that may be the same paper, the surest first, and whether an identifier says so."""
        seen: set[int] = set()
        by_id = [self._by_doi.get(record.doi or ""), self._by_arxiv.get(record.arxiv_id or "")]
        for row in by_id:
            if row is not None and id(row) not in seen:
                seen.add(id(row))
                yield row, True
        if seen:
            return
        for row in self._by_title.get(record.title_key, ()):
            seen.add(id(row))
            yield row, False
        if not seen and (mark := fingerprint(record.abstract)) is not None:
            yield from ((row, False) for row in self._known.named(self._look(mark)))
            yield from ((row, False) for row in self._new if _near(mark, row.fingerprint))

    def _said_to_be_versions(self, paper: ParsedPaper) -> list[Paper]:
        names = [name for name in (paper.version_of, *paper.versions) if name]
        found = [self._by_doi.get(name) or self._by_arxiv.get(normal_arxiv(name) or "") for name in names]
        return [row for row in found if row is not None]

    def _added(self, told: Told, record: Record) -> Paper:
        paper = told.paper
        row = Paper(
            title=paper.title,
            title_key=record.title_key,
            doi=None,
            abstract=paper.abstract,
            authors=list(paper.authors),
            year=paper.year,
            published_on=paper.published_on,
            venue=paper.venue,
            kind=paper.kind,
            url=paper.url,
            licence=paper.licence[:200],
            retraction=paper.retraction,
            identifiers=dict(paper.identifiers),
            references=list(paper.references),
            source=told.origin,
            sources=[],
            fingerprint=fingerprint(paper.abstract),
        )
        self._new.append(row)
        self._add_text(row, paper)
        return row

    def _merge(self, row: Paper, paper: ParsedPaper) -> None:
        merge(row, paper)
        self._better_abstract(row, paper.abstract)
        if not row.has_text:
            self._add_text(row, paper)

    def _better_abstract(self, row: Paper, abstract: str) -> None:
        if row.has_text:
            if len(abstract) <= LONGEST_ABSTRACT < len(row.abstract):  # which was all the text; that stays
                row.abstract, row.fingerprint = abstract, fingerprint(abstract)
        elif is_better_abstract(row.abstract, abstract):
            kept = row not in self._new
            if kept and self._known.is_in_use(row.id):
                return
            row.abstract, row.fingerprint = abstract, fingerprint(abstract)
            if kept:
                self._papers.replace_passages(row.id, _cut("", abstract))

    def _add_text(self, row: Paper, paper: ParsedPaper) -> None:
        """Have the full text read too, where it is told."""
        text = body(paper)
        row.has_text = bool(text)
        if row in self._new:
            self._texts[id(row)] = text
        elif text:
            self._papers.append_passages(row.id, [one for part in text for one in _cut(*part)])

    def _link(self, one: Paper, other: Paper) -> bool:
        """Make the earlier of two works' records, and all its own versions, versions of the later."""
        first, second = self._latest(one), self._latest(other)
        if first is second:
            return False
        later = max(first, second, key=_standing)
        earlier = second if later is first else first
        for row in (earlier, *self._known.versions_of(earlier.id)):
            row.version_of = later.id
        return True

    def _latest(self, row: Paper) -> Paper:
        return row if row.version_of is None else self._papers.get(row.version_of)


def _free(name: str, taken: dict[str, Paper]) -> str | None:
    return None if name in taken else name


def _near(mark: int, other: int | None) -> bool:
    return other is not None and ((mark ^ other) & BITS).bit_count() <= NEAR


def arxiv_of(paper: ParsedPaper) -> str | None:
    """The paper's arXiv id, which its DOI may be made of."""
    return normal_arxiv(paper.identifiers.get("arxiv")) or normal_arxiv(paper.doi)


def _standing(row: Paper) -> tuple[bool, str, bool]:
    """Of one work's records the greatest is the one to cite: published, the latest, with a DOI."""
    date = row.published_on or (str(row.year) if row.year else "")
    return _known_record(row).is_published, date, row.doi is not None


def _passages(row: Paper, text: Sections) -> list[Passage]:
    """Those of the abstract, unless it is the text itself, and those of the text."""
    abstract = [] if len(row.abstract) > LONGEST_ABSTRACT and text else _cut("", row.abstract)
    return [*abstract, *(one for part in text for one in _cut(*part))]


def _cut(section: str, text: str) -> list[Passage]:
    return [Passage(section=section[:200], text=text[start:end]) for start, end in passages(text)]


def _told_record(paper: ParsedPaper) -> Record:
    return Record(
        title=paper.title,
        title_key=title_key(paper.title),
        title_is_sure=paper.title_is_sure,
        abstract=paper.abstract,
        doi=paper.doi,
        arxiv_id=arxiv_of(paper),
        year=paper.year,
        kind=paper.kind,
        surnames=surnames(paper.authors),
    )


def _known_record(row: Paper) -> Record:
    return Record(
        title=row.title,
        title_key=row.title_key,
        title_is_sure=True,
        abstract=row.abstract,
        doi=row.doi,
        arxiv_id=row.arxiv_id,
        year=row.year,
        kind=row.kind,
        surnames=surnames(row.authors),
    )
