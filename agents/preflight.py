"""Whether a request can be met, found out before anything is kept."""

from __future__ import annotations

from collections.abc import Sequence

from agents.plan import LaboratorySpec, Plan
from config import Settings
from ranking import policy
from records.errors import BadInput
from simulator import GroundTruth, KeyPoint

LONGEST_QUESTION = 4_000
LONGEST_SURVEY = 40_000


def check_request(settings: Settings, question: str, survey: str, plan: Plan) -> None:
    """Raises BadInput for what no run could start with, a model that does not answer included.

    (RankingError for an unknown policy, SimulatorError for a ground truth that is none.)
    """
    _check_length("question", question, LONGEST_QUESTION)
    _check_length("survey", survey, LONGEST_SURVEY)
    if not question.strip():
        raise BadInput("question_empty", "ask something: the question is empty")
    policy(plan.policy)
    _check_laboratory(plan.laboratory)
    if plan.reasoner == "llm":
        from agents.llm.client import ChatClient

        ChatClient(settings.reasoner).check()


def check_corpus(plan: Plan, paper_ids: Sequence[str]) -> None:
    """Raises BadInput ``corpus_too_small``: an idea needs two papers; tables and own candidates need none."""
    count = len(set(paper_ids))
    brought = plan.laboratory.kind == "recorded" or len(plan.candidates) >= 2
    if count >= 2 or (brought and (count == 0 or plan.hypotheses == 0)):
        return
    raise BadInput(
        "corpus_too_small",
        f"the corpus holds {count} paper{'' if count == 1 else 's'}; a hypothesis needs at least two",
    )


def _check_length(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise BadInput(
            f"{what}_too_long", f"the {what} has {len(text):,} characters; at most {most:,} can be read"
        )


def _check_laboratory(spec: LaboratorySpec) -> None:
    if spec.kind == "simulated":
        _check_truth(spec)
    if spec.kind == "recorded":
        keys = [row.get("key") for row in spec.rows]
        if len(keys) < 2:
            raise BadInput("table_too_small", f"the table of {spec.label} has fewer than two rows to rank")
        if len(set(keys)) < len(keys):
            raise BadInput("table_repeats", f"the table of {spec.label} uses the same key for several rows")
        if not all(row.get("features") for row in spec.rows):
            raise BadInput("table_featureless", f"the table of {spec.label} has nothing but measured values")


def _check_truth(spec: LaboratorySpec) -> None:
    points = spec.truth.get("key_points")
    if not isinstance(points, list) or not points:
        raise BadInput("bad_ground_truth", f"{spec.label} has no key_points")
    for point in points:
        named = isinstance(point, dict) and isinstance(point.get("name"), str) and point["name"].strip()
        if not named or not isinstance(point.get("weight"), (int, float)):
            raise BadInput("bad_ground_truth", f"every key point of {spec.label} needs a name and a weight")
    GroundTruth(tuple(KeyPoint(point["name"], point.get("role", ""), point["weight"]) for point in points))
