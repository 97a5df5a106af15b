"""A run as it might be, for the report's tests: 24 hypotheses, ten experiments, one of them failed."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from agents.report.document import (
    Clause,
    Cluster,
    Contribution,
    Corpus,
    Costs,
    Evidence,
    Hypothesis,
    KeyPoint,
    Membership,
    Provenance,
    Question,
    Result,
    Run,
    RunDocument,
    TracePoint,
)

QUOTE = "Directional freezing aligns the pore walls of a poly(vinyl alcohol) gel."
PASSAGE = f"Gels are soft. {QUOTE} They hold water."
TRAITS = (
    "directional freezing",
    "salting out",
    "caesium iodide",
    "dense entanglements",
    "hierarchical electrode",
)


def example(
    hypotheses: int = 24, experiments: int = 10, state: str = "done", **changes: object
) -> RunDocument:
    """The same document for the same arguments."""
    random = Random(7)
    tested = list(range(min(experiments, hypotheses)))
    scores = [None if n == 3 else round(random.uniform(0.05, 0.8), 3) for n in tested]
    best: float | None = None
    trace = []
    for n, score in zip(tested, scores, strict=True):
        best = max((s for s in (best, score) if s is not None), default=None)
        status = "failed" if score is None else "done"
        trace.append(
            TracePoint(
                sequence=n,
                hypothesis_id=f"h{n}",
                title=_title(n),
                score=score,
                status=status,
                best_so_far=best,
            )
        )
    document = RunDocument(
        run=Run(
            id="018f",
            state=state,
            started=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
            finished=datetime(2026, 11, 23, 9, 1, tzinfo=UTC) if state == "done" else None,
            seed=0,
            budget=12,
            reasoner="extractive",
            model="en_core_web_sm 3.8",
            prompt_version="extractive-1",
            laboratory="simulated:ground_truth.json",
            policy="surrogate",
            version="0.1.0",
        ),
        question=Question(
            text="How can a flexible thermogalvanic device be made both efficient and robust?",
            survey="Thermocells turn a temperature difference into a voltage.\n\nGels hold the electrolyte.",
        ),
        corpus=Corpus(papers=41, passages=48, retrieved=48),
        hypotheses=[_hypothesis(n, scores, random, bool(trace)) for n in range(hypotheses)],
        clusters=[
            Cluster(id=f"c{n}", name=name, size=5, key_points=[name, f"{name} of gels"])
            for n, name in enumerate(TRAITS)
        ],
        contributions=[
            Contribution(
                trait=name, effect=0.2 - 0.1 * n, low=0.05 - 0.1 * n, high=0.35 - 0.1 * n, candidates=5
            )
            for n, name in enumerate(TRAITS)
        ],
        trace=trace,
        costs=Costs(seconds={"retrieve": 1.2, "propose": 3.4}),
    )
    return document.model_copy(update=changes)


def _title(n: int) -> str:
    return f"{TRAITS[n % 5].capitalize()} with {TRAITS[(n // 5 + n + 1) % 5]}, version {n}"


def _hypothesis(n: int, scores: list[float | None], random: Random, ranked: bool) -> Hypothesis:
    evidence = Evidence(
        quote=QUOTE,
        start=PASSAGE.index(QUOTE),
        end=PASSAGE.index(QUOTE) + len(QUOTE),
        passage=PASSAGE,
        paper_title="Strong tough hydrogels",
        year=2021,
        doi="10.1000/example" if n % 2 else None,
    )
    score = scores[n] if n < len(scores) else None
    status = "failed" if score is None else "done"
    result = Result(sequence=n, score=score, sem=0.05, status=status, cost=1.0, source="simulated")
    return Hypothesis(
        id=f"h{n}",
        rank=n + 1,
        position=n,
        title=_title(n),
        statement=f"{_title(n)} should improve the device. It aligns the pores.",
        origin="literature",
        clauses=[
            Clause(kind="proposal", text=f"{_title(n)} should improve the device.", evidence=[evidence]),
            Clause(kind="mechanism", text="It aligns the pores.", evidence=[evidence]),
        ],
        key_points=[KeyPoint(name=TRAITS[n % 5], role="aligning the pores")],
        clusters=[Membership(id=f"c{n % 5}", weight=1.0)],
        x=random.gauss(n % 5, 0.4),
        y=random.gauss((n * 2) % 5, 0.4),
        mean=0.6 - 0.02 * n,
        sd=0.1,
        p_best=0.3 / (n + 1),
        tested=int(score is not None),
        failed=int(n < len(scores) and score is None),
        results=[result] if n < len(scores) else [],
        provenance=Provenance(reasoner="extractive", prompt_version="extractive-1"),
    )
