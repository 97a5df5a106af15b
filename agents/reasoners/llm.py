"""The reasoner behind which a language model stands: it proposes, and what it cites is looked up."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count as numbers
from itertools import islice

from agents import quotes
from agents.drafts import Brief, Clause, Draft, Evidence, KeyPoint, Source
from agents.llm.asking import ask
from agents.llm.client import ChatClient
from agents.llm.errors import AnswerCutOff, AnswerInvalid, BudgetReached, ModelRefused
from agents.llm.ledger import Ledger
from agents.llm.schemas import ClauseAnswer, DecomposeAnswer, HypothesisAnswer, NameAnswer, ProposeAnswer
from agents.prompts import fenced, load
from records.errors import TouchstoneError

log = logging.getLogger(__name__)

PER_CALL = 4
"""Hypotheses a call: enough to differ from each other, few enough to stay within the answer's length."""
WINDOW = 12
"""Passages a call."""
AT_ONCE = 4
"""Calls under way at the same time."""
SHOWN = 12
"""Key points of a cluster that its name is made from."""
LARGEST_SHORTFALL = 4
"""Rounds, as a multiple of those that would do if nothing were lost, before fewer hypotheses are accepted."""
LOST = (ModelRefused, AnswerCutOff, AnswerInvalid)
"""Failures that cost one answer; a model that cannot be reached at all stops the run."""


class LlmReasoner:
    """Asks an OpenAI-compatible endpoint; every call goes through the run's ledger.

    ``note`` is told, in one sentence, of everything that went missing on the way.
    """

    name = "llm"

    def __init__(self, client: ChatClient, ledger: Ledger, note: Callable[[str], None]) -> None:
        self.client = client
        self.ledger = ledger
        self.note = note
        self.model = client.settings.model
        self.prompt_version = load("propose").version

    def check(self) -> None:
        """Raises BadInput if nobody answers at the endpoint."""
        self.client.check()

    def propose(self, brief: Brief, sources: Sequence[Source], count: int, seed: int) -> list[Draft]:
        """Waves of calls, each over another window of passages, until there are enough hypotheses.

        What a call asks depends on the waves before its own but not on ``count``, so asking for more later
        repeats, free of charge, what was answered before. Ends early, with a note, when the budget is
        reached.
        """
        drafts: list[Draft] = []
        rounds = islice(windows(sources, seed), LARGEST_SHORTFALL * -(-count // PER_CALL))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while len(drafts) < count and (waiting := list(islice(rounds, AT_ONCE))):
                known = tuple(draft.title for draft in drafts)
                while len(drafts) < count and waiting:
                    enough = -(-(count - len(drafts)) // PER_CALL)
                    now, waiting = waiting[:enough], waiting[enough:]
                    asked = [pool.submit(self._round, brief, window, known, seed + n) for n, window in now]
                    try:
                        self._gather(asked, drafts)
                    except BudgetReached as error:
                        self.note(f"Proposing ended early with {len(drafts)} hypotheses: {error.message}.")
                        return drafts[:count]
        return drafts[:count]

    def _gather(self, asked: Sequence[Future[list[Draft]]], drafts: list[Draft]) -> None:
        """Add what was answered, in the order of asking; BudgetReached comes after all that was paid for."""
        spent = None
        for answer in asked:
            try:
                drafts += answer.result()
            except BudgetReached as error:
                spent = error
            except LOST as error:
                self.note(f"A round of proposals was lost: {error.message}.")
        if spent is not None:
            raise spent

    def decompose(self, brief: Brief, draft: Draft, sources: Sequence[Source]) -> list[KeyPoint]:
        """One call; none, and a note, where it is lost or cannot be paid."""
        try:
            answer = ask(
                self.ledger,
                load("decompose"),
                DecomposeAnswer,
                seed=0,
                question=brief.question,
                hypothesis=fenced([draft.statement], "hypothesis"),
            )
        except (BudgetReached, *LOST) as error:
            self.note(_remark(error))
            return []
        found = [KeyPoint(_plain(point.name), _plain(point.role)) for point in answer.key_points]
        distinct = {point.name.casefold(): point for point in reversed(found) if point.name}
        return list(reversed(distinct.values()))

    def name_cluster(self, key_points: Sequence[KeyPoint]) -> str:
        """One call; where it is lost or cannot be paid, the most typical key point gives its name."""
        shown = [f"{point.name}: {point.role}" for point in key_points[:SHOWN]]
        try:
            answer = ask(
                self.ledger, load("name_cluster"), NameAnswer, seed=0, key_points=fenced(shown, "trait")
            )
        except (BudgetReached, *LOST) as error:
            self.note(_remark(error))
            return key_points[0].name
        return _plain(answer.name) or key_points[0].name

    def _round(self, brief: Brief, window: Sequence[Source], known: Sequence[str], seed: int) -> list[Draft]:
        answer = ask(
            self.ledger,
            load("propose"),
            ProposeAnswer,
            seed=seed,
            question=brief.question,
            survey=brief.survey or "Nothing is given.",
            known="\n".join(f"- {title}" for title in known) or "None.",
            passages=fenced([f"{source.title}\n\n{source.text}" for source in window]),
            count=str(PER_CALL),
        )
        found = (checked(hypothesis, window) for hypothesis in answer.hypotheses)
        return [draft for draft in found if draft is not None]


def windows(sources: Sequence[Source], seed: int) -> Iterator[tuple[int, list[Source]]]:
    """Numbered windows without end: near and far passages mixed, every passage once in a cycle."""
    if not sources:
        return
    size = -(-len(sources) // WINDOW)
    order = list(sources)
    number = 0
    for cycle in numbers():
        for start in range(size):
            # A stride rather than a slice: each window holds some of the nearest passages.
            yield number, order[start::size]
            number += 1
        random.Random(f"{seed}:{cycle}").shuffle(order)


def checked(answer: HypothesisAnswer, window: Sequence[Source]) -> Draft | None:
    """The hypothesis with what could be verified of it, or None if too little is left.

    A clause without a quote that stands in its passage is dropped; a hypothesis needs a proposal, and
    inspirations with such quotes from two or more papers.
    """
    clauses = tuple(
        Clause(clause.kind, _sentence(clause.text), evidence)
        for clause in answer.clauses
        if clause.text.strip() and (evidence := _evidence(clause, window))
    )
    cited = {item.passage_id for clause in clauses for item in clause.evidence}
    named = [_passage(number, window) for number in dict.fromkeys(answer.inspirations)]
    inspirations = [source for source in named if source is not None and source.passage_id in cited]
    papers = {source.paper_id for source in inspirations}
    if len(papers) < 2 or not any(clause.kind == "proposal" for clause in clauses):
        log.info("dropped %r: %d papers, %d clauses verified", answer.title, len(papers), len(clauses))
        return None
    return Draft(
        title=_plain(answer.title),
        statement=" ".join(clause.text for clause in clauses),
        clauses=clauses,
        inspirations=tuple(source.passage_id for source in inspirations),
    )


def _evidence(clause: ClauseAnswer, window: Sequence[Source]) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    for item in clause.evidence:
        source = _passage(item.passage, window)
        span = quotes.locate(item.quote, source.text) if source is not None else None
        if source is not None and span is not None:
            start, end = span
            found.append(Evidence(source.passage_id, source.text[start:end], start, end))
    return tuple(dict.fromkeys(found))


def _passage(number: int, window: Sequence[Source]) -> Source | None:
    return window[number - 1] if 1 <= number <= len(window) else None


def _remark(error: TouchstoneError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:]}."


def _plain(text: str) -> str:
    return " ".join(text.split())


def _sentence(text: str) -> str:
    text = _plain(text)
    return text if text.endswith((".", "!", "?")) else text + "."
