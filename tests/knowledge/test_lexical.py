from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.lexical import LexicalIndex, tokens
from knowledge.retrieval import K, fuse

TEXTS = {
    "gel": "A gelatin network slows convection between the electrodes.",
    "salt": "Salting-out of K3[Fe(CN)6] by guanidinium sharpens its gradient.",
    "film": "A thin film of TiO2 was made in a ball mill and used for CO oxidation.",
    "cloth": "Carbon cloth electrodes; electrodes of cloth offer a large area.",
}


def found(text: str, limit: int = 10) -> list[str]:
    return [one for one, _ in LexicalIndex(list(TEXTS), list(TEXTS.values())).nearest(text, limit)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Which GELATIN?", "gel"),
        ("networks", "gel"),
        ("salting-out", "salt"),
        ("salting–out", "salt"),
        ("salting", "salt"),
        ("K3[Fe(CN)6]", "salt"),
        ("CO", "film"),
        ("ball mills", "film"),
        ("thin", "film"),
        ("electrodes", "cloth"),
    ],
)
def test_a_passage_is_found_by_its_words(text: str, first: str) -> None:
    assert found(text)[0] == first


def test_only_what_shares_a_word_is_found_best_first() -> None:
    assert found("carbon cloth electrodes") == ["cloth", "gel"]
    assert found("electrodes", limit=1) == ["cloth"]
    assert found("perovskite") == []


@pytest.mark.parametrize("text", ["", "the of and", "?!", "\0", "x"])
def test_words_that_say_nothing_find_nothing(text: str) -> None:
    assert found(text) == []


def test_where_there_are_no_words_nothing_is_found() -> None:
    assert LexicalIndex([], []).nearest("gel", 5) == []
    assert LexicalIndex(["a", "b"], ["", "of the"]).nearest("gel", 5) == []


def test_a_compound_counts_whole_and_by_its_parts() -> None:
    assert tokens("Salting-out") == ["salting-out", "salting"]
    assert tokens("metal–organic frameworks") == ["metal–organic", "metal", "organic", "framework"]
    assert tokens("Fe2(SO4)3, gas and glass: [Fe(CN)6]") == ["fe2(so4)3", "gas", "glass", "fe(cn)6]"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_a_text_finds_itself(texts: list[str]) -> None:
    index = LexicalIndex([str(place) for place in range(len(texts))], texts)
    for place, text in enumerate(texts):
        hits = dict(index.nearest(text, len(texts)))
        assert (str(place) in hits) == bool(tokens(text))
        assert all(score > 0 for score in hits.values())


rankings = st.lists(
    st.permutations("abcdef").flatmap(lambda p: st.integers(0, 6).map(lambda n: p[:n])), max_size=3
)


@given(rankings, st.permutations("abcdef"))
def test_fusion_holds_each_once_by_its_score(lists: list[list[str]], order: list[str]) -> None:
    fused = fuse(lists, order)
    assert {one for one, _ in fused} == {one for ranking in lists for one in ranking}
    assert len({one for one, _ in fused}) == len(fused)
    keys = [(-score, order.index(one)) for one, score in fused]
    assert keys == sorted(keys)


@given(rankings, st.permutations("abcdef"))
def test_it_does_not_matter_which_ranking_comes_first(lists: list[list[str]], order: list[str]) -> None:
    forth, back = dict(fuse(lists, order)), dict(fuse(lists[::-1], order))
    assert forth == pytest.approx(back)


@given(st.permutations("abcdef"), st.integers(0, 5))
def test_found_both_ways_beats_found_one_way_at_the_same_rank(ranking: list[str], place: int) -> None:
    other = [f"other {rank}" for rank in range(6)]
    other[place] = both = ranking[place]
    one_way = [f"third {rank}" for rank in range(6)]
    scores = dict(fuse([ranking, other, one_way], []))
    assert scores[both] > scores[one_way[place]]
    assert scores[both] == pytest.approx(2 / (K + place + 1))


def test_ties_go_by_the_order_that_is_given() -> None:
    assert [one for one, _ in fuse([["a"], ["b"]], ["b", "a"])] == ["b", "a"]
    assert [one for one, _ in fuse([["a"], ["b"], ["c"]], ["c"])] == ["c", "a", "b"]
    assert fuse([], ["a"]) == fuse([[], []], ["a"]) == []
