"""Where every candidate stands: the part of a run's outcome that experiments change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agents.context import Context
from ranking import Campaign

EXPLAINED = 200
"""Candidates of a pool in which each one's place is explained; in a larger one that would take too long."""
STRONGEST = 8
"""Experiments and traits in an explanation."""


def standings(context: Context) -> dict[str, Any]:
    """The ranking, the reasons for it, and advice, as JSON; candidates are named by their position."""
    if not context.campaigns.pool().candidates:
        return {"standings": [], "contributions": []}
    campaign = context.campaigns.rebuild()
    ranked = []
    for standing in campaign.ranking():
        entry = asdict(standing)
        ranked.append({"position": int(entry.pop("id")), **entry})
    return {
        "standings": ranked,
        "contributions": [asdict(item) for item in campaign.contributions()],
        "advice": asdict(campaign.stop_advice()),
        "explanations": _explanations(campaign, len(ranked)),
    }


def _explanations(campaign: Campaign, count: int) -> dict[str, Any]:
    if count > EXPLAINED:
        return {}
    told = {}
    for position in range(count):
        found = asdict(campaign.explain(str(position)))
        for part in ("traits", "speak_for", "speak_against"):
            found[part] = found[part][:STRONGEST]
        told[str(position)] = found
    return told
