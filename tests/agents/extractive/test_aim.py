"""What a question asks for."""

from __future__ import annotations

import pytest

from agents.reasoners.extractive.aim import read_aim


@pytest.mark.parametrize(
    ("question", "subject", "goals"),
    [
        (
            "How can we design a soft actuator that combines high toughness and fast response?",
            "a soft actuator",
            ("toughness", "fast response"),
        ),
        (
            "How can a solid electrolyte be developed to achieve high ionic conductivity?",
            "a solid electrolyte",
            ("ionic conductivity",),
        ),
        (
            "How can the tensile strength of silk fibers be enhanced?",
            "the tensile strength of silk fibers",
            (),
        ),
    ],
)
def test_subject_and_goals(question: str, subject: str, goals: tuple[str, ...]) -> None:
    aim = read_aim(question)
    assert (aim.subject, aim.goals) == (subject, goals)


@pytest.mark.parametrize(
    "question", ["Perovskite stability", "Why?", "42", "Which base gives the best yield in arylation?"]
)
def test_any_question_has_a_subject(question: str) -> None:
    assert read_aim(question).subject
