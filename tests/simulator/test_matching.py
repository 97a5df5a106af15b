from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import EmbeddingMatcher, JudgedMatcher, KeyPoint, Match, SimulatorError
from simulator.matching import relevant

MATCHER = EmbeddingMatcher()


def towards(cosine: float) -> tuple[float, float]:
    """A vector whose cosine with (1, 0) is known."""
    return (cosine, math.sqrt(1 - cosine**2))


def match(truth: str, *candidate: str) -> Match:
    [best] = MATCHER.match([KeyPoint(truth)], [KeyPoint(name) for name in candidate])
    return best


@pytest.mark.parametrize(
    ("truth", "candidate"),
    [
        ("PVA hydrogel", "pva hydrogels"),
        ("K₃[Fe(CN)₆]", "K3[Fe(CN)6]"),
        ("solid-state electrolyte", "solid–state electrolytes"),
        ("0.4 M ferricyanide", "ferricyanide (400 mM)"),
        ("calcined at 300 °C", "calcined at 573.15 K"),
        ("stirring for 2 h", "stirring for 120 min"),
        ("poly(vinyl alcohol) gel", "PVA gel"),
        ("polyvinyl alcohol gel", "PVA (polyvinyl alcohol) gel"),
        ("0.4 M potassium ferricyanide", "0.4 M K3[Fe(CN)6]"),
        ("dichloromethane solution", "CH2Cl2 solution"),
    ],
)
def test_the_same_thing_written_otherwise(truth: str, candidate: str) -> None:
    assert (match(truth, candidate).m, match(truth, candidate).reason) == (1.0, "same")


@pytest.mark.parametrize(
    ("truth", "candidate", "reason", "cap"),
    [
        ("oriented PVA gel", "PVA gel", "broader", 0.65),
        ("10 wt% PVA gel", "PVA gel", "broader", 0.65),
        ("PVA gel", "oriented PVA gel", "narrower", 0.55),
        ("0.4 M ferricyanide", "0.1 M ferricyanide", "lower parameter", 0.65),
        ("0.4 M ferricyanide", "0.8 M ferricyanide", "higher parameter", 0.55),
        ("electrolyte at pH 7", "electrolyte at pH 9", "higher parameter", 0.55),
        ("stirring at 1,000 rpm", "stirring at 500 rpm", "lower parameter", 0.65),
    ],
)
def test_nearly_the_same_is_capped(truth: str, candidate: str, reason: str, cap: float) -> None:
    best = match(truth, candidate)
    assert best.reason == reason
    assert 0.45 < best.m <= cap


def test_the_nearer_an_amount_the_better() -> None:
    far, near = match("0.4 M salt", "0.1 M salt").m, match("0.4 M salt", "0.3 M salt").m
    assert far < near < 1


def test_every_amount_counts_also_two_of_a_kind() -> None:
    assert match("5 nm shell on a 10 nm core", "6 nm shell on a 10 nm core").reason == "higher parameter"
    assert match("5 nm shell on a 10 nm core", "5 nm shell on a core").reason == "broader"


def test_names_without_a_word_are_not_all_one() -> None:
    assert match("±", "→").m == 0
    assert match("±", "±").m == 1


def test_being_without_a_thing_is_not_having_it() -> None:
    assert match("copper catalyst", "no copper catalyst").m == 0
    assert match("solvent-free milling", "solvent milling").m == 0
    assert match("solvent-free milling", "milling without solvent").m > 0.45
    assert match("iron redox couple", "deionised water, no redox couple").m == 0
    assert match("silver catalyst", "silver catalyst without binder").reason == "narrower"


@pytest.mark.parametrize(
    ("cosine", "low", "high", "reason"),
    [
        (0.97, 0.45, 1.00, "reworded"),
        (0.60, 0.11, 0.45, "same function"),
        (0.15, 0.01, 0.10, "weak"),
        (0.05, 0.00, 0.00, "none"),
        (-0.9, 0.00, 0.00, "none"),
    ],
)
def test_other_names_are_matched_by_their_vectors(
    cosine: float, low: float, high: float, reason: str
) -> None:
    truth = KeyPoint("ferricyanide", vector=(1.0, 0.0))
    [best] = MATCHER.match([truth], [KeyPoint("redox couple", vector=towards(cosine))])
    assert best.reason == reason
    assert low <= best.m <= high


def test_another_formula_is_another_substance_however_alike_the_text() -> None:
    truth = KeyPoint("Fe2O3 film", vector=(1.0, 0.0))
    [best] = MATCHER.match([truth], [KeyPoint("Fe3O4 film", vector=towards(0.99))])
    assert (best.m, best.reason) == (0.45, "same function")


def test_each_key_point_of_the_truth_gets_its_best() -> None:
    truth = [KeyPoint("silver catalyst"), KeyPoint("sunlight"), KeyPoint("steam")]
    offered = [KeyPoint("catalyst"), KeyPoint("silver catalysts"), KeyPoint("Sunlight")]
    found = MATCHER.match(truth, offered)
    assert [best.key_point for best in found] == truth
    assert [best.found for best in found] == [offered[1], offered[2], None]
    assert [best.m for best in found] == [1.0, 1.0, 0.0]


def test_words_stand_in_for_vectors() -> None:
    truth = KeyPoint("ferricyanide couple", "redox active species")
    near, far = KeyPoint("iodide couple", "redox active species"), KeyPoint("glass plate", "support")
    [best] = MATCHER.match([truth], [far, near])
    assert best.found == near
    assert best.m > 0.1


def test_tea_is_no_base() -> None:
    assert match("TEA base", "Et3N base").m == 1
    assert match("tea leaves", "Et3N").m == 0


def test_words_and_meaning_are_weighed_as_told() -> None:
    truth = [KeyPoint("iron catalyst", vector=(1.0, 0.0))]
    offered = [KeyPoint("cobalt catalyst", vector=(1.0, 0.0))]

    def m(semantic: float) -> float:
        return EmbeddingMatcher(semantic).match(truth, offered)[0].m

    assert m(0.0) == pytest.approx(0.5)
    assert m(0.5) == pytest.approx(0.75)
    assert m(1.0) == pytest.approx(1.0)


def test_without_what_the_truth_rests_on_most_a_candidate_is_irrelevant() -> None:
    truth = [KeyPoint("redox couple", weight=60), KeyPoint("PVA gel", weight=40)]

    def judged(*names: str) -> bool:
        return relevant(MATCHER.match(truth, [KeyPoint(name) for name in names]))

    assert judged("redox couple", "gelatin")
    assert judged("gelatin")  # nothing is said of the couple
    assert not judged("water without redox couple", "PVA gel")
    assert judged("redox couple", "no PVA gel")  # the lighter of the two
    assert relevant([])


def test_a_judges_verdict_is_taken_as_it_is() -> None:
    truth = [KeyPoint("gel", weight=60), KeyPoint("salt", weight=40)]
    found = JudgedMatcher(lambda points, candidate: [0.65, 0.0]).match(truth, [KeyPoint("sol")])
    assert [(one.m, one.reason) for one in found] == [(0.65, "judged"), (0.0, "none")]


@pytest.mark.parametrize("verdict", [[0.5], [0.5, 1.5], [0.5, -0.1], [math.nan, 0.0], []])
def test_a_verdict_that_is_none_is_refused(verdict: list[float]) -> None:
    truth = [KeyPoint("gel"), KeyPoint("salt")]
    with pytest.raises(SimulatorError) as raised:
        JudgedMatcher(lambda points, candidate: verdict).match(truth, [])
    assert raised.value.code == "bad_verdict"


def test_vectors_of_another_length_are_refused() -> None:
    truth = [KeyPoint("gel", vector=(1.0, 0.0))]
    with pytest.raises(SimulatorError) as raised:
        MATCHER.match(truth, [KeyPoint("salt", vector=(1.0, 0.0, 0.0))])
    assert raised.value.code == "vector_length"


vectors = st.none() | st.tuples(*[st.floats(-1, 1)] * 3)
names = st.text(max_size=20) | st.lists(
    st.sampled_from(
        ["PVA", "gel", "oriented", "10 wt%", "20 wt%", "80 °C", "-5 °C", "no", "in", "CO", "free"]
    )
).map(" ".join)
points = st.builds(KeyPoint, name=names, role=names, vector=vectors)


@given(st.lists(points, max_size=4), st.lists(points, max_size=4))
def test_a_match_is_between_0_and_1_and_names_what_it_found(
    truth: list[KeyPoint], candidate: list[KeyPoint]
) -> None:
    found = MATCHER.match(truth, candidate)
    assert len(found) == len(truth)
    for best in found:
        assert 0 <= best.m <= 1
        assert (best.found in candidate) == (best.m > 0 or best.reason == "opposite")


@given(st.lists(points, min_size=1, max_size=4))
def test_anything_that_has_a_name_is_the_same_as_itself(truth: list[KeyPoint]) -> None:
    for point, best in zip(truth, MATCHER.match(truth, truth), strict=True):
        assert best.m == 1, point


@given(st.lists(points, min_size=1, max_size=3), st.lists(points, max_size=3), points)
def test_one_more_key_point_never_harms(
    truth: list[KeyPoint], candidate: list[KeyPoint], more: KeyPoint
) -> None:
    before, after = MATCHER.match(truth, candidate), MATCHER.match(truth, [*candidate, more])
    rounding = 1e-12  # a product of matrices may add up in another order where there is one more row
    assert all(one.m <= other.m + rounding for one, other in zip(before, after, strict=True))
