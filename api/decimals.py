"""Numbers as people type them: where a keyboard or a spreadsheet writes a comma for the decimal point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
"""1,234 may be either, so it is left as it is: whoever reads it as a number says that it is none."""


def with_point(text: str) -> str:
    """3,7 as 3.7; any other text unchanged."""
    plain = text.strip()
    decimal = COMMA.fullmatch(plain) and not THOUSANDS.fullmatch(plain)
    return plain.replace(",", ".") if decimal else text


def with_points(told: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The same for these fields of a form or a row."""
    numbers = {name: with_point(told[name]) for name in names if isinstance(told.get(name), str)}
    return {**told, **numbers}
