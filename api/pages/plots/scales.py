"""From values to places on a drawing, and the round numbers that stand beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from api.pages.plots import svg
from records.written import number


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from ``low`` to ``high`` between two places; the second may be the smaller one, as above is."""

    low: float
    high: float
    first: float
    last: float

    @classmethod
    def over(cls, values: Iterable[float], first: float, last: float, *, room: float = 0.06) -> Axis:
        """That holds all the values, with some room at either end."""
        known = [value for value in values if math.isfinite(value)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        spare = (high - low) * room or abs(high) * 0.1 or 0.5
        return cls(low - spare, high + spare, first, last)

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values within it: steps of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
        start = math.ceil(self.low / step - 1e-9)
        end = math.floor(self.high / step + 1e-9)
        return [round(place * step, 12) for place in range(start, end + 1)]


def below(axis: Axis, y: float, label: str, top: float) -> Markup:
    """A horizontal axis at ``y`` with rules up to ``top``, and what it shows."""
    parts = []
    for tick in axis.ticks():
        x = axis.at(tick)
        parts += [svg.line(x, top, x, y, "rule"), svg.text(x, y + 16, tick_text(tick), "soft", "middle")]
    middle = (axis.first + axis.last) / 2
    return svg.group(*parts, svg.text(middle, y + 34, label, "soft", "middle"))


def beside(axis: Axis, x: float, label: str, right: float) -> Markup:
    """A vertical axis at ``x`` with rules as far as ``right``, and what it shows."""
    parts = []
    for tick in axis.ticks():
        y = axis.at(tick)
        parts += [svg.line(x, y, right, y, "rule"), svg.text(x - 6, y + 4, tick_text(tick), "soft", "end")]
    top = min(axis.first, axis.last)
    return svg.group(*parts, svg.text(x, top - 8, label, "soft", "start"))


def tick_text(value: float) -> str:
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return f"{value:.10g}".replace("-", "−")
    return number(value)


def shortened(text: str, length: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
