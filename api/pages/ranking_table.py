"""The hypotheses of a run as a table: the rows that were asked for, in the order that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from api.pages.intervals import Scale
from api.pages.plots import Seen
from api.pages.plots.gathering import Dot
from records.repositories import Judging, Remarks
from records.repositories.judging import Opinion, Queue
from records.repositories.marks import having_trait, novelty_of, waiting_for_results

ROWS = 100
"""On one page of the table."""
NOBODY = Opinion()


@dataclass(frozen=True, slots=True)
class Marks:
    """What people and programs noted on the run's hypotheses, by their ids."""

    opinions: Mapping[str, Opinion]
    queues: Mapping[str, Queue]
    """One's own."""
    tags: Mapping[str, tuple[str, ...]]
    novelty: Mapping[str, float]
    waiting: Collection[str]
    """Those with an experiment that waits for its result."""

    @property
    def reviewers(self) -> list[str]:
        return sorted({name for opinion in self.opinions.values() for name in opinion.reviewers})

    @property
    def all_tags(self) -> list[str]:
        return sorted({name for names in self.tags.values() for name in names})


def marks_of(session: Session, workspace_id: str, person: str, run_id: str) -> Marks:
    judging = Judging(session, workspace_id, person)
    return Marks(
        opinions=judging.opinions(run_id),
        queues=judging.standing_of([run_id]),
        tags=Remarks(session, workspace_id).tags_of_run(run_id),
        novelty=novelty_of(session, workspace_id, run_id),
        waiting=waiting_for_results(session, workspace_id, run_id),
    )


class Row(NamedTuple):
    dot: Dot
    clusters: tuple[str, ...]
    """Names."""
    opinion: Opinion
    tags: tuple[str, ...]
    novelty: float | None
    waits: bool

    @property
    def status(self) -> str:
        if self.waits:
            return "waiting"
        return "tested" if self.dot.tested else "failed" if self.dot.failed else "untested"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see of it; what is empty narrows nothing."""

    q: str = ""
    cluster: str = ""
    trait: str = ""
    status: str = ""
    opinion: str = ""
    reviewer: str = ""
    tag: str = ""
    least: str = ""
    """A score, as it was typed."""
    sort: str = "rank"
    page: int = 1

    def query(self) -> str:
        """As the end of an address, without the page."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "page"}
        return urlencode({name: value for name, value in told.items() if value and (name, value) != SORTED})

    @property
    def narrow(self) -> int:
        """Filters that hold, beside the words that are looked for."""
        return sum(bool(value) for value in (self.trait, self.opinion, self.reviewer, self.tag, self.least))


SORTED = ("sort", "rank")


@dataclass(frozen=True, slots=True)
class Table:
    rows: Sequence[Row]
    """Of the page."""
    found: Sequence[str]
    """Ids of all that fit the filter."""
    all: int
    page: int
    pages: int
    scale: Scale
    ranked: bool
    with_novelty: bool


ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "rank": lambda row: row.dot.rank or 0,
    "title": lambda row: row.dot.title.casefold(),
    "mean": lambda row: -row.dot.mean,
    "sd": lambda row: -row.dot.sd,
    "p_best": lambda row: -row.dot.p_best,
    "tests": lambda row: (-row.dot.tested - row.dot.failed, row.dot.rank or 0),
    "novelty": lambda row: -1.0 if row.novelty is None else -1.0 - row.novelty,
    "opinion": lambda row: (row.opinion.verdict == "unreviewed", row.opinion.verdict != "disputed"),
}
"""By column; what a person looks for first comes first."""


def table_of(seen: Seen, marks: Marks, wanted: Wanted, with_trait: Collection[str] | None = None) -> Table:
    """The rows of one page; those of an unranked run stand in the order in which they were proposed.

    ``with_trait``: ids of those that have the wanted trait, where one is wanted.
    """
    members = next((one.members for one in seen.clusters if one.id == wanted.cluster), {})
    fits = [row for row in _rows(seen, marks) if _fits(row, wanted)]
    if wanted.cluster:
        fits = [row for row in fits if row.dot.id in members]
    if with_trait is not None:
        fits = [row for row in fits if row.dot.id in with_trait]
    ranked = bool(seen.dots) and seen.dots[0].rank is not None
    if ranked or wanted.sort in ("title", "novelty", "opinion"):
        fits.sort(key=ORDERS.get(wanted.sort, ORDERS["rank"]))
    pages = max(1, -(-len(fits) // ROWS))
    page = min(max(wanted.page, 1), pages)
    return Table(
        rows=fits[(page - 1) * ROWS : page * ROWS],
        found=[row.dot.id for row in fits],
        all=len(seen.dots),
        page=page,
        pages=pages,
        scale=Scale.over((dot.mean - dot.sd, dot.mean + dot.sd) for dot in seen.dots if dot.rank),
        ranked=ranked,
        with_novelty=bool(marks.novelty),
    )


def trait_filter(session: Session, workspace_id: str, run_id: str, wanted: Wanted) -> set[str] | None:
    """For ``table_of``: None where no trait is wanted."""
    return having_trait(session, workspace_id, run_id, wanted.trait) if wanted.trait else None


def _rows(seen: Seen, marks: Marks) -> list[Row]:
    names: dict[str, tuple[str, ...]] = {}
    for cluster in seen.clusters:
        for member in cluster.members:
            names[member] = (*names.get(member, ()), cluster.name)
    return [
        Row(
            dot,
            names.get(dot.id, ()),
            marks.opinions.get(dot.id, NOBODY),
            marks.tags.get(dot.id, ()),
            marks.novelty.get(dot.id),
            dot.id in marks.waiting,
        )
        for dot in seen.dots
    ]


def _fits(row: Row, wanted: Wanted) -> bool:
    if wanted.q:
        text = " ".join((row.dot.title, *row.clusters, *row.tags)).casefold()
        if not all(word in text for word in wanted.q.casefold().split()):
            return False
    return (
        (not wanted.status or row.status == wanted.status)
        and (not wanted.opinion or row.opinion.verdict == wanted.opinion)
        and (not wanted.reviewer or wanted.reviewer in row.opinion.reviewers)
        and (not wanted.tag or wanted.tag in row.tags)
        and _reaches(row.dot, wanted.least)
    )


def _reaches(dot: Dot, least: str) -> bool:
    """Whether its expected score is so high; what is no number asks for nothing."""
    try:
        return not least or (dot.rank is not None and dot.mean >= float(least.replace(",", ".")))
    except ValueError:
        return True
