from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunking import LONGEST_PASSAGE, passages, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_a_text_is_cut_into_sentences() -> None:
    assert cut("  A gel slows convection. Does it? It does!  (So they say.) “Yes.” β-FeOOH forms. ") == [
        "A gel slows convection.",
        "Does it?",
        "It does!",
        "(So they say.)",
        "“Yes.”",
        "β-FeOOH forms.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Doe et al. Nature showed it first.",
        "Salts, e.g. NaCl, were added.",
        "Salts (i.e. KCl) were added.",
        "See Fig. 2 and Figs. 3 and 4.",
        "By Eq. 5 and ref. [7] it holds.",
        "At ca. 300 K it melts.",
        "It rises vs. Ag/AgCl by 2 mV.",
        "By Dr. Doe and Prof. Roe.",
        "In J. Phys. chem. terms it is simple.",
        "It weighs 0.5 mg and costs 3.5 M.",
        "Use approx. 5 mL.",
    ],
)
def test_a_dot_that_belongs_to_a_word_ends_no_sentence(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "The salt was 0.4 M. Both cells were sealed.",
        "The salt was 0.4 M. Fe(CN)6 was added.",
        "It was held at 300 K. ZnO grew.",
        "It reached 5 V. I rose.",
        "The yield was 90%. Water was removed.",
    ],
)
def test_a_unit_may_end_a_sentence(text: str) -> None:
    assert len(cut(text)) == 2


def test_a_short_text_is_one_passage() -> None:
    text = " A gel slows convection. It is made of gelatin. "
    assert [text[start:end] for start, end in passages(text)] == [text.strip()]


def test_a_long_text_is_passages_of_like_length() -> None:
    text = " ".join(f"Sentence number {i} tells of one more gel." for i in range(60))
    lengths = [end - start for start, end in passages(text)]
    assert len(lengths) > 1
    assert max(lengths) <= LONGEST_PASSAGE
    assert min(lengths) > LONGEST_PASSAGE / 2


def test_a_sentence_is_never_cut_however_long() -> None:
    endless = "gel " * 1_000
    text = f"Before it. A {endless}ends. After it."
    assert [text[start:end] for start, end in passages(text)] == [
        "Before it.",
        f"A {endless}ends.",
        "After it.",
    ]


@pytest.mark.parametrize("text", ["", " \n\t ", "\u00a0"])
def test_nothing_has_no_passages(text: str) -> None:
    assert passages(text) == []


@pytest.mark.parametrize("piece", ["J. ", "A gel slows convection, which is the point of it. ", ". ", '."'])
def test_the_time_grows_with_the_text_and_not_with_its_square(piece: str) -> None:
    """Abbreviations took 25 s at 60,000 characters, hours at the 2,000,000 that a paper may have."""
    text = (piece * 200_000)[:200_000]
    before = time.process_time()
    made = passages(text)
    assert time.process_time() - before < 10
    assert sum(end - start for start, end in made) > 0.9 * len(text)


words = st.sampled_from("A gel Fig et_al e.g J 0.4_M It β ( ) “ ” . ? ! , _ __ _5".split())
pieces = words.map(lambda word: word.replace("_", " ")) | st.sampled_from(
    ["\n", "A gel slows convection in a cell. ", "x" * 300]
)
texts = st.lists(pieces, max_size=60).map("".join) | st.text(max_size=300)


@given(texts)
def test_passages_cover_the_text_in_order_and_without_overlap(text: str) -> None:
    end = 0
    for start, next_end in passages(text):
        assert text[end:start].strip() == ""
        assert start < next_end
        assert text[start:next_end] == text[start:next_end].strip()
        end = next_end
    assert text[end:].strip() == ""


@given(texts)
def test_passages_are_whole_sentences_and_not_longer_than_they_need_be(text: str) -> None:
    spans = sentences(text)
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    for start, end in passages(text):
        assert start in starts
        assert end in ends
        assert end - start <= LONGEST_PASSAGE or (start, end) in spans


@given(texts)
def test_the_passages_of_a_passage_are_itself(text: str) -> None:
    for start, end in passages(text):
        if end - start <= LONGEST_PASSAGE:
            assert passages(text[start:end]) == [(0, end - start)]
