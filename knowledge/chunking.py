"""Texts into sentences, and abstracts into passages of whole sentences, to the letter."""

from __future__ import annotations

import re

LONGEST_PASSAGE = 900
"""Characters; an embedding model reads about 256 word pieces, and this is below that."""

ABBREVIATIONS = frozenset(
    "e.g i.e et al etc fig figs ref refs eq eqs ca cf vs dr prof no vol approx resp sp spp st viz".split()
)
NEAR = 80
"""Characters around a dot that tell what it is."""

END = re.compile(r"([.!?][\"”’')\]]*)(\s+)(?=[\"“‘'(\[]*[A-Z0-9α-ωΑ-Ω])")


def sentences(text: str) -> list[tuple[int, int]]:
    """The spans of the sentences, in order, white space between them left out."""
    spans: list[tuple[int, int]] = []
    start = len(text) - len(text.lstrip())
    for match in END.finditer(text):
        dot, after = match.start(), match.end()
        if _abbreviated(text[max(start, dot - NEAR) : dot + 1], text[after : after + NEAR]):
            continue
        spans.append((start, match.end(1)))
        start = match.end()
    end = len(text.rstrip())
    if start < end:
        spans.append((start, end))
    return spans


def _abbreviated(before: str, after: str) -> bool:
    """Whether the dot belongs to a word ("et al. 2020", "J. Phys.") rather than to a sentence."""
    if not before.endswith("."):
        return False
    word = re.split(r"[\s(\[]", before[:-1])[-1].lower()
    single = len(word) == 1 and word.isalpha() and not re.search(r"\d\s?\w\.$", before)  # "0.4 M."
    return word in ABBREVIATIONS or (single and not re.match(r"[A-Z][a-z]+ [a-z]", after))


def passages(text: str) -> list[tuple[int, int]]:
    """Spans of whole sentences of like length, at most ``LONGEST_PASSAGE`` where the sentences allow.

    The passages cover the text, white space between them aside.
    """
    spans = sentences(text)
    if not spans:
        return []
    pieces = -(-(spans[-1][1] - spans[0][0]) // LONGEST_PASSAGE)
    wanted = (spans[-1][1] - spans[0][0]) / pieces
    made: list[tuple[int, int]] = []
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        full = next_end - start > LONGEST_PASSAGE
        if full or (end - start >= wanted and next_end - start > wanted * 1.1):
            made.append((start, end))
            start = next_start
        end = next_end
    made.append((start, end))
    return made
