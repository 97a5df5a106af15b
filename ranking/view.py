"""What a policy may see of a campaign: never more than the results so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ranking.kernels import Array, Places
from ranking.observations import Observations
from ranking.surrogate import Surrogate


@dataclass(frozen=True)
class View:
    """Candidates are places in the campaign's canonical order."""

    fitted: Callable[[], Surrogate]
    """Fits when it is first asked: a policy that needs no surrogate waits for none."""
    seen: Observations
    failed: Places
    """Where experiments gave nothing, one entry an experiment."""
    pending: Places
    open: Places
    """What may be recommended: not tested, not failed, not pending, not excluded."""
    prior: Array | None
    """[candidates]; higher is believed to be better."""
    costs: Array | None
    """[candidates], above 0, in units of the dearest; None where all cost the same."""

    @property
    def surrogate(self) -> Surrogate:
        """Conditioned on the results."""
        return self.fitted()
