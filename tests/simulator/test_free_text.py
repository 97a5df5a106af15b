from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.free_text import LONGEST_TEXT, MOST_POINTS, decompose


def names(text: str) -> list[str]:
    return [point.name for point in decompose(text)]


def test_a_text_is_parted_into_what_is_used() -> None:
    text = (
        "By immersing a 10 wt% PVA gel in a 0.4 M potassium ferricyanide solution and freezing it in one "
        "direction, the gel shows a high thermopower. This structure helps ions to move."
    )
    assert names(text)[:2] == ["10 wt% PVA gel", "0.4 M potassium ferricyanide solution"]
    assert not any("thermopower" in name or "helps" in name for name in names(text))


def test_purpose_and_consequence_are_no_key_points() -> None:
    assert names("Adding guanidinium chloride to raise the thermopower, thereby gaining power.") == [
        "Adding guanidinium chloride"
    ]


def test_weights_sum_to_a_hundred_and_favour_what_is_specific() -> None:
    points = {point.name: point.weight for point in decompose("a 2 M KCl solution with stirring")}
    assert sum(points.values()) == pytest.approx(100)
    assert points["2 M KCl solution"] > points["stirring"]


@pytest.mark.parametrize("text", ["", "   ", "!!!", "...", "This is it.", "a the of"])
def test_a_text_that_names_nothing_has_no_key_points(text: str) -> None:
    assert decompose(text) == ()


def test_a_very_long_text_is_read_as_far_as_a_hypothesis_goes() -> None:
    long = "salts with 3 M KCl, gels with 2 wt% PVA and fibres from silk number {}. "
    text = "".join(long.format(n) for n in range(1500))
    assert len(text) > 10 * LONGEST_TEXT
    assert decompose(text) == decompose(text[:LONGEST_TEXT])
    assert len(decompose(text)) <= MOST_POINTS


@given(st.text(max_size=300))
def test_any_text_gives_weights_that_sum_to_a_hundred_or_nothing(text: str) -> None:
    points = decompose(text)
    assert len(points) <= MOST_POINTS
    assert not points or sum(point.weight for point in points) == pytest.approx(100)
    assert all(point.name.strip() and point.weight > 0 for point in points)
