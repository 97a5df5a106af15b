"""What a person hands in, read and checked before anything is kept: laboratories, surveys, tables."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.plan import LaboratorySpec
from records.errors import BadInput

if TYPE_CHECKING:
    from simulator.calibration import Calibration

FORMS = "use simulated:FILE, recorded:TABLE.csv:COLUMN, human or none"


def read_laboratory(text: str) -> LaboratorySpec:
    """The laboratory that ``simulated:FILE``, ``recorded:TABLE.csv:COLUMN``, ``human`` or ``none`` names."""
    kind, _, rest = text.partition(":")
    if text == "human":
        return LaboratorySpec(kind="human", label=text)
    if text == "none":
        return LaboratorySpec(kind="none", label=text)
    if kind == "simulated" and rest:
        return LaboratorySpec(
            kind="simulated", label=f"simulated:{Path(rest).name}", truth=_truth(Path(rest))
        )
    if kind == "recorded" and ":" in rest:
        table, _, column = rest.rpartition(":")
        rows = _rows(Path(table), column)
        label = f"recorded:{Path(table).name}:{column}"
        return LaboratorySpec(kind="recorded", label=label, rows=rows, column=column)
    raise BadInput("unknown_laboratory", f"There is no laboratory '{text}': {FORMS}.")


def read_text(path: Path, what: str) -> str:
    """A file's text, or one line that says why it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput("no_such_file", f"There is no file {path} for the {what}.") from None
    except UnicodeDecodeError:
        raise BadInput("not_text", f"{path} is not UTF-8 text; save the {what} as UTF-8.") from None
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}.") from None
    if not text.strip():
        raise BadInput("empty_file", f"{path} is empty; the {what} should stand in it.")
    return text


NUMBERS = {
    *("sigma2", "landscape", "cost", "noise", "proportional", "heteroscedastic", "drift"),
    *("outlier_rate", "outlier_size", "detection_limit", "saturation", "failure_rate", "failure_at_worst"),
}


def _truth(path: Path) -> dict[str, Any]:
    """A simulated laboratory's hidden ground truth: key points with weights, and the response's figures."""
    try:
        truth = json.loads(read_text(path, "simulated laboratory"))
    except json.JSONDecodeError as error:
        raise BadInput("not_json", f"{path} is no JSON (line {error.lineno}): {error.msg}.") from None
    points = truth.get("key_points") if isinstance(truth, dict) else None
    if not isinstance(points, list) or not points:
        raise BadInput(
            "no_key_points", f"{path} needs a list 'key_points' of objects with name, role and weight."
        )
    for number, point in enumerate(points, 1):
        if not isinstance(point, dict) or not str(point.get("name", "")).strip():
            raise BadInput("no_key_points", f"Key point {number} in {path} has no name.")
        if not _is_number(point.get("weight")) or not point["weight"] > 0:
            raise BadInput("bad_weight", f"Key point {number} in {path} needs a weight above 0.")
    kept = {name: truth[name] for name in NUMBERS & truth.keys()}
    if "calibration" in truth and "sigma2" not in truth:
        kept["sigma2"] = read_calibration(path.parent / str(truth["calibration"])).sigma2
    for name, value in kept.items():
        if not _is_number(value) or not 0 <= value < math.inf:
            raise BadInput("bad_number", f"'{name}' in {path} should be a number of 0 or more.")
    return {"key_points": [_key_point(point) for point in points], **kept}


def read_calibration(path: Path) -> Calibration:
    """A fit's file (BadInput, or SimulatorError for a form that is not known)."""
    from simulator.calibration import Calibration

    try:
        return Calibration.from_json(json.loads(read_text(path, "calibration")))
    except json.JSONDecodeError as error:
        raise BadInput("not_json", f"{path} is no JSON (line {error.lineno}): {error.msg}.") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key_point(point: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(point["name"]),
        "role": str(point.get("role", "")),
        "weight": float(point["weight"]),
    }


def _rows(path: Path, column: str) -> list[dict[str, Any]]:
    """A measured table as candidates: rows of the same settings are replicates, an empty cell a failure."""
    text = read_text(path, "table")
    delimiter = max(",;\t", key=text.splitlines()[0].count)
    lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if any(line)]
    header = [name.strip() for name in lines[0]]
    if len(set(header)) != len(header):
        raise BadInput("repeated_column", f"{path} has two columns of the same name; rename one of them.")
    if column not in header:
        raise BadInput("unknown_column", f"{path} has no column '{column}'; it has {', '.join(header)}.")
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            cells_in = f"has {len(line)} cells where the header has {len(header)}"
            raise BadInput("ragged_table", f"Row {number} of {path} {cells_in}.")
    cells = {name: [line[i].strip() for line in lines[1:]] for i, name in enumerate(header)}
    measured = [_measured(value, row, column, path) for row, value in enumerate(cells.pop(column), 2)]
    features = _features(cells)
    if not features or not measured:
        raise BadInput(
            "no_candidates", f"{path} needs rows, and besides '{column}' a column that tells them apart."
        )
    grouped: dict[str, dict[str, Any]] = {}
    for number, value in enumerate(measured):
        row = {name: values[number] for name, values in features.items()}
        key = " | ".join(str(cell) for cell in row.values())
        grouped.setdefault(key, {"key": key, "features": row, "values": []})["values"].append(value)
    return list(grouped.values())


MISSING = {"", "na", "n/a", "nan", "none", "null", "failed", "-"}


def _measured(text: str, row: int, column: str, path: Path) -> float | None:
    if text.lower() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput("not_a_number", f"Row {row} of {path}: '{text}' in column '{column}' is no number.")
    return value


def _features(cells: dict[str, list[str]]) -> dict[str, Sequence[str | float]]:
    """The columns that describe a candidate: none that numbers rows, never changes, or repeats another."""
    kept: dict[tuple[int, ...], str] = {}
    for name, values in cells.items():
        distinct = {value: place for place, value in enumerate(dict.fromkeys(values))}
        if len(distinct) < 2 or (len(distinct) == len(values) > 20) or _counts(values):
            continue
        pattern = tuple(distinct[value] for value in values)
        rival = kept.get(pattern)
        if rival is None or _legibility(values) > _legibility(cells[rival]):
            kept[pattern] = name
    chosen = [name for name in cells if name in kept.values()]
    return {name: _numbers(cells[name]) or cells[name] for name in chosen}


def _counts(values: list[str]) -> bool:
    """Whether a column only numbers its rows, from 0 or 1."""
    return any(values == [str(number) for number in range(first, first + len(values))] for first in (0, 1))


def _legibility(values: list[str]) -> float:
    """How much of a column is letters: names are told from codes such as SMILES."""
    text = "".join(values)
    return sum(letter.isalpha() or letter == " " for letter in text) / max(1, len(text))


def _numbers(values: list[str]) -> list[float] | None:
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None
