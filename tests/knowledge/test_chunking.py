from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunking import LONGEST_PASSAGE, OVERLAP, passages, sentences


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


def test_a_short_last_sentence_begins_the_next_passage_too() -> None:
    text = " ".join(f"Sentence number {i} tells of one more gel." for i in range(60))
    first, second = (text[start:end] for start, end in passages(text)[:2])
    assert second.startswith(first.split(". ")[-1])


@pytest.mark.parametrize("mark", ["; ", ", ", " "])
def test_a_sentence_without_an_end_is_cut_where_it_may_be(mark: str) -> None:
    endless = mark.join(["a gel holds water and a salt widens the thermopower of the cell"] * 60)
    pieces = [endless[start:end] for start, end in passages(endless)]
    assert max(map(len, pieces)) <= LONGEST_PASSAGE
    assert all(f"{piece} ".endswith(mark) for piece in pieces[:-1])
    assert len(pieces) < 10


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
def test_passages_cover_the_text_in_order(text: str) -> None:
    end = 0
    for start, next_end in passages(text):
        assert text[end:start].strip() == ""
        assert start < next_end > end
        assert text[start:next_end] == text[start:next_end].strip()
        end = next_end
    assert text[end:].strip() == ""


@given(texts)
def test_passages_are_whole_sentences_that_overlap_by_one_at_most(text: str) -> None:
    spans = [one for one in sentences(text) if one[1] - one[0] <= LONGEST_PASSAGE]
    long = [one for one in sentences(text) if one not in spans]
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    end = 0
    for start, next_end in passages(text):
        assert next_end - start <= LONGEST_PASSAGE
        assert start >= end or (end - start <= OVERLAP and (start, end) in spans)
        assert start in starts or any(first <= start < last for first, last in long)
        assert next_end in ends or any(first < next_end <= last for first, last in long)
        end = next_end


@given(texts)
def test_the_passages_of_a_passage_are_itself(text: str) -> None:
    for start, end in passages(text):
        assert passages(text[start:end]) == [(0, end - start)]
