"""Texts into sentences, and into passages of these that overlap, to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LONGEST_PASSAGE = 900
"""Characters; an embedding model reads about 256 word pieces, and this is below that."""

OVERLAP = 200
"""Characters of a passage's last sentence, at most, for the next one to begin with it."""

ABBREVIATIONS = frozenset(
    "e.g i.e et al etc fig figs ref refs eq eqs ca cf vs dr prof no vol approx resp sp spp st viz".split()
)
NEAR = 80
"""Characters around a dot that tell what it is."""

SPACE = re.compile(r"\s*")

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
    """Spans of whole sentences of like length, at most ``LONGEST_PASSAGE``; together they cover the text.

    Where it is short, a passage's last sentence is the next one's first as well: what "it" is stands there.
    Only a sentence that is longer than a passage is cut.
    """
    parts = [part for sentence in sentences(text) for part in _cut(text, *sentence)]
    if not parts:
        return []
    whole = parts[-1][1] - parts[0][0]
    wanted = whole / max(1, -(-(whole - OVERLAP) // (LONGEST_PASSAGE - OVERLAP)))
    made = [[parts[0]]]
    for part in parts[1:]:
        start, end = made[-1][0][0], made[-1][-1][1]
        full = part[1] - start > LONGEST_PASSAGE
        if full or (end - start >= wanted and part[1] - start > wanted * 1.1):
            made.append([])
        made[-1].append(part)
    return [
        (_reaching_back(before, here), here[-1][1]) for before, here in zip([[], *made], made, strict=False)
    ]


def _reaching_back(before: Sequence[tuple[int, int]], here: Sequence[tuple[int, int]]) -> int:
    """Where a passage starts that may begin with the last sentence of the one before it."""
    if len(before) > 1:
        start, end = before[-1]
        if end - start <= OVERLAP and here[-1][1] - start <= LONGEST_PASSAGE:
            return start
    return here[0][0]


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence in pieces that fit a passage: at a semicolon, else a comma, else between words."""
    while end - start > LONGEST_PASSAGE:
        window = text[start : start + LONGEST_PASSAGE]
        places = (window.rfind(mark, LONGEST_PASSAGE // 2) for mark in ("; ", ", ", " "))
        length = next((place for place in places if place > 0), LONGEST_PASSAGE - 1) + 1
        yield start, start + len(window[:length].rstrip())
        start = min(SPACE.match(text, start + length).end(), end)  # type: ignore[union-attr]
    if start < end:
        yield start, end
