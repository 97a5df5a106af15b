"""What a question asks for: the thing to be made or done, and what is to be reached with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spacy.tokens import Doc

from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import english, phrase, tidy


@dataclass(frozen=True, slots=True)
class Aim:
    """``subject`` "a flexible thermogalvanic device", ``goals`` ("mechanical robustness", …)."""

    subject: str
    goals: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """What is hoped for, as a verb phrase: ``improve the toughness of a hydrogel``."""
        if self.goals:
            return f"improve the {self.goal} of {self.subject}"
        head = self.subject.split(" of ")[0].split(" between ")[0].split()[-1].lower().rstrip("s")
        if head in words.PROPERTY_HEADS or head.endswith(("propertie", "capacitie", "stabilitie")):
            return f"improve {self.subject}"
        if head.endswith(words.PROCESS_ENDINGS) or head in words.PROCESS_HEADS:
            return f"enable {self.subject}"
        return f"give access to {self.subject}"

    @property
    def without(self) -> str:
        """What is to be expected of a control: ``fall behind in toughness``."""
        if self.outcome.startswith("improve "):
            return f"fall behind in {self.goal}"
        return f"fail to {self.outcome}"

    @property
    def goal(self) -> str:
        """The goals in words, or the subject where the question names none."""
        return words.joined(list(self.goals[:3])) if self.goals else self.subject

    @property
    def text(self) -> str:
        return f"{self.subject}: {self.goal}"


ASKED = re.compile(
    r"^(?:how|what|which|why|whether|is it possible|in what way)\b.*?"
    r"\b(?:can|could|might|should|may|to|would)\s+"
    r"(?:(?:we|one|researchers|chemists|you|i)\s+)?(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
PASSIVE = re.compile(
    r"^(?P<subject>[^?]+?)\s+be\s+(?:\w+ly\s+)?(?P<verb>[a-z]+ed|made|overcome|built|grown|driven|kept)\b(?P<after>.*)$",
    re.DOTALL,
)
ACTIVE = re.compile(
    r"^(?:\w+ly\s+(?:and\s+\w+ly\s+)?)?(?P<verb>[a-z]+)\s+(?P<object>.+)$", re.DOTALL | re.IGNORECASE
)
PURPOSE = re.compile(r"\bto\s+(?:\w+ly\s+)?[a-z]+\s+(.+)$", re.DOTALL)
CAUSED = re.compile(
    r"\b(?:improve|enhance|increase|boost|reduce|lower|raise|control|enable|lead to|affect)\s+(.+)$",
    re.DOTALL,
)
ENDS = re.compile(
    r",?\s+(?:that|which|while|whose|where|so that|by|using|via|through|involving|without|from|especially"
    r"|particularly|such as|like|to (?=[a-z]+ ))\b"
    r"|,\s+(?!and\b|or\b|(?:\w+ly\s)?[\w-]+(?:,| and| or))"
    r"|\s+with\s+(?=(?:high|low|precise|better|improved)\b)"
)
"""Where a noun phrase ends and a clause about it begins."""

COMPARATIVE = re.compile(r"^(?:an? |the )?(?:improved|better|enhanced|increased|higher|greater|superior) ")
"""That it should be better is what is asked; the thing itself is wanted."""

OBSTACLE = re.compile(
    r"\b(?:overcom\w+|address\w*|avoid\w*|given the|without|limitations?|challenges?|issues)\b",
    re.IGNORECASE,
)
"""From here on the question speaks of what is in the way."""

ENABLERS = frozenset(
    [
        "utilized",
        "used",
        "exploited",
        "employed",
        "combined",
        "applied",
        "leveraged",
        "harnessed",
        "overcome",
        "avoided",
        "addressed",
    ]
)
"""Passive verbs whose subject is a means or an obstacle: what is wanted comes after."""


def read_aim(question: str) -> Aim:
    """Read the aim out of a question; one of any other form is taken as the thing it speaks of most."""
    text = re.sub(r"\s+", " ", question).strip().rstrip("?. ")
    subject = _wanted(text) or _longest_phrase(english()(text)) or tidy(text)
    return Aim(subject, _goals(english()(OBSTACLE.split(text)[0]), subject))


def _wanted(text: str) -> str | None:
    """The noun phrase for what is to be made or done, where the question has the usual form."""
    asked = ASKED.match(text)
    if asked is None:
        return None
    rest = asked.group("rest")
    passive = PASSIVE.match(rest)
    if passive and len(passive.group("subject").split()) <= 24:
        after = PURPOSE.search(passive.group("after"))
        if passive.group("verb") in ENABLERS and after:
            return _cut(after.group(1))
        return _cut(passive.group("subject"))
    split = CAUSED.search(rest)
    active = ACTIVE.match(rest)
    if split is not None:
        return _cut(split.group(1))
    return _cut(active.group("object")) if active is not None else None


def _cut(text: str) -> str:
    """A noun phrase without its clauses, its first word in lower case unless it is a name."""
    text = COMPARATIVE.sub("", tidy(ENDS.split(tidy(text))[0]))
    first = english()(text)[0]
    plain = text[:1].isupper() and text[1:2].islower() and first.pos_ != "PROPN"
    return text[:1].lower() + text[1:] if plain else text


def _longest_phrase(doc: Doc) -> str | None:
    """The longest noun phrase, with what belongs to it."""
    phrases = [
        max(tidy(phrase(chunk.root, longest=13).text), tidy(chunk.text), key=len)
        for chunk in doc.noun_chunks
        if chunk.root.pos_ != "PRON" and chunk[0].tag_ not in {"WDT", "WP"}
    ]
    return max(phrases, key=len, default=None)


SEEKING = frozenset(
    [
        "maximise",
        "maximize",
        "achieve",
        "improve",
        "enhance",
        "increase",
        "maintain",
        "boost",
        "retain",
        "combine",
        "exhibit",
        "display",
        "ensure",
        "allow",
        "raise",
        "preserve",
        "deliver",
        "provide",
        "reach",
        "obtain",
        "gain",
        "optimise",
        "optimize",
        "enable",
        "control",
        "sustain",
    ]
)


def _goals(doc: Doc, subject: str) -> tuple[str, ...]:
    """The properties that the question wants, in order: what is measured, or what a verb of seeking has."""
    found: list[str] = []
    place = doc.text.find(subject)
    for chunk in doc.noun_chunks:
        if chunk.start_char < place:
            continue
        root = chunk.root
        governor = root
        while governor.dep_ == "conj":
            governor = governor.head
        sought = governor.dep_ == "dobj" and governor.head.lemma_.lower() in SEEKING
        if root.lemma_.lower() not in words.PROPERTY_HEADS and not sought:
            continue
        start = chunk.start
        while start < root.i and doc[start].lower_ in {
            "both",
            "the",
            "a",
            "an",
            "their",
            "its",
            "high",
            "better",
            "precise",
        }:
            start += 1
        goal = tidy(doc[start : root.i + 1].text)
        if goal.lower() in words.EMPTY_GOALS or any(
            token.tag_ in {"WRB", "MD"} for token in doc[start : root.i + 1]
        ):
            continue
        if (
            goal
            and goal.lower() not in subject.lower()
            and subject.lower() not in goal.lower()
            and len(goal) < 60
        ):
            found.append(goal)
    return tuple(dict.fromkeys(found))[:4]
