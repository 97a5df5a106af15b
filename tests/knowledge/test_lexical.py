from __future__ import annotations

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.lexical import Counts, Vocabulary, best, bm25, shared, tokens, weigh
from knowledge.search.fusion import K, fuse

TEXTS = {
    "gel": "A gelatin network slows convection between the electrodes.",
    "salt": "Salting-out of K3[Fe(CN)6] by guanidinium sharpens its gradient.",
    "film": "A thin film of TiO2 was made in a ball mill and used for CO oxidation.",
    "cloth": "Carbon cloth electrodes; electrodes of cloth offer a large area.",
}


def counted(*texts: str, vocabulary: Vocabulary | None = None) -> Counts:
    counts = Counts(Vocabulary() if vocabulary is None else vocabulary)
    counts.append(texts)
    return counts


def found(text: str, limit: int = 10) -> list[str]:
    counts = counted(*TEXTS.values())
    return [list(TEXTS)[row] for row in best(bm25(weigh(text, [counts]), counts), limit)]


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
    for counts in (counted(), counted("", "of the")):
        assert best(bm25(weigh("gel", [counts]), counts), 5).tolist() == []


def test_the_scores_are_those_of_bm25s() -> None:
    texts = [tokens(text) for text in TEXTS.values()]
    published = bm25s.BM25(method="lucene")
    published.index(texts, show_progress=False)
    counts = counted(*TEXTS.values())
    for text in ("carbon cloth electrodes", "film of TiO2", "gelatin network"):
        told = bm25(weigh(text, [counts]), counts)
        assert told == pytest.approx(published.get_scores(tokens(text)), rel=1e-5)


def test_texts_that_come_later_count_as_if_they_had_always_been_there() -> None:
    texts = list(TEXTS.values())
    grown, whole = counted(*texts[:1]), counted(*texts)
    grown.append(texts[1:])
    for text in ("electrodes", "gelatin", "thin film"):
        assert bm25(weigh(text, [grown]), grown).tolist() == bm25(weigh(text, [whole]), whole).tolist()


def test_texts_that_go_leave_no_trace() -> None:
    texts = list(TEXTS.values())
    left, fewer = counted(*texts), counted(texts[3], texts[0])
    left.keep(np.array([3, 0]))
    for text in ("electrodes", "salting-out", "carbon cloth"):
        assert bm25(weigh(text, [left]), left).tolist() == bm25(weigh(text, [fewer]), fewer).tolist()


def test_collections_are_scored_as_if_they_were_one() -> None:
    texts, vocabulary = list(TEXTS.values()), Vocabulary()
    one, other = counted(*texts[:1], vocabulary=vocabulary), counted(*texts[1:], vocabulary=vocabulary)
    whole = counted(*texts)
    for text in ("electrodes", "thin film of gelatin"):
        weighed = weigh(text, [one, other])
        scores = [*bm25(weighed, one), *bm25(weighed, other)]
        assert scores == pytest.approx(bm25(weigh(text, [whole]), whole).tolist())


def test_the_shared_words_are_told_the_rarest_first() -> None:
    counts = counted(*TEXTS.values())
    assert shared(weigh("electrodes of carbon cloth", [counts]), counts, 3, 5) == (
        "carbon",
        "cloth",
        "electrode",
    )
    assert shared(weigh("electrodes of carbon cloth", [counts]), counts, 0, 5) == ("electrode",)
    assert shared(weigh("perovskite", [counts]), counts, 0, 5) == ()


def test_a_compound_counts_whole_and_by_its_parts() -> None:
    assert tokens("Salting-out") == ["salting-out", "salting"]
    assert tokens("metal–organic frameworks") == ["metal–organic", "metal", "organic", "framework"]
    assert tokens("Fe2(SO4)3, gas and glass: [Fe(CN)6]") == ["fe2(so4)3", "gas", "glass", "fe(cn)6]"]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_a_text_finds_itself(texts: list[str]) -> None:
    counts = counted(*texts)
    for place, text in enumerate(texts):
        hits = best(bm25(weigh(text, [counts]), counts), len(texts)).tolist()
        assert (place in hits) == bool(tokens(text))


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
