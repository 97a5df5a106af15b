"""From two findings to a hypothesis in English: what to do, why it should work, how to prove it wrong."""

from __future__ import annotations

import hashlib

from agents.drafts import Clause, Draft
from agents.reasoners.extractive.aim import Aim
from agents.reasoners.extractive.findings import Finding
from agents.reasoners.extractive.selection import Pair
from agents.reasoners.extractive.words import WEAK_VERBS, capitalised


def compose(aim: Aim, pair: Pair) -> Draft:
    """A draft of four clauses, each with the sentences that it was lifted from."""
    first, second = pair.core, pair.inspiration
    both = (*first.evidence, *second.evidence)
    clauses = (
        Clause("proposal", _proposal(aim, first, second), both),
        Clause("mechanism", _mechanism(first, pair.core_goal), first.evidence),
        Clause("mechanism", _mechanism(second, pair.inspiration_goal, second=True), second.evidence),
        Clause("prediction", _prediction(aim, second), second.evidence),
    )
    return Draft(
        title=_title(first, second),
        statement=" ".join(clause.text for clause in clauses),
        clauses=clauses,
        inspirations=(first.source.passage_id, second.source.passage_id),
    )


def _turn(*parts: str, of: int) -> int:
    """A choice among ``of`` wordings that is the same for the same content."""
    return hashlib.sha256("\0".join(parts).encode()).digest()[0] % of


def _title(first: Finding, second: Finding) -> str:
    done, other = (second, first) if second.doing and not first.doing else (first, second)
    joint = "and" if " with " in done.means + other.means or done.doing == other.doing is True else "with"
    return capitalised(f"{done.means} {joint} {other.means}")


def _proposal(aim: Aim, first: Finding, second: Finding) -> str:
    """What to do, worded by what the two are: things done, processes, materials, or features of a design."""
    outcome = aim.outcome
    if first.doing or second.doing:
        done, other = (second, first) if second.doing else (first, second)
        if other.doing:
            return capitalised(f"{done.agent}, and in the same system {other.agent}, should {outcome}.")
        return capitalised(f"{done.agent}, with {other.agent} in place, should {outcome}.")
    if first.kind == second.kind == "material":
        return f"Building {first.agent} and {second.agent} into one system should {outcome}."
    if {first.kind, second.kind} == {"process", "material"}:
        process, material = (first, second) if first.kind == "process" else (second, first)
        wording = (
            f"Bringing {material.agent} into {process.agent} should {outcome}.",
            f"{capitalised(process.agent)} in the presence of {material.agent} should {outcome}.",
        )
        return wording[_turn(first.means, second.means, of=2)]
    return f"Combining {first.agent} with {second.agent} should {outcome}."


def _mechanism(finding: Finding, goal: str | None, *, second: bool = False) -> str:
    """Why it should help, in the words of the passage."""
    if goal is not None:
        reason = "would come from" if second else "would rest on"
        return f"The {goal} {reason} {finding.again}, which {finding.effect}."
    if not second:
        return capitalised(f"{finding.again} {finding.effect}.")
    wording = (
        f"{capitalised(finding.again)}, in turn, {finding.effect}.",
        f"What is borrowed is that {finding.again} {finding.effect}.",
        f"To this, {finding.again} adds a second handle: it {finding.effect}.",
    )
    choices = wording[:2] if finding.plural else wording
    return choices[_turn(finding.means, finding.rest, of=len(choices))]


def _prediction(aim: Aim, second: Finding) -> str:
    """What would prove it wrong: the control that lacks what the inspiration brings."""
    without = f"made without {second.again}" if second.doing else f"without {second.again}"
    plain = f"The test is a control {without}: if it does as well, the hypothesis is wrong."
    if second.verb in WEAK_VERBS:
        return plain  # nothing in the control would "exhibit" it, which nobody doubts
    wording = (
        f"In a control {without} nothing would {second.purpose}, so it should {aim.without}.",
        plain,
        f"If that is so, leaving out {second.again} should cost most of the gain, "
        f"since nothing else would {second.purpose}.",
    )
    return wording[_turn(second.means, second.rest, of=len(wording))]
