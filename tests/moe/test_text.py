"""Text comes out as soon as it is certain, and ends where a stop string begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from moe.writing.text import TextStream
from moe.writing.tokenizer import read_tokenizer


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> PreTrainedTokenizerFast:
    return read_tokenizer(checkpoint)


def streamed(tokenizer: Tokenizer, tokens: list[int], stops: list[str]) -> tuple[str, bool]:
    stream = TextStream(tokenizer, stops)
    text = ""
    for token in tokens:
        text += stream.push(token)
        if stream.stopped:
            return text, True
    return text + stream.rest(), False


@settings(deadline=None, max_examples=100)
@given(text=st.text("abc ", max_size=30), stops=st.lists(st.text("abc ", min_size=1, max_size=3), max_size=3))
def test_it_is_what_comes_before_the_stop_string_completed_first(
    tokenizer: PreTrainedTokenizerFast, text: str, stops: list[str]
) -> None:
    tokens = tokenizer.encode(text, add_special_tokens=False)
    places = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    got, stopped = streamed(tokenizer.backend_tokenizer, tokens, stops)
    assert stopped == bool(places)
    assert got == text[: min(places, default=(0, len(text)))[1]]


def test_a_character_of_several_tokens_is_not_torn(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = tokenizer.encode("σ² = 2 µm", add_special_tokens=False)
    stream = TextStream(tokenizer.backend_tokenizer, [])
    pieces = [stream.push(token) for token in tokens]
    assert len(tokens) > len("σ² = 2 µm")
    assert "".join(pieces) == "σ² = 2 µm"
    assert all("\ufffd" not in piece for piece in pieces)


def test_only_what_may_begin_a_stop_string_is_held_back(tokenizer: PreTrainedTokenizerFast) -> None:
    stream = TextStream(tokenizer.backend_tokenizer, ["END"])
    said = [stream.push(token) for token in tokenizer.encode("x EN", add_special_tokens=False)]
    assert "".join(said) == "x "
    assert stream.rest() == "EN"
