"""What a policy may see of a campaign: never more than the results so far."""

from __future__ import annotations

from dataclasses import dataclass

from ranking.kernels import Array, Places
from ranking.surrogate import Observations, Surrogate


@dataclass(frozen=True)
class View:
    """Candidates are places in the campaign's canonical order."""

    surrogate: Surrogate
    """Conditioned on the results."""
    seen: Observations
    failed: Places
    """Where experiments gave nothing, one entry an experiment."""
    pending: Places
    open: Places
    """What may be recommended: not tested, not failed, not pending, not excluded."""
    prior: Array | None
    """[candidates]; higher is believed to be better."""
