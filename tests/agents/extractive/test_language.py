"""The tokenizer keeps chemical names whole and still finds the punctuation around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reasoners.extractive.language import english, phrase, tidy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Remote C(sp3)–H bonds.", ["Remote", "C(sp3)–H", "bonds", "."]),
        ("a poly(vinyl alcohol) gel", ["a", "poly(vinyl alcohol)", "gel"]),
        ("(S)-BINOL, (see text)", ["(S)-BINOL", ",", "(", "see", "text", ")"]),
        ("the [2+2+1] cycloaddition", ["the", "[2+2+1]", "cycloaddition"]),
    ],
)
def test_names_stay_whole(text: str, words: list[str]) -> None:
    assert [token.text for token in english().tokenizer(text)] == words


@given(st.lists(st.text(alphabet="aB(c)[2]-–,.'\"", min_size=1, max_size=12), min_size=1, max_size=8))
def test_tokens_join_to_the_text_that_they_came_from(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert english().tokenizer(text).text == text


def test_a_phrase_leaves_clauses_out() -> None:
    doc = english()("A thin film of glycine, which melts at 500 K, bends.")
    head = next(token for token in doc if token.text == "film")
    assert phrase(head, longest=12).text == "A thin film of glycine"


def test_citations_and_asides_go_from_running_text() -> None:
    assert (
        tidy("freeze-casting6,7 of poly(vinyl alcohol) (PVA) gels [3]")
        == "freeze-casting of poly(vinyl alcohol) gels"
    )
