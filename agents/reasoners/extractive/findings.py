"""What a passage says acts on what: the building blocks of a hypothesis, each tied to its sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spacy.tokens import Span, Token

from agents.drafts import Evidence, Source
from agents.reasoners.extractive import words
from agents.reasoners.extractive.language import english, phrase, tidy
from agents.reasoners.extractive.statements import LONGEST_EFFECT, LONGEST_MEANS, child_of, statements
from knowledge.chunking import sentences

Kind = Literal["process", "material", "feature"]


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
    object: str
    """The object alone."""
    evidence: Evidence

    @property
    def agent(self) -> str:
        """The means as it stands in running text."""
        return self.article + self.means

    @property
    def again(self) -> str:
        """The means when it is spoken of a second time."""
        return ("the " if self.article else "") + self.means

    @property
    def effect(self) -> str:
        """In the present tense, agreeing with the means."""
        return f"{self.verb if self.plural else words.third_person(self.verb)} {self.rest}"

    @property
    def purpose(self) -> str:
        return f"{self.verb} {self.rest}"


def findings(sources: Sequence[Source]) -> list[Finding]:
    """All findings of these passages, in their order; none twice."""
    spans = [
        (source, start + _opening(source.text[start:end]), end)
        for source in sources
        for start, end in sentences(source.text)
    ]
    texts = [source.text[start:end] for source, start, end in spans]
    found: dict[tuple[str, str, str], Finding] = {}
    for (source, start, _), doc in zip(spans, english().pipe(texts, batch_size=64), strict=True):
        for means, head, verb, body in statements(doc[:]):
            finding = _finding(source, start, doc[:], means, head, verb, body)
            if finding is not None:
                found.setdefault((source.paper_id, finding.means.lower(), finding.verb), finding)
    return list(found.values())


OPENING = re.compile(
    r"(?:Herein?|In this (?:work|study|paper|article|report)|However|Moreover|Furthermore|In addition"
    r"|Additionally|Notably|Importantly|Therefore|Thus|Recently|Remarkably|Interestingly|As a result"
    r"|As a consequence|Further|Specifically)\b,?\s+"
)


def _opening(sentence: str) -> int:
    """The length of the words by which a sentence only joins the one before it; they confuse the parser."""
    match = OPENING.match(sentence)
    return match.end() if match else 0


def _finding(
    source: Source, offset: int, sentence: Span, means: Span, head: Token, verb: Token, body: Span
) -> Finding | None:
    means, head = _substance(means, head)
    means, body = _whole(means), _whole(body)
    done = head.i >= means.end  # a clause's verb behind its subject: "when X is added"
    name, rest = _named(means, head), _lowered(tidy(body.text), body[0])
    if done and name is not None:
        where = child_of(head, "prep")
        place = f" {tidy(phrase(where, longest=8).text)}" if where is not None and where.i > head.i else ""
        name = f"{words.gerund(head.lemma_.lower())} {_article(means, head, name)}{name}{place}"
    if name is None or not (_complete(means) and _complete(body) and _stands_alone(body)):
        return None
    if not 2 <= len(rest.split()) <= LONGEST_EFFECT + 2 or _discourages(verb, name, rest):
        return None
    if body.root.lemma_.lower() in words.EMPTY_OBJECTS or re.search(r"[—{}\\“”\"‘]|\s'", name + rest):
        return None
    if name.lower() in rest.lower() or rest.lower() in name.lower():
        return None
    base = _base(verb)
    obj = _object(body)
    return Finding(
        source=source,
        means=name,
        article="" if done else _article(means, head, name),
        kind="process" if done else _kind(head),
        doing=done or (head.tag_ == "VBG" and name.startswith(head.text[1:], 1)),
        plural=not done and _plural(means, head),
        verb=base,
        rest=rest,
        object=obj,
        evidence=_evidence(
            source,
            offset,
            sentence,
            min(means.start, verb.i, body.start),
            max(means.end, verb.i + 1, body.end),
        ),
    )


def _substance(means: Span, head: Token) -> tuple[Span, Token]:
    """What is done, where the text speaks of a way of doing it: ``a method for coupling`` is coupling."""
    if head.lemma_.lower() in words.ROUTES:
        link = next((c for c in head.rights if c.dep_ == "prep" and c.lower_ in {"for", "of", "to"}), None)
        inner = child_of(link, "pobj", "pcomp") if link is not None else None
        if inner is not None and inner.i < means.end:
            return phrase(inner, longest=LONGEST_MEANS), inner
    return means, head


def _object(body: Span) -> str:
    """The thing acted on, without what happens to it."""
    root = body.root
    if root.pos_ in {"ADP", "PART"}:
        return tidy(body[1:].text)
    if root.pos_ in {"VERB", "AUX"}:
        subject = child_of(root, "nsubj", "nsubjpass")
        root = subject if subject is not None else root
    span = phrase(root, longest=8)
    return _lowered(tidy(_whole(span).text), span[0]) if _complete(span) else tidy(body.text)


def _base(verb: Token) -> str:
    lemma = verb.lemma_.lower()
    return lemma if lemma in words.EFFECT_VERBS else "give"


NOMINAL = frozenset({"NOUN", "PROPN"})


def _whole(span: Span) -> Span:
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


def _complete(span: Span) -> bool:
    """Whether the span reads as a unit: not cut behind an adjective or a preposition, brackets closed."""
    last, text = span[-1], span.text
    if re.search(
        r"[a-z]{3}(?<!pro)(?<!ro)of$", text
    ):  # "voltageof": a line break was lost before it reached us
        return False
    if last.pos_ in {"ADP", "DET", "CCONJ", "PART", "SCONJ", "AUX"}:
        return False
    # What modifies a verb was not cut off from its noun: the parser only mistook a subject.
    if last.dep_ in {"amod", "nummod", "compound"} and last.head.pos_ not in {"VERB", "AUX"}:
        return False
    return all(text.count(opener) == text.count(closer) for opener, closer in ("()", "[]"))


def _discourages(verb: Token, means: str, rest: str) -> bool:
    """Whether the sentence reports a drawback: ``crosslinks cause internal damage``."""

    def marked(text: str) -> bool:
        return any(word in words.DRAWBACKS for word in re.findall(r"[a-z]+", text.lower()))

    lemma = verb.lemma_.lower()
    if re.search(rf"\blow(?:er)? (?:[\w-]+ )?(?:{words.WANTED_HIGH})\b", rest):
        return True
    return marked(means) or (marked(rest) and lemma not in words.REDUCING_VERBS | words.MENDING_VERBS)


def _named(means: Span, head: Token) -> str | None:
    """The means without article, or None where it names nothing concrete."""
    start = means.start
    while start < head.i and _empty(means.doc[start]):
        if means.doc[start].lower_ in POINTERS - {"this", "these"}:
            return None
        start += 1
    span = means.doc[start : means.end]
    if not _stands_alone(span) or any(token.lower_ in POINTERS for token in span):
        return None
    if any(token.tag_ in {"VBZ", "VBP", "VBD", "MD"} for token in span):
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
    if not (specific and compound):
        return None
    return _lowered(text, span[0])


def _article(means: Span, head: Token, name: str) -> str:
    """The article that the text used, fitted to the word that now follows it."""
    used = {token.lower_ for token in means if token.i < head.i and token.dep_ == "det"}
    if "the" in used:
        return "the "
    if used & {"a", "an"}:
        return "an " if re.match(r"[aei]|o(?!ne)|un[^i]|[FHLMNRSX](?=[A-Z0-9])", name) else "a "
    return ""


ILLUSTRATION = re.compile(r",?\s+(?:especially|particularly|including|such as|for example|e\.g\.)")
POINTERS = frozenset({"this", "these", "those", "such", "their", "its", "his", "same"})


def _empty(token: Token) -> bool:
    return token.lower_ in words.GENERIC_MODIFIERS or token.pos_ in {"CCONJ", "PUNCT", "ADV"}


def _lowered(text: str, first: Token) -> str:
    """A sentence's first word in lower case, unless it is a name, an abbreviation or a formula.

    A tagger takes most capitalised words for names there, so names are recognised by a list.
    """
    name = any(part in words.EPONYMS for part in re.split(r"[-–—]", first.text))
    plain = first.i == 0 and text[:1].isupper() and not text[1:2].isupper() and not name
    return (
        text[:1].lower() + text[1:] if plain and not re.match(r"[A-Z][a-z]?[\d(]|[A-Z][-–]", text) else text
    )


def _stands_alone(span: Span) -> bool:
    return not any(token.lower_ in words.ANAPHORA for token in span)


def _plural(means: Span, head: Token) -> bool:
    coordinated = any(token.lower_ == "and" and token.head == head for token in means)
    return words.is_plural(head.text) or head.tag_ == "NNS" or (coordinated and head.tag_ != "VBG")


def _kind(head: Token) -> Kind:
    lemma = head.lemma_.lower()
    tail = re.split(r"[-–]", lemma)[-1]
    if tail in words.MATERIAL_HEADS or re.fullmatch(r"(?:[A-Z][a-z]?\d*){2,}[+\-−]?", head.text):
        return "material"
    if head.tag_ == "VBG" or tail in words.PROCESS_HEADS or tail.endswith(words.PROCESS_ENDINGS):
        return "process"
    return "feature"


LONGEST_QUOTE = 360


def _evidence(source: Source, offset: int, sentence: Span, first: int, last: int) -> Evidence:
    """The whole sentence where it is short enough to read, else the part that says it."""
    text = sentence.text
    start, end = 0, len(text)
    if len(text) > LONGEST_QUOTE:
        start = sentence.doc[first].idx
        tail = sentence.doc[last - 1]
        end = tail.idx + len(tail)
    quote = source.text[offset + start : offset + end]
    return Evidence(source.passage_id, quote, offset + start, offset + end)
