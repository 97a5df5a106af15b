"""Who measures, as the form says it: a person, nobody, a table of measured values, or a simulation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.decimals import with_points
from api.pages.tables import Problem, header_of, read_table

MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Laboratory:
    plan: Mapping[str, Any]
    """As a plan's laboratory."""
    errors: tuple[Problem, ...] = ()
    columns: tuple[str, ...] = ()
    """Of a table."""
    rows: int = 0


def read_laboratory(typed: Mapping[str, str]) -> Laboratory:
    kind = typed.get("laboratory", "human")
    if kind == "recorded":
        return _recorded(typed.get("table_file") or typed.get("table", ""), typed.get("measured", "").strip())
    if kind == "simulated":
        return _simulated(typed)
    return Laboratory({"kind": kind})


def _recorded(text: str, measured: str) -> Laboratory:
    """Rows with the same settings are one candidate that was measured several times; a blank is a failure."""
    _, _, columns = header_of(text)
    measured = measured or (columns[-1] if columns else "")
    plan: dict[str, Any] = {"kind": "recorded", "column": measured, "rows": []}
    if measured not in columns:
        why = f"There is no column “{measured}”" if text.strip() else "Bring a table of what was measured"
        return Laboratory(plan, ((1, why),), columns)
    table = read_table(text)
    errors = list(table.errors)
    found: dict[tuple[tuple[str, str], ...], list[float | None]] = {}
    for line, cells in table.rows:
        value = cells.get(measured, "")
        number = _number(value)
        if value and number is None:
            errors.append((line, f"{measured}: “{value[:40]}” is no number"))
            continue
        settings = tuple((name, cell) for name, cell in cells.items() if name != measured and cell)
        if settings:
            found.setdefault(settings, []).append(number)
        else:
            errors.append((line, "The row says nothing but its result"))
    numeric = {
        name for name in columns if all(_number(dict(one).get(name, "0")) is not None for one in found)
    }
    plan["rows"] = [
        {
            "features": {name: _number(cell) if name in numeric else cell for name, cell in settings},
            "values": values,
        }
        for settings, values in found.items()
    ]
    return Laboratory(plan, tuple(errors[:MOST_ERRORS]), columns, len(found))


def _simulated(typed: Mapping[str, str]) -> Laboratory:
    """A line for each key point of the hidden truth: weight; name; role."""
    points: list[dict[str, Any]] = []
    errors: list[Problem] = []
    for line, text in enumerate(typed.get("truth", "").splitlines(), 1):
        if not text.strip():
            continue
        weight, _, rest = text.partition(";")
        name, _, role = rest.partition(";")
        number = _number(weight)
        if number is None or not name.strip():
            errors.append(
                (line, "Write a weight, a semicolon, and what it is: 40; guanidinium; crystallises")
            )
        else:
            points.append({"weight": number, "name": name.strip(), "role": role.strip()})
    if not points and not errors:
        errors.append((1, "Say what the hidden truth is made of"))
    truth: dict[str, Any] = {"key_points": points}
    numbers = {name: typed[name] for name in ("noise", "sigma2") if typed.get(name, "").strip()}
    truth |= with_points(numbers, numbers)
    return Laboratory({"kind": "simulated", "truth": truth}, tuple(errors))


def _number(text: str) -> float | None:
    """None for what is no finite number; a comma may stand for the point."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
