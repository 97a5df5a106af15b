"""The sentence patterns in which one thing is said to act on another, found in a parsed sentence."""

from __future__ import annotations

from collections.abc import Iterator

from spacy.tokens import Span, Token

from agents.reasoners.extractive import words
from agents.reasoners.extractive.idioms import idioms
from agents.reasoners.extractive.language import (
    LONGEST_EFFECT,
    LONGEST_MEANS,
    Statement,
    child_of,
    negated,
    object_of,
    phrase,
)


def statements(sentence: Span) -> Iterator[Statement]:
    """Everything that the sentence says acts on something; many a one is said in two patterns."""
    for token in sentence:
        if token.pos_ not in {"VERB", "AUX"}:
            continue
        yield from idioms(token)
        lemma = token.lemma_.lower()
        if lemma in words.EFFECT_VERBS:
            yield from _active(token)
            yield from _passive(token)
            yield from _conditional(token)
        if lemma in words.REPORT_VERBS | words.EFFECT_VERBS:
            yield from _instrumental(token)
        if lemma in words.REPORT_VERBS:
            yield from _route(token)
            yield from _purpose(token)
        if lemma in words.REPORT_VERBS and _governor(token) is not None:
            yield from _active(token)


def _governor(verb: Token) -> Token | None:
    """The verb of use that this one is the purpose of: ``salting out is applied to develop …``."""
    head = verb.head
    return head if verb.dep_ in {"xcomp", "advcl"} and head.lemma_.lower() in words.USING_VERBS else None


INTRANSITIVE = frozenset({"lead", "result", "contribute"})


def _body(verb: Token) -> Span | None:
    """The object of an effect, with its complement: ``the toughness by 40 %``, ``chains to slide``."""
    target = child_of(verb, "dobj")
    if target is not None and verb.lemma_.lower() not in INTRANSITIVE:
        return _completed(verb, phrase(target, longest=LONGEST_EFFECT))
    if verb.lemma_.lower() in INTRANSITIVE:
        link = next((c for c in verb.children if c.dep_ == "prep" and c.text in {"to", "in"}), None)
        if link is not None and child_of(link, "pobj") is not None:
            return phrase(link, longest=LONGEST_EFFECT)
    scene = child_of(verb, "ccomp")
    if scene is not None and scene.left_edge.i > verb.i and any(c.lower_ == "to" for c in scene.lefts):
        return _completed(scene, scene.doc[scene.left_edge.i : scene.i + 1])
    return None


COMPLEMENTS = frozenset({"prep", "xcomp", "dobj", "oprd", "dative", "prt"})


def _completed(verb: Token, body: Span) -> Span:
    """The body with what else the verb needs: ``the chains`` becomes ``the chains from sliding``."""
    end = body.end
    for child in verb.rights:
        if child.i < end:
            continue
        if child.dep_ not in COMPLEMENTS or child.left_edge.i != end:
            break
        reach = phrase(child, longest=LONGEST_EFFECT).end
        if reach - body.start > LONGEST_EFFECT or reach == child.i + 1:
            break
        end = reach
    return body.doc[body.start : end]


def _active(verb: Token) -> Iterator[Statement]:
    """``X increases Y``; ``X, which increases Y``; ``X is used to increase Y``; ``X does Y and lowers Z``."""
    body = _body(verb)
    if body is None or negated(verb):
        return
    subject = child_of(verb, "nsubj", "csubj")
    unseen = _unseen_subject(verb) if subject is None else None
    if unseen is not None:
        yield Statement(unseen, unseen[-1], verb, body)
        return
    governor = verb
    while (
        subject is None
        and governor.dep_ in {"conj", "xcomp", "advcl"}
        and governor.head.pos_ in {"VERB", "AUX"}
    ):
        governor = governor.head
        subject = child_of(governor, "nsubj", "nsubjpass", "csubj")
        if negated(governor):
            return
    if governor.dep_ == "relcl" and (subject is None or subject.tag_ in {"WDT", "WP"}):
        subject = governor.head
    if verb.dep_ == "acl" and verb.tag_ in {"VBG", "VB"} and subject is None:
        subject = _owner(verb.head) if verb.tag_ == "VB" else verb.head
    if subject is not None and (subject.pos_ in {"NOUN", "PROPN"} or subject.lower_ in POINTING):
        keep = frozenset({"prep", "pobj", "compound", "nummod", "amod", "nmod", "conj", "cc", "pcomp"})
        yield Statement(phrase(subject, longest=LONGEST_MEANS, keep=keep), subject, verb, body)
    elif subject is not None and subject.tag_ == "VBG":
        yield Statement(phrase(subject, longest=LONGEST_MEANS), subject, verb, body)


def _owner(noun: Token) -> Token | None:
    """Whose potential it is: ``X has the potential to replace Y``; else the noun: ``X to direct Y``."""
    if noun.dep_ == "dobj" and noun.head.lemma_.lower() in {"have", "show", "hold"}:
        return child_of(noun.head, "nsubj")
    return noun


POINTING = frozenset({"it", "they", "this", "these"})
"""Subjects that stand for something named before."""

UNSEEN = frozenset({"NN", "NNS", "NNP", "NNPS", "JJ", "VBN", "VBG"})


def _unseen_subject(verb: Token) -> Span | None:
    """The noun phrase just before a main verb that the parser hung onto the verb piece by piece."""
    if verb.dep_ != "ROOT" or verb.tag_ not in {"VBZ", "VBP"}:
        return None
    start = verb.i
    while start > verb.sent.start and verb.doc[start - 1].tag_ in UNSEEN:
        start -= 1
    before = verb.doc[start : verb.i]
    return before if len(before) and before[-1].pos_ in {"NOUN", "PROPN"} else None


def _passive(verb: Token) -> Iterator[Statement]:
    """``Y is increased by X``."""
    subject = child_of(verb, "nsubjpass")
    agent = child_of(verb, "agent")
    means = child_of(agent, "pobj", "pcomp") if agent is not None else None
    if subject is not None and means is not None and not negated(verb):
        made = phrase(subject, longest=LONGEST_EFFECT)
        yield Statement(phrase(means, longest=LONGEST_MEANS), means, verb, made)


def _conditional(verb: Token) -> Iterator[Statement]:
    """``Y rises when X is added``; ``Y is increased when X is added``: the means is the adding."""
    condition = child_of(verb, "advcl")
    if condition is None or condition.lemma_.lower() not in words.ADDING_VERBS or negated(verb):
        return
    marked = any(child.lower_ in {"when", "if", "once", "after"} for child in condition.lefts)
    added = child_of(condition, "nsubjpass")
    if not marked or added is None:
        return
    means = phrase(added, longest=LONGEST_MEANS)
    if child_of(verb, "auxpass") is None:
        body = _body(verb)
        if body is not None:
            yield Statement(means, condition, verb, body, "give")
        return
    subject = child_of(verb, "nsubjpass", "nsubj")
    if subject is not None:
        yield Statement(means, condition, verb, phrase(subject, longest=LONGEST_EFFECT))


def _instrumental(verb: Token) -> Iterator[Statement]:
    """``We made Y by doing X``; ``using X, Y was obtained``."""
    target = child_of(verb, "dobj", "nsubjpass")
    if target is None or target.pos_ not in {"NOUN", "PROPN"} or negated(verb):
        return
    for child in (*verb.children, *target.children):
        means: Token | None = None
        if child.dep_ == "prep" and child.lower_ in {"by", "via", "through"}:
            means = child_of(child, "pcomp", "pobj")
        elif child.dep_ in {"advcl", "xcomp", "acl"} and child.lower_ in {
            "using",
            "employing",
            "utilizing",
            "exploiting",
        }:
            means = child_of(child, "dobj")
        if means is None:
            continue
        made = phrase(target, longest=LONGEST_EFFECT)
        if child.i >= made.start and child.i < made.end:
            made = made.doc[made.start : child.i]
        if len(made) and not made.start <= means.i < made.end:
            said = "give" if verb.lemma_.lower() in words.MAKING_VERBS else None
            yield Statement(phrase(means, longest=LONGEST_MEANS), means, verb, made, said)


def _route(verb: Token) -> Iterator[Statement]:
    """``we report a route to Y via X``: the means stands inside the noun phrase."""
    target = child_of(verb, "dobj", "nsubjpass")
    if target is None or target.lemma_.lower() not in words.ROUTES:
        return
    goal = next((c for c in target.rights if c.dep_ == "prep" and c.lower_ in {"to", "for", "of"}), None)
    link = next((c for c in target.rights if c.dep_ == "prep" and c.lower_ in {"via", "by", "through"}), None)
    made = child_of(goal, "pobj", "pcomp") if goal is not None else None
    means = child_of(link, "pobj", "pcomp") if link is not None else None
    if made is not None and means is not None:
        span = phrase(made, longest=LONGEST_EFFECT)
        end = next((i for i in range(span.start, span.end) if span.doc[i] == link), span.end)
        if end > span.start:
            yield Statement(phrase(means, longest=LONGEST_MEANS), means, verb, span.doc[span.start : end])


def _purpose(verb: Token) -> Iterator[Statement]:
    """``a nickel-catalysed coupling for the synthesis of Y is reported`` enables Y."""
    target = child_of(verb, "dobj", "nsubjpass")
    goal = None if target is None else object_of(target, "for")
    if target is None or goal is None or target.lemma_.lower() in words.ROUTES:
        return
    if goal.tag_ != "VBG" and not goal.lemma_.lower().endswith(words.PROCESS_ENDINGS):
        return
    means = target.doc[phrase(target, longest=LONGEST_MEANS).start : target.i + 1]
    yield Statement(means, target, verb, phrase(goal, longest=LONGEST_EFFECT), "enable")
