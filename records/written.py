"""Numbers as a reader wants them, on a page or in a report: three digits, a true minus, never "nan"."""

from __future__ import annotations

import math

NOTHING = "–"


def number(value: float | None) -> str:
    """Three significant digits, powers of ten only where they are needed."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0 or abs(value) < 5e-10:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-4:
        digits, power = f"{value:.2e}".split("e")
        raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{digits} × 10{raised}".replace("-", "−")
    places = max(0, 2 - math.floor(math.log10(size)))
    return f"{value:,.{places}f}".replace("-", "−").replace(",", "\u202f")


def share(value: float | None) -> str:
    """A probability in percent; what is nearly nothing is said to be so."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return "< 1 %" if 0 < value < 0.01 else f"{100 * value:.0f} %"


def seconds(value: float) -> str:
    if value >= 90:
        return f"{value / 60:.1f} min"
    return f"{value:.1f} s"
