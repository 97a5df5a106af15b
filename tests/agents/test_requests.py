"""What people hand in: laboratories and tables, good ones and bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.requests import read_laboratory, read_text
from records.errors import BadInput

TRUTH = {
    "key_points": [{"name": "directional freezing", "role": "aligns pores", "weight": 60}],
    "noise": 0.05,
}


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def refused(text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_laboratory(text)
    assert "\n" not in caught.value.message
    return caught.value


def test_a_table_becomes_candidates(tmp_path: Path) -> None:
    table = written(
        tmp_path,
        "t.csv",
        "entry,Base,Base_SMILES,Temp,yield\n0,KOAc,CC(=O)[O-].[K+],90,12\n1,KOAc,CC(=O)[O-].[K+],90,14\n"
        "2,Cs2CO3,[Cs+],90,\n3,KOAc,CC(=O)[O-].[K+],105,50.5\n",
    )
    spec = read_laboratory(f"recorded:{table}:yield")
    assert [row["values"] for row in spec.rows] == [[12.0, 14.0], [None], [50.5]]
    assert spec.rows[0]["features"] == {"Base": "KOAc", "Temp": 90.0}
    assert spec.label == "recorded:t.csv:yield"


def test_row_numbers_copies_and_constants_describe_nothing(tmp_path: Path) -> None:
    lines = ["entry,name,code,temperature,solvent,yield"]
    lines += [f"{i},{'abcd'[i % 4]}mine,{i % 4}%%,{[90, 105][i % 2]},DMF,{i}" for i in range(24)]
    spec = read_laboratory(f"recorded:{written(tmp_path, 't.csv', chr(10).join(lines))}:yield")
    assert set(spec.rows[0]["features"]) == {"name", "temperature"}
    assert spec.rows[0]["features"]["temperature"] == 90.0
    assert len(spec.rows) == 4
    assert len(spec.rows[0]["values"]) == 6  # replicates


def test_semicolons_and_tabs(tmp_path: Path) -> None:
    for mark in ";\t":
        table = written(tmp_path, "t.csv", f"base{mark}yield\nKOAc{mark}1\nCs2CO3{mark}2\n")
        assert len(read_laboratory(f"recorded:{table}:yield").rows) == 2


@pytest.mark.parametrize(
    ("content", "column", "code"),
    [
        ("base,yield\nKOAc,1\n", "purity", "unknown_column"),
        ("base,yield\nKOAc,much\n", "yield", "not_a_number"),
        ("base,yield\nKOAc,inf\n", "yield", "not_a_number"),
        ("base,yield\nKOAc\n", "yield", "ragged_table"),
        ("base,base,yield\na,b,1\n", "yield", "repeated_column"),
        ("base,yield\n", "yield", "no_candidates"),
        ("", "yield", "empty_file"),
    ],
)
def test_bad_tables(tmp_path: Path, content: str, column: str, code: str) -> None:
    table = written(tmp_path, "t.csv", content)
    assert refused(f"recorded:{table}:{column}").code == code


def test_an_unknown_column_is_told_with_the_known_ones(tmp_path: Path) -> None:
    table = written(tmp_path, "t.csv", "base,yield\nKOAc,1\n")
    assert "base, yield" in refused(f"recorded:{table}:purity").message


def test_a_ground_truth(tmp_path: Path) -> None:
    spec = read_laboratory(f"simulated:{written(tmp_path, 'truth.json', json.dumps(TRUTH))}")
    assert spec.truth["key_points"] == [
        {"name": "directional freezing", "role": "aligns pores", "weight": 60.0}
    ]
    assert spec.truth["noise"] == 0.05


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "not_json"),
        ("[]", "no_key_points"),
        ('{"key_points": []}', "no_key_points"),
        ('{"key_points": [{"weight": 1}]}', "no_key_points"),
        ('{"key_points": [{"name": "a"}]}', "bad_weight"),
        ('{"key_points": [{"name": "a", "weight": -1}]}', "bad_weight"),
        ('{"key_points": [{"name": "a", "weight": 1}], "noise": "much"}', "bad_number"),
    ],
)
def test_bad_ground_truths(tmp_path: Path, content: str, code: str) -> None:
    assert refused(f"simulated:{written(tmp_path, 'truth.json', content)}").code == code


@pytest.mark.parametrize("text", ["", "wet", "simulated", "simulated:", "recorded:table.csv", "human:me"])
def test_no_such_laboratory(text: str) -> None:
    assert refused(text).code == "unknown_laboratory"


@pytest.mark.parametrize(("name", "content", "code"), [("s.txt", b"\xff\xfe\x00", "not_text")])
def test_unreadable_text(tmp_path: Path, name: str, content: Any, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_text(tmp_path / name, "survey")
    assert caught.value.code == code
    with pytest.raises(BadInput, match="no file"):
        read_text(tmp_path / "nowhere", "survey")
    with pytest.raises(BadInput, match="cannot be read"):
        read_text(tmp_path, "survey")


def test_a_ground_truth_may_name_a_calibration_for_its_width(tmp_path):
    truth = {"key_points": [{"name": "salt", "weight": 1}], "calibration": "fit.json"}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    with pytest.raises(BadInput, match=r"no file .*fit\.json"):
        read_laboratory(f"simulated:{tmp_path / 'truth.json'}")
    (tmp_path / "fit.json").write_text(json.dumps({"schema": 1, "sigma2": 2303.4}))
    spec = read_laboratory(f"simulated:{tmp_path / 'truth.json'}")
    assert spec.truth["sigma2"] == 2303.4
