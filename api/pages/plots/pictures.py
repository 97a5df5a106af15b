"""All pictures of a run, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from api.pages.plots.gathering import Seen
from api.pages.plots.intervals import intervals
from api.pages.plots.map import hypothesis_map
from api.pages.plots.picture import Picture
from api.pages.plots.predicted import predicted
from api.pages.plots.trace import trace
from api.pages.plots.traits import traits
from api.pages.plots.tree import cluster_tree
from records.errors import NotFound

PICTURES: Mapping[str, Callable[[Seen], Picture | None]] = {
    "trace": trace,
    "intervals": intervals,
    "traits": traits,
    "map": hypothesis_map,
    "predicted": predicted,
    "tree": cluster_tree,
}


def draw(seen: Seen, name: str) -> Picture:
    """One of them (NotFound ``no_such_picture`` where there is nothing to show in it yet)."""
    picture = PICTURES[name](seen) if name in PICTURES else None
    if picture is None:
        raise NotFound("no_such_picture", f"there is no picture '{name}' of this run yet")
    return picture


def draw_all(seen: Seen) -> list[Picture]:
    """Those that the run has something to show in."""
    return [picture for one in PICTURES.values() if (picture := one(seen)) is not None]
