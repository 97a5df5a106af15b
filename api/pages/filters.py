"""How values are written on a page: three digits, a true minus, times with their zone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from records.models import Paper, Passage
from records.written import number, share


def beside(value: float | None, sd: float | None) -> str:
    """A mean, but never beyond the last digit that is written of its standard deviation."""
    if value is None or not math.isfinite(value) or not sd or not 1e-4 <= sd < 1e6:
        return number(value)
    places = max(0, 2 - math.floor(math.log10(sd)))
    if abs(value) >= 10.0 ** (2 - places):
        return number(value)
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")  # + 0.0: no minus before nothing


def measured(value: float | None) -> str:
    """As it was entered, every digit of it, so that it can be entered again."""
    return "" if value is None else f"{value:.15g}"


def moment(value: datetime) -> Markup:
    told = value.astimezone(UTC)
    text = told.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}">{}</time>').format(told.isoformat(), text)


def typed_moment(value: datetime | None) -> str:
    """As a form's date and time, in UTC."""
    return "" if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def link(paper: Paper) -> str | None:
    """Where the paper can be read; only the web, whatever the record says."""
    if paper.doi:
        return f"https://doi.org/{paper.doi}"
    url = paper.url or ""
    return url if re.fullmatch(r"https?://[^\s\"'<>]+", url) else None


def marked(passage: Passage, start: int, end: int) -> Markup:
    """The passage with the quoted span marked in it."""
    text = passage.text
    return Markup("{}<mark>{}</mark>{}").format(escape(text[:start]), escape(text[start:end]), text[end:])


def told(detail: Mapping[str, Any]) -> str:
    """What an entry of the audit trail holds, in a line."""
    return ", ".join(
        f"{name.replace('_', ' ')}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in detail.items()
        if value not in ("", None, {}, [])
    )


def brief(value: float | None) -> str:
    """A result to be read: six digits are more than any bench gives."""
    return "" if value is None else f"{value:.6g}"


FILTERS = {
    "told": told,
    "paired": lambda values: [(value, value) for value in values],
    "beside": beside,
    "brief": brief,
    "number": number,
    "measured": measured,
    "share": share,
    "moment": moment,
    "typed_moment": typed_moment,
    "link": link,
    "marked": marked,
}
