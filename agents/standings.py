"""Where every candidate stands: the part of a run's outcome that experiments change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agents.context import Context


def standings(context: Context) -> dict[str, Any]:
    """The ranking and the traits' contributions as JSON; candidates are named by their position."""
    if not context.campaigns.pool().candidates:
        return {"standings": [], "contributions": []}
    campaign = context.campaigns.rebuild()
    ranked = []
    for standing in campaign.ranking():
        entry = asdict(standing)
        ranked.append({"position": int(entry.pop("id")), **entry})
    return {"standings": ranked, "contributions": [asdict(item) for item in campaign.contributions()]}
