"""A run as one document: everything that the report shows, gathered from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from agents.plan import Plan
from agents.report import document as doc
from records.database import Database
from records.models import Evidence, Experiment, Hypothesis, Paper, Passage, Question, Run
from records.repositories import CallTotals, Category, Experiments, Hypotheses, ModelCalls, Papers, Runs

DISTRIBUTION = "touchstone-chemistry"


@dataclass(frozen=True, slots=True)
class _Rows:
    """All that the database holds of a run."""

    run: Run
    question: Question
    plan: Plan
    hypotheses: Sequence[Hypothesis]
    clusters: Sequence[Category]
    experiments: Sequence[Experiment]
    papers: int
    passages: int
    cited: Mapping[str, tuple[Passage, Paper]]
    """Passage id to what was quoted from."""
    totals: CallTotals


def build_document(database: Database, workspace_id: str, run_id: str) -> doc.RunDocument:
    """The document of a run in any state; what has not been worked out yet is empty or null (NotFound)."""
    rows = _load(database, workspace_id, run_id)
    return doc.RunDocument(
        run=_run(rows),
        question=doc.Question(text=rows.question.text, survey=rows.question.survey),
        corpus=doc.Corpus(
            papers=rows.papers, passages=rows.passages, retrieved=rows.run.outcome.get("retrieved", 0)
        ),
        hypotheses=_hypotheses(rows),
        clusters=[
            doc.Cluster(
                id=cluster.id,
                name=cluster.name,
                size=len(cluster.members),
                key_points=list(cluster.key_points),
            )
            for cluster in rows.clusters
        ],
        contributions=[doc.Contribution(**item) for item in rows.run.outcome.get("contributions", [])],
        trace=_trace(rows),
        costs=_costs(rows),
        notes=rows.run.outcome.get("notes", []),
    )


def _load(database: Database, workspace_id: str, run_id: str) -> _Rows:
    with database.read() as session:
        runs, papers = Runs(session, workspace_id), Papers(session, workspace_id)
        run = runs.get(run_id)
        hypotheses = Hypotheses(session, workspace_id)
        candidates = hypotheses.of_run(run_id)
        quoted = {item.passage_id for row in candidates for clause in row.clauses for item in clause.evidence}
        passages = papers.passages_by_id(quoted)
        paper_of = {paper.id: paper for paper in papers.all({row.paper_id for row in passages.values()})}
        paper_ids = runs.paper_ids(run_id)
        return _Rows(
            run=run,
            question=runs.question(run_id),
            plan=Plan.model_validate(run.plan),
            hypotheses=candidates,
            clusters=hypotheses.clusters(run_id),
            experiments=Experiments(session, workspace_id).of_run(run_id),
            papers=len(paper_ids),
            passages=len(papers.passages(paper_ids)) if paper_ids else 0,
            cited={key: (passage, paper_of[passage.paper_id]) for key, passage in passages.items()},
            totals=ModelCalls(session).totals(run_id),
        )


def _run(rows: _Rows) -> doc.Run:
    run, plan, outcome = rows.run, rows.plan, rows.run.outcome
    return doc.Run(
        id=run.id,
        state=run.state,
        started=run.created_at,
        finished=run.finished_at,
        seed=plan.seed,
        budget=plan.budget,
        reasoner=outcome.get("reasoner", plan.reasoner),
        model=outcome.get("model", ""),
        prompt_version=outcome.get("prompt_version", ""),
        laboratory=plan.laboratory.label,
        policy=outcome.get("policy", plan.policy),
        version=version(),
    )


def _hypotheses(rows: _Rows) -> list[doc.Hypothesis]:
    """Ranked ones in the order of their rank, then those that have no rank yet."""
    standing_of = {item["position"]: item for item in rows.run.outcome.get("standings", [])}
    place_of = {item["position"]: item for item in rows.run.outcome.get("map", [])}
    simulated = {item["position"]: item for item in rows.run.outcome.get("simulation", [])}
    results_of: dict[str, list[Experiment]] = {}
    for experiment in rows.experiments:
        results_of.setdefault(experiment.hypothesis_id, []).append(experiment)
    clusters_of: dict[str, list[doc.Membership]] = {}
    for cluster in rows.clusters:
        for member, weight in cluster.members.items():
            clusters_of.setdefault(member, []).append(doc.Membership(id=cluster.id, weight=weight))
    found = [
        _hypothesis(
            rows,
            row,
            standing_of.get(row.position, {}),
            place_of.get(row.position, {}),
            sorted(clusters_of.get(row.id, []), key=lambda share: -share.weight),
            results_of.get(row.id, []),
            simulated.get(row.position),
        )
        for row in rows.hypotheses
    ]
    unranked = len(found) + 1
    return sorted(found, key=lambda item: (item.rank or unranked, item.position))


def _hypothesis(
    rows: _Rows,
    row: Hypothesis,
    standing: Mapping[str, Any],
    place: Mapping[str, Any],
    clusters: list[doc.Membership],
    experiments: Sequence[Experiment],
    simulated: Mapping[str, Any] | None,
) -> doc.Hypothesis:
    return doc.Hypothesis(
        id=row.id,
        rank=standing.get("rank"),
        position=row.position,
        title=row.title,
        statement=row.statement,
        origin=row.origin,
        clauses=[
            doc.Clause(
                kind=clause.kind,
                text=clause.text,
                evidence=[_evidence(rows, item) for item in clause.evidence],
            )
            for clause in row.clauses
        ],
        key_points=[doc.KeyPoint(name=point.name, role=point.role) for point in row.key_points],
        clusters=clusters,
        x=place.get("x"),
        y=place.get("y"),
        mean=standing.get("mean"),
        sd=standing.get("sd"),
        p_best=standing.get("p_best"),
        tested=standing.get("tested", 0),
        failed=standing.get("failed", 0),
        results=[
            doc.Result(
                sequence=experiment.sequence,
                score=result.score,
                sem=result.sem,
                status=result.status,
                cost=result.cost,
                source=result.source,
            )
            for experiment in experiments
            for result in experiment.results
        ],
        simulation=None
        if simulated is None
        else doc.Simulation(**{name: value for name, value in simulated.items() if name != "position"}),
        provenance=doc.Provenance(
            reasoner=row.reasoner, model=row.model, prompt_version=row.prompt_version, seed=row.seed
        ),
    )


def _evidence(rows: _Rows, item: Evidence) -> doc.Evidence:
    passage, paper = rows.cited[item.passage_id]
    return doc.Evidence(
        quote=item.quote,
        start=item.start,
        end=item.end,
        passage=passage.text,
        paper_title=paper.title,
        year=paper.year,
        doi=paper.doi,
        url=paper.url,
    )


def _trace(rows: _Rows) -> list[doc.TracePoint]:
    """Every result in the order of asking, with the best score so far."""
    title_of = {row.id: row.title for row in rows.hypotheses}
    best: float | None = None
    trace = []
    for experiment in rows.experiments:
        for result in experiment.results:
            if result.status == "withdrawn":
                continue
            if result.score is not None:
                best = result.score if best is None else max(best, result.score)
            trace.append(
                doc.TracePoint(
                    sequence=experiment.sequence,
                    hypothesis_id=experiment.hypothesis_id,
                    title=title_of[experiment.hypothesis_id],
                    score=result.score,
                    status=result.status,
                    best_so_far=best,
                )
            )
    return trace


def _costs(rows: _Rows) -> doc.Costs:
    totals = rows.totals
    return doc.Costs(
        calls=totals.calls,
        prompt_tokens=totals.prompt_tokens,
        completion_tokens=totals.completion_tokens,
        money=totals.cost,
        currency=rows.run.outcome.get("currency", ""),
        experiment_cost=sum(result.cost for row in rows.experiments for result in row.results),
        seconds=rows.run.outcome.get("seconds", {}),
    )


def version() -> str:
    """Of the installed distribution; a bare checkout has none."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unreleased"
