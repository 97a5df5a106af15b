"""A free text into key points by rules alone: what is used, with its parameters; not what it is hoped to do.

Texts of hypotheses name what they do first and why it should help afterwards. Clauses of purpose and
consequence are left out, the rest is parted where one thing ends and the next begins.
"""

from __future__ import annotations

import re

from simulator.laboratory import KeyPoint
from simulator.names import read

LONGEST_TEXT = 10_000
"""Characters that are read; a hypothesis is shorter."""

MOST_POINTS = 12
MOST_WORDS = 12

_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z0-9(\[])|\n+")
_PURPOSE = re.compile(
    r",?\s+(?:so that|in order to|such that|thereby|thus|hence|which|that|while|because|since|as a result"
    r"|leading to|resulting in|allowing|enabling|ensuring|providing|making|causing|to (?=[a-z]+e?\s)"
    r"|where|whose)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_CONSEQUENCE = re.compile(
    r"^(?:this|these|it|they|such|as a result|therefore|thus|hence|consequently"
    r"|we (?:expect|hypothesi[sz]e|propose)|the (?:results?|approach|method|strategy))\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\s*(?:,|;|:|\b(?:and|by|using|via|through|with|in the presence of|followed by|under|into|onto|from"
    r"|after|before)\b|\bin (?=an? |\d)|\bat (?=\d)|\bfor (?=\d))\s*(?![^()\[\]]{0,80}[)\]])",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:[a-z]+ing\s+(?=(?:the|an?|its|their|it)\b|\d)|the\s|an?\s|its\s|their\s)\s*)+", re.IGNORECASE
)
"""What is done with a thing is not the thing: "immersing a gel" is a gel."""

_CLAIM = re.compile(
    r"\b(?:can|could|may|might|will|would|should|has|have|exhibits?|shows?|causes?|provides?"
    r"|supports?|enhances?|improves?|increases?|investigate|achieves?|reduces?|helps?)\b",
    re.IGNORECASE,
)
"""A clause that claims something is no thing to be put into a flask."""

_EMPTY = frozenset(
    """
    a an approach are can could device effect enhanced high highly hypothesis improve improved improving
    increase increased is it material method new novel of performance prepare prepared preparing
    property result should simultaneously strategy study synthesise synthesize system test the this use
    used we
    """.split()
)


def decompose(text: str) -> tuple[KeyPoint, ...]:
    """Key points in the order of the text, weighed to sum to 100; empty for a text that names nothing.

    What comes early, carries a parameter or a formula, or says more in its words weighs more.
    """
    found: dict[tuple[str, ...], tuple[str, float]] = {}
    sentences = [part for part in _SENTENCE.split(text[:LONGEST_TEXT]) if part.strip()]
    for place, sentence in enumerate(sentences):
        if place and _CONSEQUENCE.match(sentence.strip()):
            continue
        for piece in _PART.split(_PURPOSE.sub("", sentence)):
            name = _OPENING.sub("", piece.strip(" .,;:!?"))
            words = read(name).words if name and not _CLAIM.search(name) else ()
            content = [word for word in words if word not in _EMPTY and len(word) > 1]
            if content and len(words) <= MOST_WORDS:
                found.setdefault(words, (name, _weight(name, len(content), place)))
    ranked = sorted(found.values(), key=lambda point: -point[1])[:MOST_POINTS]
    kept = [point for point in found.values() if point in ranked]
    total = sum(weight for _, weight in kept)
    return tuple(KeyPoint(name, weight=100 * weight / total) for name, weight in kept)


def _weight(name: str, words: int, sentence: int) -> float:
    read_name = read(name)
    specific = 1.0 + 0.5 * bool(read_name.quantities) + 0.5 * bool(read_name.symbols)
    return float(specific * min(words, 5) ** 0.5 / (1 + sentence))
