"""What "it" and "this method" stand for: abstracts report a thing, and in the next sentence what it does."""

from __future__ import annotations

from spacy.tokens import Span, Token

from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import LONGEST_MEANS, child_of, phrase

DEMONSTRATIVES = frozenset({"this", "these", "such"})


def points_back(means: Span, head: Token) -> bool:
    """Whether the means is only a pointer: a pronoun, or "this approach"."""
    if head.pos_ == "PRON" or (len(means) == 1 and head.lower_ in DEMONSTRATIVES):
        return True
    demonstrative = any(token.lower_ in DEMONSTRATIVES for token in means if token.head == head)
    return demonstrative and head.lemma_.lower() in words.GENERIC_HEADS | words.ROUTES


def antecedent(before: Span | None) -> tuple[Span, Token] | None:
    """The last thing that the sentence before says was made or used; None where it says no such thing."""
    if before is None:
        return None
    reported = []
    for token in before:
        if token.lemma_.lower() not in words.REPORT_VERBS | words.USING_VERBS or token.pos_ != "VERB":
            continue
        made = child_of(token, "nsubjpass") or child_of(token, "dobj")
        if made is not None and made.pos_ in {"NOUN", "PROPN"}:
            reported.append(made)
    if not reported:
        return None
    return phrase(reported[-1], longest=LONGEST_MEANS), reported[-1]
