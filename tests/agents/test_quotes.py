"""Quotes are found where they stand, however a model has changed their dress, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.quotes import SHORTEST, locate

PASSAGE = (
    "Guanidinium cations crystallise ferrocyanide; the concentration\ngradient that follows raises the "
    "Seebeck coefficient from 1.4 to 3.7 mV K−1 (see “Methods”)."
)


def found(quote: str, text: str = PASSAGE) -> str | None:
    span = locate(quote, text)
    return None if span is None else text[slice(*span)]


def test_an_exact_quote_is_found_as_it_is():
    assert found("crystallise ferrocyanide") == "crystallise ferrocyanide"


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the concentration gradient that follows", "the concentration\ngradient that follows"),
        ("guanidinium  cations Crystallise", "Guanidinium cations crystallise"),
        ("from 1.4 to 3.7 mV K-1", "from 1.4 to 3.7 mV K−1"),
        ('(see "Methods")', "(see “Methods”)"),
        ("“raises the Seebeck coefficient”", "raises the Seebeck coefficient"),
    ],
)
def test_a_quote_in_another_dress_is_found_as_the_passage_has_it(quote, text):
    assert found(quote) == text


@pytest.mark.parametrize(
    "quote",
    ["Guanidinium anions crystallise", "cations", "", "   ", "raises the ... coefficient", '".........."'],
)
def test_what_is_not_there_or_says_too_little_is_not_found(quote):
    assert found(quote) is None


def test_offsets_survive_characters_that_change_their_length():
    text = "The eﬃcient Straße catalyst, Co₃O₄\u00ad based"
    assert (
        found("efficient strasse catalyst, co3o4 based", text) == "eﬃcient Straße catalyst, Co₃O₄\u00ad based"
    )


@given(before=st.text(max_size=50), quote=st.text(min_size=SHORTEST, max_size=50), after=st.text(max_size=50))
def test_every_span_of_a_passage_is_found_with_its_own_words(before, quote, after):
    assume(len(quote.strip()) >= SHORTEST)
    assert found(quote, before + quote + after) == quote.strip()


@given(
    st.text(alphabet="abc XYZ-–−\n\tﬁß²", min_size=1, max_size=60), st.text(alphabet="ab -\nXﬁ", min_size=8)
)
def test_what_is_found_says_the_same_as_the_quote(text, quote):
    def plain(words: str) -> str:
        return "".join(words.casefold().replace("ﬁ", "fi").replace("²", "2").split()).translate(
            dict.fromkeys(map(ord, "–−"), "-")
        )

    here = found(quote, text)
    assert here is None or plain(here) == plain(quote)
