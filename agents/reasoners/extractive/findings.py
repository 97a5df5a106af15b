"""What a passage says acts on what: the building blocks of a hypothesis, each tied to its sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spacy.tokens import Span, Token

from agents.drafts import Evidence, Source
from agents.reasoners.extractive import words
from agents.reasoners.extractive.anaphora import antecedent, points_back
from agents.reasoners.extractive.language import (
    LONGEST_EFFECT,
    LONGEST_MEANS,
    Statement,
    child_of,
    english,
    object_of,
    phrase,
    tidy,
)
from agents.reasoners.extractive.naming import Kind, article, kind, lowered, named, plural, shortened, things
from agents.reasoners.extractive.soundness import complete, discourages, says_something, stands_alone, whole
from agents.reasoners.extractive.statements import statements
from knowledge.chunking import sentences


@dataclass(frozen=True, slots=True)
class Finding:
    """``means`` acts, ``verb`` and ``rest`` say what it does: "salting out", "increase", "the toughness"."""

    source: Source
    means: str
    """Without its article."""
    article: str
    """What goes before the means in running text: "a ", "the " or nothing."""
    kind: Kind
    doing: bool
    """Whether the means is something done ("embedding a layer of air"), not something named."""
    plural: bool
    verb: str
    """Base form."""
    rest: str
    """The verb's object and what belongs to it."""
    things: tuple[str, ...]
    """Materials that the effect is about."""
    evidence: tuple[Evidence, ...]
    """The sentence that says it; two where the means is named in the one before."""

    @property
    def agent(self) -> str:
        """The means as it stands in running text."""
        return self.article + self.means

    @property
    def again(self) -> str:
        """The means when it is spoken of a second time."""
        return ("the " if self.article else "") + shortened(self.means)

    @property
    def effect(self) -> str:
        """In the present tense, agreeing with the means."""
        return f"{self.verb if self.plural else words.third_person(self.verb)} {self.rest}"

    @property
    def purpose(self) -> str:
        return f"{self.verb} {self.rest}"


def findings(sources: Sequence[Source]) -> list[Finding]:
    """All findings of these passages, in their order; none twice."""
    found: dict[tuple[str, str, str], Finding] = {}
    before: _Read | None = None
    for sentence in _read(sources):
        if before is not None and before.source != sentence.source:
            before = None
        for statement in statements(sentence.span):
            finding = _finding(sentence, before, statement)
            if finding is not None:
                found.setdefault((finding.source.paper_id, finding.means.lower(), finding.verb), finding)
        before = sentence
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Read:
    """A parsed sentence and where its first letter stands in its passage."""

    source: Source
    start: int
    span: Span


def _read(sources: Sequence[Source]) -> Iterator[_Read]:
    spans = [
        (source, start + _opening(source.text[start:end]), end)
        for source in sources
        for start, end in sentences(source.text)
    ]
    texts = [source.text[start:end] for source, start, end in spans]
    for (source, start, _), doc in zip(spans, english().pipe(texts, batch_size=64), strict=True):
        yield _Read(source, start, doc[:])


OPENING = re.compile(
    r"(?:Herein?|In this (?:work|study|paper|article|report)|However|Moreover|Furthermore|In addition"
    r"|Additionally|Notably|Importantly|Therefore|Thus|Recently|Remarkably|Interestingly|As a result"
    r"|As a consequence|Further|Specifically)\b,?\s+"
)


def _opening(sentence: str) -> int:
    """The length of the words by which a sentence only joins the one before it; they confuse the parser."""
    match = OPENING.match(sentence)
    return match.end() if match else 0


def _finding(sentence: _Read, before: _Read | None, statement: Statement) -> Finding | None:
    means, head, verb, body, said = statement
    body = whole(body)
    here = [body.start, body.end, verb.i, verb.i + 1]
    evidence: list[Evidence] = []
    if before is not None and points_back(means, head):
        named_before = antecedent(before.span)
        if named_before is None:
            return None
        means, head = _substance(*named_before)
        means = whole(means)
        evidence.append(_evidence(before, [means.start, means.end]))
        done = False
    else:
        means, head = _substance(means, head)
        means = whole(means)
        done = head.i >= means.end  # a clause's verb behind its subject: "when X is added"
        here += [means.start, means.end]
    if not done:
        head = _last_of_compound(means, head)
    name, rest = named(means, head), POSSESSIVE.sub("the", lowered(tidy(body.text), body[0]))
    if name is None or not (complete(means) and complete(body) and stands_alone(body)):
        return None
    if done:
        where = child_of(head, "prep")
        place = f" {tidy(phrase(where, longest=8).text)}" if where is not None and where.i > head.i else ""
        name = f"{words.gerund(head.lemma_.lower())} {article(means, head, name)}{name}{place}"
    if not 2 <= len(rest.split()) <= LONGEST_EFFECT + 2 or discourages(verb, name, rest):
        return None
    if not says_something(body) or re.search(r"[—{}\\“”\"‘]|\s'", name + rest):
        return None
    if name.lower() in rest.lower() or rest.lower() in name.lower():
        return None
    return Finding(
        source=sentence.source,
        means=name,
        article="" if done else article(means, head, name),
        kind="process" if done else kind(head),
        doing=done or (head.tag_ == "VBG" and name.startswith(head.text[1:], 1)),
        plural=not done and plural(means, head),
        verb=said or _base(verb),
        rest=rest,
        things=tuple(thing for thing in things(body) if thing.lower() not in name.lower()),
        evidence=(*evidence, _evidence(sentence, here)),
    )


POSSESSIVE = re.compile(r"\b(?:its|their)\b")
"""Whose it is stands in the quote; out of its sentence the word points nowhere."""


def _substance(means: Span, head: Token) -> tuple[Span, Token]:
    """What acts, where the text speaks of a way or an action of it: ``a method for coupling`` is coupling."""
    if head.lemma_.lower() in words.ROUTES | words.TRANSPARENT:
        inner = object_of(head, "of") or object_of(head, "for", "to")
        if inner is not None and inner.i < means.end and inner.pos_ != "PRON":
            return phrase(inner, longest=LONGEST_MEANS), inner
    return means, head


def _last_of_compound(means: Span, head: Token) -> Token:
    """The noun that a phrase is about: parsers take "carbon" for the head of "carbon coupling partners"."""
    while head.i + 1 < means.end and head.nbor(1).pos_ in {"NOUN", "PROPN"}:
        head = head.nbor(1)
    return head


def _base(verb: Token) -> str:
    lemma = verb.lemma_.lower()
    return lemma if lemma in words.EFFECT_VERBS else "give"


LONGEST_QUOTE = 360


def _evidence(sentence: _Read, places: Sequence[int]) -> Evidence:
    """The whole sentence where it is short enough to read, else the part that these tokens span."""
    text, doc = sentence.span.text, sentence.span.doc
    start, end = 0, len(text)
    if len(text) > LONGEST_QUOTE:
        tail = doc[max(places) - 1]
        start, end = doc[min(places)].idx, tail.idx + len(tail)
    start, end = sentence.start + start, sentence.start + end
    return Evidence(sentence.source.passage_id, sentence.source.text[start:end], start, end)
