"""Whether a span can be lifted out of its sentence: whole, about matter, and telling of no failure."""

from __future__ import annotations

import re

from spacy.tokens import Span, Token

from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import object_of

NOMINAL = frozenset({"NOUN", "PROPN"})


def whole(span: Span) -> Span:
    """The span up to the end of the compound that it was cut in."""
    end = span.end
    while end < len(span.doc) and span.doc[end - 1].pos_ != "PUNCT":
        ahead = [token.pos_ for token in span.doc[end : end + 2]]
        if ahead[0] in NOMINAL:
            end += 1
        elif (
            ahead[0] == "ADJ"
            and ahead[1:]
            and ahead[1] in NOMINAL
            and span.doc[end - 1].pos_ in {"ADJ", *NOMINAL}
        ):
            end += 2
        else:
            break
    return span.doc[span.start : end]


def complete(span: Span) -> bool:
    """Whether the span reads as a unit: not cut behind an adjective or a preposition, brackets closed."""
    last, text = span[-1], span.text
    if re.search(
        r"[a-z]{3}(?<!pro)(?<!ro)of$", text
    ):  # "voltageof": a line break was lost before it reached us
        return False
    if last.pos_ in {"ADP", "DET", "CCONJ", "PART", "SCONJ", "AUX"} and last.dep_ != "prt":
        return False
    # What modifies a verb was not cut off from its noun: the parser only mistook a subject.
    if last.dep_ in {"amod", "nummod", "compound"} and last.head.pos_ not in {"VERB", "AUX"}:
        return False
    # A participle that goes on behind the span was cut: "actuators programmed" by what?
    if last.pos_ == "VERB" and any(child.i >= span.end and child.dep_ != "punct" for child in last.children):
        return False
    return all(text.count(opener) == text.count(closer) for opener, closer in ("()", "[]"))


def discourages(verb: Token, means: str, rest: str) -> bool:
    """Whether the sentence reports a drawback: ``crosslinks cause internal damage``."""

    def marked(text: str) -> bool:
        return any(word in words.DRAWBACKS for word in re.findall(r"[a-z]+", text.lower()))

    lemma = verb.lemma_.lower()
    if re.search(r"\bmore than one\b", rest):
        return True  # of what should be one
    if re.search(rf"\blow(?:er)? (?:[\w-]+ )?(?:{words.WANTED_HIGH})\b", rest):
        return True
    return marked(means) or (marked(rest) and lemma not in words.REDUCING_VERBS | words.MENDING_VERBS)


def stands_alone(span: Span) -> bool:
    return not any(token.lower_ in words.ANAPHORA for token in span)


def says_something(body: Span) -> bool:
    """Whether an effect ends in matter: "new types of materials" and "a plethora of opportunities" do not."""
    root = body.root
    while root.lemma_.lower() in words.QUANTITIES:
        counted = object_of(root, "of")
        if counted is None or counted.i >= body.end:
            break
        root = counted
    if root.lemma_.lower() in words.EMPTY_OBJECTS:
        return False
    return any(
        token.pos_ in {"NOUN", "PROPN", "ADJ", "X"}
        and token.lemma_.lower() not in words.GENERIC_HEADS | words.QUANTITIES
        and token.lower_ not in words.GENERIC_MODIFIERS
        for token in body
    )
