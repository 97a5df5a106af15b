from __future__ import annotations

import math

import pytest

from simulator import RecordedLaboratory, Sample, SimulatorError

TABLE = RecordedLaboratory(
    {"a": [10.0, 12.0, 14.0], "b": [7.0], "c": [None, 20.0, 22.0], "d": [None, math.nan], "e": []},
    unit="%",
    cost=2.5,
)


def look_up(row: str | None, replicate: int = 0):
    [result] = TABLE.measure([Sample("sample", row=row)], replicate=replicate)
    return result


def test_replicates_are_averaged_with_their_standard_error() -> None:
    result = look_up("a")
    assert (result.status, result.score, result.cost) == ("done", 12.0, 2.5)
    assert result.sem == pytest.approx(2 / math.sqrt(3))
    assert result.note == "mean of 3 of 3 replicates, in %"


def test_one_value_has_no_standard_error() -> None:
    assert (look_up("b").score, look_up("b").sem) == (7.0, None)


def test_a_failed_replicate_is_left_out_of_the_average() -> None:
    assert look_up("c").score == 21.0
    assert look_up("c").note.startswith("mean of 2 of 3")


@pytest.mark.parametrize("row", ["d", "e"])
def test_a_row_without_a_value_failed_and_cost_as_much(row: str) -> None:
    assert (look_up(row).status, look_up(row).score, look_up(row).cost) == ("failed", None, 2.5)


def test_another_replicate_tells_nothing_new() -> None:
    assert look_up("a", replicate=1) == look_up("a")


def test_a_row_that_is_not_in_the_table_is_named() -> None:
    with pytest.raises(SimulatorError, match="'zinc'") as raised:
        look_up("zinc")
    assert raised.value.code == "unknown_row"
    with pytest.raises(SimulatorError, match="'sample' names no row"):
        look_up(None)


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(SimulatorError, match="'x'"):
        RecordedLaboratory({"x": [1.0, math.inf]})


def test_one_replicate_may_be_drawn_as_if_the_experiment_were_done_once() -> None:
    values = {"a": [10.0, 12.0, None], "b": [7.0]}
    once = RecordedLaboratory(values, replicates="sample", seed=1)
    drawn = [once.measure([Sample("x", row="a")], replicate=n)[0] for n in range(300)]
    scores = [result.score for result in drawn]
    assert set(scores) == {10.0, 12.0, None}
    assert min(scores.count(value) for value in (10.0, 12.0, None)) > 60
    assert {result.sem for result in drawn} == {None}
    assert once.measure([Sample("y", row="a")], replicate=5)[0].score == scores[5]
