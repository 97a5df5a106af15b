"""Hypotheses of a run, their key points, and the clusters that they share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session, selectinload

from records.base import new_id
from records.errors import Conflict, NotFound
from records.models import Clause, Cluster, Experiment, Hypothesis, KeyPoint, Membership, Run
from records.repositories.common import chunks, number


@dataclass(frozen=True, slots=True)
class Category:
    """A cluster with its members: hypothesis id to the share (0 to 1) of it that lies there."""

    name: str
    key_points: tuple[str, ...]
    members: Mapping[str, float]
    id: str = ""
    """Empty until it is kept."""


class Hypotheses:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def replace(self, run_id: str, rows: Sequence[Hypothesis]) -> list[str]:
        """Make these the run's hypotheses, in this order; their ids.

        The rows are new objects with their clauses, evidence, key points and inspirations attached;
        places are numbered here. A node that runs again replaces what it wrote before. Raises Conflict
        ``run_has_experiments`` once there are any: they would lose what they tested.
        """
        self._check_run(run_id)
        if self._session.scalar(select(Experiment.id).where(Experiment.run_id == run_id).limit(1)):
            raise Conflict(
                "run_has_experiments", "this run has experiments; its hypotheses can no longer be replaced"
            )
        self._session.execute(delete(Hypothesis).where(Hypothesis.run_id == run_id))
        return [self._keep(run_id, position, row) for position, row in enumerate(rows)]

    def add(self, run_id: str, row: Hypothesis) -> str:
        """One more hypothesis, behind the others (a chemist's own, say); its id."""
        self._check_run(run_id)
        last = self._session.scalar(select(func.max(Hypothesis.position)).where(Hypothesis.run_id == run_id))
        return self._keep(run_id, 0 if last is None else last + 1, row)

    def of_run(self, run_id: str) -> list[Hypothesis]:
        """All of them by position, with clauses, evidence, key points and inspirations loaded."""
        self._check_run(run_id)
        query = self._whole().where(Hypothesis.run_id == run_id).order_by(Hypothesis.position)
        return list(self._session.scalars(query))

    def at(self, run_id: str, positions: Sequence[int]) -> list[Hypothesis]:
        """Those at these places, in this order, loaded like those of ``of_run``."""
        self._check_run(run_id)
        query = self._whole().where(Hypothesis.run_id == run_id, Hypothesis.position.in_(positions))
        found = {row.position: row for row in self._session.scalars(query)}
        return [found[position] for position in positions if position in found]

    def count(self, run_id: str) -> int:
        query = select(func.count()).where(
            Hypothesis.workspace_id == self._workspace_id, Hypothesis.run_id == run_id
        )
        return self._session.scalar(query) or 0

    def titles(self, run_id: str) -> list[tuple[str, str]]:
        """Ids and titles of the run's hypotheses, by position."""
        self._check_run(run_id)
        query = select(Hypothesis.id, Hypothesis.title).where(Hypothesis.run_id == run_id)
        return [(row.id, row.title) for row in self._session.execute(query.order_by(Hypothesis.position))]

    def get(self, hypothesis_id: str) -> Hypothesis:
        """One of them, loaded like those of ``of_run``."""
        found = self._session.scalar(self._whole().where(Hypothesis.id == hypothesis_id))
        if found is None:
            raise _not_found(hypothesis_id)
        return found

    def named(self, hypothesis_ids: Collection[str]) -> dict[str, str]:
        """Titles by id, of those that are the workspace's."""
        query = select(Hypothesis.id, Hypothesis.title).where(Hypothesis.workspace_id == self._workspace_id)
        return {
            row.id: row.title
            for chunk in chunks(hypothesis_ids)
            for row in self._session.execute(query.where(Hypothesis.id.in_(chunk)))
        }

    def title(self, run_id: str, position: int) -> str | None:
        """The title of the run's hypothesis at this place, without loading anything else."""
        query = select(Hypothesis.title).where(
            Hypothesis.workspace_id == self._workspace_id,
            Hypothesis.run_id == run_id,
            Hypothesis.position == position,
        )
        return self._session.scalar(query)

    def set_key_points(self, found: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        """Make these (name, role) pairs, by hypothesis id, the hypotheses' key points, in this order.

        A statement for many rows, not some for each: while this writes, everybody else waits on SQLite.
        """
        mine = select(Hypothesis.id).where(Hypothesis.workspace_id == self._workspace_id)
        for ids in chunks(found):
            known = set(self._session.scalars(mine.where(Hypothesis.id.in_(ids))))
            for stranger in (identity for identity in ids if identity not in known):
                raise _not_found(stranger)
            self._session.execute(delete(KeyPoint).where(KeyPoint.hypothesis_id.in_(ids)))
            rows = [
                {"id": new_id(), "hypothesis_id": identity, "position": position, "name": name, "role": role}
                for identity in ids
                for position, (name, role) in enumerate(found[identity])
            ]
            if rows:
                self._session.execute(insert(KeyPoint), rows)
        self._session.expire_all()

    def replace_clusters(self, run_id: str, categories: Sequence[Category]) -> None:
        """Make these the run's clusters, in this order; every member must be a hypothesis of the run."""
        self._check_run(run_id)
        known = set(self._session.scalars(select(Hypothesis.id).where(Hypothesis.run_id == run_id)))
        for stranger in sorted({member for category in categories for member in category.members} - known):
            raise NotFound("hypothesis_not_found", f"there is no hypothesis {stranger} in run {run_id}")
        self._session.execute(delete(Cluster).where(Cluster.run_id == run_id))
        for position, category in enumerate(categories):
            cluster = Cluster(
                run_id=run_id, position=position, name=category.name, key_points=list(category.key_points)
            )
            self._session.add(cluster)
            self._session.flush()
            self._session.add_all(
                Membership(cluster_id=cluster.id, hypothesis_id=member, weight=weight)
                for member, weight in category.members.items()
            )
        self._session.flush()

    def clusters(self, run_id: str) -> list[Category]:
        """The run's clusters, each with its members, heaviest first."""
        self._check_run(run_id)
        rows = self._session.scalars(
            select(Cluster).where(Cluster.run_id == run_id).order_by(Cluster.position)
        )
        shares = self._session.execute(
            select(Membership.cluster_id, Membership.hypothesis_id, Membership.weight)
            .join(Cluster, Cluster.id == Membership.cluster_id)
            .where(Cluster.run_id == run_id)
            .order_by(Membership.weight.desc(), Membership.hypothesis_id)
        )
        members: dict[str, dict[str, float]] = {}
        for cluster_id, hypothesis_id, weight in shares:
            members.setdefault(cluster_id, {})[hypothesis_id] = weight
        return [Category(row.name, tuple(row.key_points), members.get(row.id, {}), row.id) for row in rows]

    def clusters_of(self, hypothesis_id: str) -> list[str]:
        """Ids of the clusters that one of the workspace's hypotheses lies in, in their order."""
        query = (
            select(Cluster.id)
            .join(Membership, Membership.cluster_id == Cluster.id)
            .join(Hypothesis, Hypothesis.id == Membership.hypothesis_id)
            .where(Membership.hypothesis_id == hypothesis_id, Hypothesis.workspace_id == self._workspace_id)
            .order_by(Cluster.position)
        )
        return list(self._session.scalars(query))

    def _keep(self, run_id: str, position: int, row: Hypothesis) -> str:
        row.workspace_id = self._workspace_id
        row.run_id = run_id
        row.position = position
        number(row.clauses)
        for clause in row.clauses:
            number(clause.evidence)
        number(row.key_points)
        number(row.inspirations)
        self._session.add(row)
        self._session.flush()
        return row.id

    def _whole(self) -> Select[Hypothesis]:
        return (
            select(Hypothesis)
            .where(Hypothesis.workspace_id == self._workspace_id)
            .options(
                selectinload(Hypothesis.clauses).selectinload(Clause.evidence),
                selectinload(Hypothesis.key_points),
                selectinload(Hypothesis.inspirations),
            )
        )

    def _check_run(self, run_id: str) -> None:
        query = select(Run.id).where(Run.id == run_id, Run.workspace_id == self._workspace_id)
        if self._session.scalar(query) is None:
            raise NotFound("run_not_found", f"there is no run {run_id} in this workspace")


def _not_found(hypothesis_id: str) -> NotFound:
    return NotFound("hypothesis_not_found", f"there is no hypothesis {hypothesis_id} in this workspace")
