"""The ranking as a table: the rows that were asked for, in the order that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.caller import Caller
from api.pages.intervals import Scale
from api.schemas.hypotheses import ClusterOut, RankedOut, Ranking
from records.repositories import Hypotheses

ROWS = 100
"""On one page of the table."""


@dataclass(frozen=True, slots=True)
class Row:
    hypothesis_id: str
    title: str
    clusters: tuple[str, ...]
    """Names."""
    standing: RankedOut | None
    """None before the first ranking."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see of it."""

    text: str = ""
    cluster: str = ""
    sort: str = "rank"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    rows: Sequence[Row]
    found: int
    """Rows that fit the filter."""
    all: int
    page: int
    pages: int
    scale: Scale
    ranked: bool


ORDERS: Mapping[str, Callable[[RankedOut], Any]] = {
    "rank": lambda one: one.rank,
    "title": lambda one: one.title.casefold(),
    "mean": lambda one: -one.mean,
    "sd": lambda one: -one.sd,
    "p_best": lambda one: -one.p_best,
    "tests": lambda one: (-one.tested - one.failed, one.rank),
}
"""By column; what a person looks for first comes first."""


def table_of(
    caller: Caller, run_id: str, ranking: Ranking, clusters: Sequence[ClusterOut], wanted: Wanted
) -> Table:
    """The rows of one page; those of an unranked run stand in the order in which they were proposed."""
    whole = _rows(titles_of(caller, run_id, ranking), ranking, clusters)
    rows = _sorted([row for row in whole if _fits(row, wanted, clusters)], wanted.sort)
    pages = max(1, -(-len(rows) // ROWS))
    page = min(max(wanted.page, 1), pages)
    return Table(
        rows=rows[(page - 1) * ROWS : page * ROWS],
        found=len(rows),
        all=len(whole),
        page=page,
        pages=pages,
        scale=Scale.over((one.mean - one.sd, one.mean + one.sd) for one in ranking.ranking),
        ranked=bool(ranking.ranking),
    )


def titles_of(caller: Caller, run_id: str, ranking: Ranking) -> dict[str, str]:
    """Id to title of the run's hypotheses, best first, or before they are ranked as they were proposed."""
    if ranking.ranking:
        return {one.hypothesis_id: one.title for one in ranking.ranking}
    with caller.read() as session:
        return dict(Hypotheses(session, caller.workspace_id).titles(run_id))


def _rows(titles: Mapping[str, str], ranking: Ranking, clusters: Sequence[ClusterOut]) -> list[Row]:
    names: dict[str, tuple[str, ...]] = {}
    for cluster in clusters:
        for member in cluster.members:
            names[member] = (*names.get(member, ()), cluster.name)
    standings = {one.hypothesis_id: one for one in ranking.ranking}
    return [
        Row(identity, title, names.get(identity, ()), standings.get(identity))
        for identity, title in titles.items()
    ]


def _fits(row: Row, wanted: Wanted, clusters: Sequence[ClusterOut]) -> bool:
    words = wanted.text.casefold().split()
    text = " ".join((row.title, *row.clusters)).casefold()
    if not all(word in text for word in words):
        return False
    if not wanted.cluster:
        return True
    return any(one.id == wanted.cluster and row.hypothesis_id in one.members for one in clusters)


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    order = ORDERS.get(sort, ORDERS["rank"])
    return sorted(rows, key=lambda row: 0 if row.standing is None else order(row.standing))
