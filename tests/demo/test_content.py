"""The demo's own content: whole, readable and without the answer in the question."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
NOTES = [json.loads(line) for line in (DEMO / "literature.jsonl").read_text("utf-8").splitlines()]


def read(name: str) -> dict[str, object]:
    content = json.loads((DEMO / name).read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def test_the_literature_is_some_forty_papers_each_once() -> None:
    assert 38 <= len(NOTES) <= 44
    assert len({note["title"].casefold() for note in NOTES}) == len(NOTES)


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note["title"][:40])
def test_a_note_has_a_title_and_a_short_text(note: dict[str, str]) -> None:
    assert {"title", "abstract"} <= set(note)
    assert all(value.strip() == value != "" for value in note.values())
    assert 60 <= len(note["abstract"].split()) <= 130
    assert note["abstract"].endswith(".")


def test_the_survey_does_not_give_the_answer_away() -> None:
    asked = read("question.json")
    assert set(asked) == {"question", "survey"}
    assert 100 <= len(str(asked["survey"]).split()) <= 200
    told = f"{asked['question']} {asked['survey']}".casefold()
    for secret in ("guanidin", "sulfate", "directional", "freez", "salting", "vinyl alcohol", "pva"):
        assert secret not in told


def test_the_weights_of_the_hidden_key_points_sum_to_100() -> None:
    truth = read("ground_truth.json")
    assert set(truth) == {"key_points", "sigma2", "noise"}
    points = truth["key_points"]
    assert isinstance(points, list)
    assert all(set(point) == {"name", "role", "weight"} and point["weight"] > 0 for point in points)
    assert sum(point["weight"] for point in points) == 100


def test_the_reactions_are_a_full_grid_with_a_yield_for_every_point() -> None:
    with (DEMO / "reactions" / "direct_arylation.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    factors = ("Base", "Ligand", "Solvent", "Concentration", "Temp_C")
    assert tuple(rows[0]) == (*factors, "yield")
    grid = product(*(sorted({row[factor] for row in rows}) for factor in factors))
    assert sorted(tuple(row[factor] for factor in factors) for row in rows) == sorted(grid)
    assert len(rows) == 1728
    assert all(0 <= float(row["yield"]) <= 100 for row in rows)
