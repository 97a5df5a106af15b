"""Turns of phrase in which one thing acts on another although the verb by itself says nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

from spacy.tokens import Token

from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import (
    LONGEST_EFFECT,
    LONGEST_MEANS,
    Statement,
    child_of,
    negated,
    object_of,
    phrase,
)


def idioms(verb: Token) -> Iterator[Statement]:
    """What the verb says by one of these turns."""
    if negated(verb):
        return
    subject = child_of(verb, "nsubj", "nsubjpass")
    if subject is None or subject.pos_ not in {"NOUN", "PROPN"}:
        return
    yield from _caused(verb, subject)
    yield from _rise(verb, subject)
    yield from _role(verb, subject)
    yield from _tool(verb, subject)


def _statement(means: Token, verb: Token, effect: Token, said: str) -> Statement:
    return Statement(
        phrase(means, longest=LONGEST_MEANS), means, verb, phrase(effect, longest=LONGEST_EFFECT), said
    )


def _caused(verb: Token, effect: Token) -> Iterator[Statement]:
    """``Y is due to X``; ``Y arises from X``; ``Y is attributed to X``: the means comes last."""
    lemma = verb.lemma_.lower()
    means: Token | None = None
    if lemma == "be":
        due = next((child for child in verb.children if child.lower_ in {"due", "owing"}), None)
        means = None if due is None else object_of(due, "to") or child_of(due, "pobj")
    elif lemma in {"arise", "stem", "originate", "result"}:
        means = object_of(verb, "from")
    elif lemma in {"attribute", "ascribe"} and effect.dep_ == "nsubjpass":
        means = object_of(verb, "to")
    if means is not None and means.pos_ in {"NOUN", "PROPN"}:
        yield _statement(means, verb, effect, "cause")


def _rise(verb: Token, means: Token) -> Iterator[Statement]:
    """``X gives rise to Y``."""
    rise = child_of(verb, "dobj")
    if verb.lemma_.lower() != "give" or rise is None or rise.lower_ != "rise":
        return
    effect = object_of(rise, "to") or object_of(verb, "to")
    if effect is not None:
        yield _statement(means, verb, effect, "cause")


def _role(verb: Token, means: Token) -> Iterator[Statement]:
    """``X plays a key role in Y``."""
    role = child_of(verb, "dobj")
    if verb.lemma_.lower() != "play" or role is None or role.lower_ != "role":
        return
    effect = object_of(role, "in") or object_of(verb, "in")
    if effect is not None and effect.pos_ in {"NOUN", "PROPN"}:
        yield _statement(means, verb, effect, "bear on")


NAMING = frozenset({"act", "serve", "function", "emerge", "use", "employ", "apply", "gain", "attract"})
"""Verbs of ``X … as Y``; what X gains is attention."""


def _tool(verb: Token, means: Token) -> Iterator[Statement]:
    """``X is a powerful tool for Y`` enables Y; ``X has emerged as an oxidant for Y`` serves as one."""
    lemma = verb.lemma_.lower()
    tool = object_of(verb, "as") if lemma in NAMING else child_of(verb, "attr", "oprd")
    if lemma in {"offer", "provide", "represent"}:
        tool = child_of(verb, "dobj")
        if tool is not None and tool.lemma_.lower() not in words.TOOLS:
            return  # it provides what it says, which the plain pattern reads
    if tool is None or tool.pos_ != "NOUN" or tool.i < verb.i:
        return
    served = object_of(tool, "for", "to") or object_of(verb, "for")
    if tool.lemma_.lower() in words.TOOLS:
        yield from _enabled(verb, means, tool, served)
    elif served is not None and served.i > tool.i:
        body = tool.doc[tool.left_edge.i : phrase(served, longest=LONGEST_EFFECT).end]
        yield Statement(phrase(means, longest=LONGEST_MEANS), means, verb, body, "serve as")


def _enabled(verb: Token, means: Token, tool: Token, served: Token | None) -> Iterator[Statement]:
    """What the tool is for: ``for the conversion of Y``, ``to convert Y``."""
    if served is not None and served.pos_ in {"NOUN", "PROPN"}:
        yield _statement(means, verb, served, "enable")
        return
    aim = child_of(tool, "acl", "relcl")
    made = child_of(aim, "dobj") if aim is not None and aim.tag_ == "VB" else None
    if aim is not None and made is not None and aim.lemma_.lower() in words.EFFECT_VERBS:
        yield _statement(means, verb, made, aim.lemma_.lower())
