"""Batches: campaigns are ranked one by one, and each answer is kept exactly once."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from config import Settings
from records.models import BatchCampaign, Job
from records.repositories import Batches
from workers.campaigns import CampaignIn, request_of
from workers.opened import database

if TYPE_CHECKING:
    from ranking import Campaign

KEEP_EVERY_S = 0.5
"""Answers are kept together; so much work is lost when a worker dies."""


@dataclass(slots=True)
class _Ended:
    """Answers and reasons that are not kept yet, by the campaign's id."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def rank_batch(settings: Settings, job: Job) -> dict[str, int]:
    """Rank the campaigns of a piece that have no answer yet."""
    batch_id, first, last = (job.payload[name] for name in ("batch_id", "first", "last"))
    with database().write() as session:
        batches = Batches(session, job.workspace_id)
        batches.begin(batch_id)
        left = batches.waiting(batch_id, first, last)
    # A worker died of this piece before: were answers kept together, it would not be known which one it was.
    every_s = KEEP_EVERY_S if job.attempt == 1 else 0.0
    kept, ended, kept_at = 0, _Ended(), time.monotonic()
    for number, row in enumerate(left, 1):
        _rank(row, ended)
        if number == len(left) or time.monotonic() - kept_at >= every_s:
            goes_on, count = _keep(job.workspace_id, batch_id, ended)
            kept, ended, kept_at = kept + count, _Ended(), time.monotonic()
            if not goes_on:
                break
    with database().write() as session:
        Batches(session, job.workspace_id).close_if_done(batch_id)
    return {"campaigns": kept}


def _rank(row: BatchCampaign, ended: _Ended) -> None:
    from ranking import RankingError

    try:
        ended.answers[row.id] = rank(request_of(row.request))
    except RankingError as error:
        ended.reasons[row.id] = str(error)


def _keep(workspace_id: str, batch_id: str, ended: _Ended) -> tuple[bool, int]:
    """Write down what has ended: whether the batch goes on, and how much of it was new."""
    with database().write() as session:
        batches = Batches(session, workspace_id)
        new = sum(batches.settle(key, answer) for key, answer in ended.answers.items())
        new += sum(batches.fail(key, reason) for key, reason in ended.reasons.items())
        return batches.get(batch_id).state == "running", new


def rank(asked: CampaignIn) -> dict[str, Any]:
    """Which candidates to test next, where all stand, and whether to go on (RankingError)."""
    campaign = _campaign(asked)
    for result in asked.results:
        campaign.add_result(result.id, result.score, sem=result.sem, status=result.status, cost=result.cost)
    advice = campaign.stop_advice()
    return {
        "recommendations": campaign.recommend(asked.recommend),
        "ranking": [
            {
                "id": one.id,
                "mean": _finite(one.mean),
                "sd": _finite(one.sd),
                "p_best": _finite(one.p_best),
                "ei": _finite(one.expected_improvement),
            }
            for one in campaign.ranking()
        ],
        "advice": {
            "go_on": advice.go_on,
            "p_better": _finite(advice.p_better),
            "gain": _finite(advice.gain),
            "reason": advice.reason,
        },
    }


def _campaign(asked: CampaignIn) -> Campaign:
    from ranking import Campaign, Candidate, policy

    candidates = [
        Candidate(
            id=one.id,
            traits=tuple(one.traits),
            vector=one.vector,
            features=one.features,
            prior=one.prior,
            cost=one.cost,
        )
        for one in asked.candidates
    ]
    return Campaign(candidates, policy=policy(asked.policy), seed=asked.seed, maximise=asked.maximise)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
