"""Batches of campaigns: handed in whole, answered one by one, each exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, defer

from records.base import new_id, now
from records.errors import Conflict, NotFound
from records.models import Batch, BatchCampaign
from records.repositories.common import chunks

READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Handed:
    """A campaign as it was handed in; with a ``reason`` it cannot be ranked, and has failed already."""

    name: str
    request: Mapping[str, Any]
    reason: str = ""


class Batches:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def create(self, name: str, campaigns: Iterable[Handed], created_by: str) -> Batch:
        batch = Batch(workspace_id=self._workspace_id, name=name, campaigns=0, created_by=created_by)
        self._session.add(batch)
        self._session.flush()
        at = now()
        rows = (_row(batch.id, position, one) for position, one in enumerate(campaigns))
        for some in chunks(rows):
            batch.campaigns += len(some)
            for row in some:
                row["finished_at"] = at if row["state"] == "failed" else None
            self._session.execute(insert(BatchCampaign), some)
        self._session.flush()
        self.close_if_done(batch.id)
        return batch

    def get(self, batch_id: str) -> Batch:
        mine = Batch.id == batch_id, Batch.workspace_id == self._workspace_id
        batch = self._session.scalar(select(Batch).where(*mine), execution_options=_FRESH)
        if batch is None:
            raise NotFound("batch_not_found", f"there is no batch {batch_id} in this workspace")
        return batch

    def page(self, limit: int, after: str | None = None) -> list[Batch]:
        """Batches older than ``after``, newest first."""
        query = select(Batch).where(Batch.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(Batch.id < after)
        return list(self._session.scalars(query.order_by(Batch.id.desc()).limit(limit)))

    def counts(self, batch_id: str) -> dict[str, int]:
        """Campaigns by state."""
        mine = BatchCampaign.batch_id == self.get(batch_id).id
        query = select(BatchCampaign.state, func.count()).where(mine).group_by(BatchCampaign.state)
        return dict(self._session.execute(query).all())

    def campaigns(
        self, batch_id: str, limit: int, after: int | None = None, *, state: str | None = None
    ) -> list[BatchCampaign]:
        """Campaigns at positions behind ``after``, in order; without their requests."""
        query = (
            select(BatchCampaign)
            .where(BatchCampaign.batch_id == self.get(batch_id).id)
            .options(defer(BatchCampaign.request, raiseload=True))
        )
        if after is not None:
            query = query.where(BatchCampaign.position > after)
        if state is not None:
            query = query.where(BatchCampaign.state == state)
        query = query.order_by(BatchCampaign.position).limit(limit)
        return list(self._session.scalars(query, execution_options=_FRESH))

    def answers(self, batch_id: str) -> Iterator[BatchCampaign]:
        """All campaigns in order, without their requests; a few in memory at a time."""
        after: int | None = None
        while some := self.campaigns(batch_id, READ_AT_ONCE, after):
            yield from some
            after = some[-1].position
            self._session.expunge_all()

    def waiting(self, batch_id: str, first: int, last: int) -> list[BatchCampaign]:
        """The campaigns at these positions (inclusive) that have no answer yet, in order."""
        query = select(BatchCampaign).where(
            BatchCampaign.batch_id == self.get(batch_id).id,
            BatchCampaign.position.between(first, last),
            BatchCampaign.state == "queued",
        )
        return list(self._session.scalars(query.order_by(BatchCampaign.position)))

    def begin(self, batch_id: str) -> None:
        """Somebody is at work on it."""
        self._change_batch(batch_id, {"state": "running"}, "queued")

    def settle(self, campaign_id: str, answer: Mapping[str, Any]) -> bool:
        """Keep a campaign's answer; False where it has one, or was called off."""
        return self._end(campaign_id, {"state": "done", "answer": dict(answer)})

    def fail(self, campaign_id: str, reason: str) -> bool:
        """The campaign cannot be ranked; False where it has an answer, or was called off."""
        return self._end(campaign_id, {"state": "failed", "reason": reason})

    def close_if_done(self, batch_id: str) -> bool:
        """The batch is done once none of its campaigns waits; whether this call made it so."""
        waits = (
            select(BatchCampaign.id)
            .where(BatchCampaign.batch_id == batch_id, BatchCampaign.state == "queued")
            .exists()
        )
        change = {"state": "done", "finished_at": now()}
        return self._change_batch(batch_id, change, "queued", "running", unless=waits)

    def cancel(self, batch_id: str) -> Batch:
        """Call off what has no answer yet; answers stay (Conflict ``batch_is_over``)."""
        batch = self.get(batch_id)
        if not self._change_batch(
            batch_id, {"state": "cancelled", "finished_at": now()}, "queued", "running"
        ):
            raise Conflict("batch_is_over", f"this batch is {batch.state} already")
        waiting = BatchCampaign.batch_id == batch_id, BatchCampaign.state == "queued"
        change = {"state": "cancelled", "finished_at": now()}
        self._session.execute(
            update(BatchCampaign).where(*waiting).values(**change), execution_options=_UNSEEN
        )
        return self.get(batch_id)

    def _end(self, campaign_id: str, change: Mapping[str, Any]) -> bool:
        mine = select(Batch.id).where(Batch.workspace_id == self._workspace_id)
        statement = (
            update(BatchCampaign)
            .where(
                BatchCampaign.id == campaign_id,
                BatchCampaign.state == "queued",
                BatchCampaign.batch_id.in_(mine),
            )
            .values(**change, finished_at=now())
            .returning(BatchCampaign.id)
        )
        return self._session.scalar(statement, execution_options=_UNSEEN) is not None

    def _change_batch(
        self, batch_id: str, change: Mapping[str, Any], *states: str, unless: Any = None
    ) -> bool:
        statement = update(Batch).where(
            Batch.id == batch_id, Batch.workspace_id == self._workspace_id, Batch.state.in_(states)
        )
        if unless is not None:
            statement = statement.where(~unless)
        changed = statement.values(**change).returning(Batch.id)
        return self._session.scalar(changed, execution_options=_UNSEEN) is not None


_FRESH = {"populate_existing": True}
_UNSEEN = {"synchronize_session": False}


def _row(batch_id: str, position: int, one: Handed) -> dict[str, Any]:
    return {
        "id": new_id(),
        "batch_id": batch_id,
        "position": position,
        "name": one.name,
        "state": "failed" if one.reason else "queued",
        "request": dict(one.request),
        "reason": one.reason,
    }
