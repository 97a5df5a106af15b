"""Which traits help: their effects with intervals, as a forest plot."""

from __future__ import annotations

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.gathering import Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import Axis, below, shortened
from api.schemas.hypotheses import TraitEffect
from records.written import number

SHOWN = 16
LONGEST = 64
"""Characters of a name."""
ROW = 32.0
WIDTH, LEFT, TOP, BOTTOM = 460.0, 12.0, 8.0, 44.0


SIDES = {"helps": "helps", "harms": "harms", "hint": "may be either"}


def traits(seen: Seen) -> Picture | None:
    """None while no result says anything of them."""
    strongest = sorted(seen.traits, key=lambda one: (-abs(one.effect), one.trait))
    if not strongest or not any(test.score is not None for test in seen.tests):
        return None
    shown = sorted(strongest[:SHOWN], key=lambda one: -one.effect)
    height = TOP + ROW * len(shown) + BOTTOM
    ends = [end for one in shown for end in (one.low, one.high)]
    across = Axis.over([*ends, 0.0], LEFT, WIDTH - 12, room=0.03)
    nought = across.at(0.0)
    label = "effect on the score" + (f", {seen.unit}" if seen.unit else "")
    drawn = svg.drawing(
        WIDTH,
        height,
        "What the traits contribute",
        below(across, height - BOTTOM, label, TOP),
        svg.line(nought, TOP, nought, height - BOTTOM, "nought"),
        *(_row(one, n, across) for n, one in enumerate(shown)),
    )
    return Picture(
        "traits",
        "Which traits help",
        f"The {len(shown)} strongest effects of {len(strongest)} with 95 % intervals; one across zero is no"
        " more than a hint.",
        drawn,
        ("trait", "effect", "from", "to", "candidates"),
        tuple((one.trait, one.effect, one.low, one.high, one.candidates) for one in strongest),
        tuple((side, SIDES[side]) for side in SIDES if side in {_side(one) for one in shown}),
    )


def _side(one: TraitEffect) -> str:
    return "hint" if one.low <= 0 <= one.high else "helps" if one.effect > 0 else "harms"


def _row(one: TraitEffect, n: int, across: Axis) -> Markup:
    y = TOP + ROW * n + 23
    side = _side(one)
    told = (
        f"{one.trait[:160]}: {number(one.effect)}, from {number(one.low)} to {number(one.high)}; "
        f"in {one.candidates} candidates"
    )
    return svg.group(
        svg.title(told),
        svg.text(LEFT, y - 9, shortened(one.trait, LONGEST)),
        svg.line(across.at(one.low), y, across.at(one.high), y, f"{side} reach"),
        svg.dot(across.at(one.effect), y, 4, side),
    )
