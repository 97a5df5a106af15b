"""How the thing that acts is called in running text: without what points elsewhere, with its article."""

from __future__ import annotations

import re
from typing import Literal

from spacy.tokens import Span, Token

from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import tidy
from agents.reasoners.extractive.soundness import stands_alone

Kind = Literal["process", "material", "feature"]


def named(means: Span, head: Token) -> str | None:
    """The means without article, or None where it names nothing concrete."""
    start = means.start
    while start < head.i and _empty(means.doc[start], head):
        if means.doc[start].lower_ in POINTERS - {"this", "these"}:
            return None
        start += 1
    span = means.doc[start : means.end]
    if not stands_alone(span) or any(token.lower_ in POINTERS for token in span):
        return None
    if any(token.tag_ in {"VBZ", "VBP", "VBD", "MD"} for token in span):
        return None
    if MISREAD.search(span.text) or OBSERVING.search(span.text):
        return None
    if head.lemma_.lower() in words.EMPTY_MEANS or span[0].pos_ in {"SCONJ", "ADP", "AUX", "NUM"}:
        return None
    content = [
        token
        for token in span
        if token.pos_ in {"NOUN", "PROPN", "ADJ", "VERB", "X", "NUM"}
        and token.lemma_.lower() not in words.GENERIC_HEADS
        and token.lower_ not in words.GENERIC_MODIFIERS
    ]
    text = ILLUSTRATION.split(tidy(span.text))[0]
    specific = any(
        len(token.text) > 3 or any(c.isupper() or c.isdigit() for c in token.text[1:]) for token in content
    )
    compound = len(content) > 1 or "-" in text or any(c.isupper() or c.isdigit() for c in text[1:])
    compound = compound or any(token.dep_ == "prt" for token in span)  # "salting out"
    if not (specific and compound):
        return None
    return lowered(text, span[0])


def article(means: Span, head: Token, name: str) -> str:
    """The article that the text used, fitted to the word that now follows it."""
    used = {token.lower_ for token in means if token.i < head.i and token.dep_ == "det"}
    if used & {"the", "this", "that", "these", "those"}:
        return "the "
    if used & {"a", "an"}:
        return "an " if re.match(r"[aei]|o(?!ne)|un[^i]|[FHLMNRSX](?=[A-Z0-9])", name) else "a "
    return ""


MISREAD = re.compile(r"\b(?:acts?|serves?|functions?|enables?|allows?|leads?) (?:as|to|for|the|an?)\b")
"""A verb that the tagger took for a noun."""
OBSERVING = re.compile(
    r"\b(?:NMR|XRD|XPS|TEM|SEM|AFM|DFT|FT-?IR|EPR)\b|(?:spectro|micro)scop|crystallograph|characteri[sz]|simulat",
    re.IGNORECASE,
)
"""What one looks with; it changes nothing."""
ILLUSTRATION = re.compile(r",?\s+(?:especially|particularly|including|such as|for example|e\.g\.)")
POINTERS = frozenset({"this", "these", "those", "such", "their", "its", "his", "same"})


def _empty(token: Token, head: Token) -> bool:
    """Whether a word before the head can go; "first" in "first-row metals" belongs to "row"."""
    if token.pos_ in {"CCONJ", "PUNCT", "ADV", "DET"}:
        return True
    return token.lower_ in words.GENERIC_MODIFIERS and not (token.i < token.head.i < head.i)


def lowered(text: str, first: Token) -> str:
    """A sentence's first word in lower case, unless it is a name, an abbreviation or a formula.

    A tagger takes most capitalised words for names there, so names are recognised by a list.
    """
    name = any(part in words.EPONYMS for part in re.split(r"[-–—]", first.text))
    plain = first.i == 0 and text[:1].isupper() and not text[1:2].isupper() and not name
    return (
        text[:1].lower() + text[1:] if plain and not re.match(r"[A-Z][a-z]?[\d(]|[A-Z][-–]", text) else text
    )


def things(body: Span) -> tuple[str, ...]:
    """The materials that an effect is about, each by its name."""
    found = []
    for chunk in body.noun_chunks:
        if kind(chunk.root) == "material":
            name = named(chunk, chunk.root)
            if name is not None:
                found.append(name)
    return tuple(dict.fromkeys(found))


def plural(means: Span, head: Token) -> bool:
    coordinated = any(token.lower_ == "and" and token.head == head for token in means)
    return words.is_plural(head.text) or head.tag_ == "NNS" or (coordinated and head.tag_ != "VBG")


def kind(head: Token) -> Kind:
    lemma = head.lemma_.lower()
    tail = re.split(r"[-–]", lemma)[-1]
    if tail in words.MATERIAL_HEADS or re.fullmatch(r"(?:[A-Z][a-z]?\d*){2,}[+\-−]?", head.text):
        return "material"
    if head.tag_ == "VBG" or tail in words.PROCESS_HEADS or tail.endswith(words.PROCESS_ENDINGS):
        return "process"
    return "feature"


TAIL = re.compile(
    r" (?:with|to|in|into|from|between|through|via|for|on|by|at|under|within|upon|driven|induced) "
)
LONG = 7


def shortened(means: str) -> str:
    """A long name without what follows its first few words: said once, it is known."""
    if len(means.split()) <= LONG:
        return means
    ends = [match.start() for match in TAIL.finditer(means) if len(means[: match.start()].split()) >= 3]
    return means[: ends[0]] if ends else means
