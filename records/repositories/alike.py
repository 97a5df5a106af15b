"""Hypotheses of a run that are like one another: in their traits, and in the clusters that they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from records.models import Cluster, Hypothesis, KeyPoint, Membership


@dataclass(frozen=True, slots=True)
class Alike:
    hypothesis_id: str
    title: str
    share: float
    """From 0 to 1: half from the traits that both have, half from how far they lie in the same clusters."""
    traits: tuple[str, ...]
    """Those that both have."""


def alike(session: Session, workspace_id: str, hypothesis_id: str, most: int = 6) -> list[Alike]:
    """The most alike first; none that shares neither a trait nor a cluster."""
    run_id = session.scalar(
        select(Hypothesis.run_id).where(
            Hypothesis.id == hypothesis_id, Hypothesis.workspace_id == workspace_id
        )
    )
    if run_id is None:
        return []
    shared = _shared_traits(session, run_id, hypothesis_id)
    overlap = _overlaps(session, run_id, hypothesis_id)
    counts = _trait_counts(session, {*shared, hypothesis_id})
    own = counts.get(hypothesis_id, 0)
    shares = {
        other: 0.5 * _jaccard(len(shared.get(other, ())), own, counts.get(other, 0))
        + 0.5 * overlap.get(other, 0.0)
        for other in shared.keys() | overlap.keys()
    }
    best = sorted(shares, key=lambda other: (-shares[other], other))[:most]
    named = session.execute(select(Hypothesis.id, Hypothesis.title).where(Hypothesis.id.in_(best)))
    titles = {row.id: row.title for row in named}
    return [Alike(other, titles[other], shares[other], tuple(shared.get(other, ()))) for other in best]


def _jaccard(both: int, one: int, other: int) -> float:
    return both / max(1, one + other - both)


def _shared_traits(session: Session, run_id: str, hypothesis_id: str) -> dict[str, list[str]]:
    mine, theirs = aliased(KeyPoint), aliased(KeyPoint)
    query = (
        select(theirs.hypothesis_id, theirs.name)
        .join(mine, (mine.name == theirs.name) & (mine.role == theirs.role))
        .join(Hypothesis, Hypothesis.id == theirs.hypothesis_id)
        .where(mine.hypothesis_id == hypothesis_id, theirs.hypothesis_id != hypothesis_id)
        .where(Hypothesis.run_id == run_id)
        .order_by(mine.position)
    )
    found: dict[str, list[str]] = {}
    for other, name in session.execute(query):
        found.setdefault(other, []).append(name)
    return found


def _overlaps(session: Session, run_id: str, hypothesis_id: str) -> dict[str, float]:
    """How much of two hypotheses lies in the same clusters: the sum of the lesser weights."""
    own = (
        select(Membership.cluster_id, Membership.weight)
        .join(Cluster, Cluster.id == Membership.cluster_id)
        .where(Membership.hypothesis_id == hypothesis_id, Cluster.run_id == run_id)
    )
    mine = {row.cluster_id: row.weight for row in session.execute(own)}
    if not mine:
        return {}
    query = select(Membership.hypothesis_id, Membership.cluster_id, Membership.weight).where(
        Membership.cluster_id.in_(mine), Membership.hypothesis_id != hypothesis_id
    )
    found: dict[str, float] = {}
    for other, cluster_id, weight in session.execute(query):
        found[other] = found.get(other, 0.0) + min(weight, mine[cluster_id])
    return {other: min(1.0, share) for other, share in found.items()}


def _trait_counts(session: Session, ids: set[str]) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    wanted: Sequence[str] = sorted(ids)
    for start in range(0, len(wanted), 1000):
        query = (
            select(KeyPoint.hypothesis_id, func.count().label("points"))
            .where(KeyPoint.hypothesis_id.in_(wanted[start : start + 1000]))
            .group_by(KeyPoint.hypothesis_id)
        )
        counted |= {row.hypothesis_id: row.points for row in session.execute(query)}
    return counted
