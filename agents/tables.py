"""A run's document as tables for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from agents.report.document import Hypothesis, Result, RunDocument

RANKING = (
    *("rank", "id", "title", "statement", "origin", "mean", "sd", "p_best", "tested", "failed", "results"),
    *("key_points", "clusters", "citations", "reasoner", "model", "prompt_version", "seed"),
)
RESULTS = ("sequence", "hypothesis_id", "title", "status", "score", "sem", "cost", "source")

Cell = str | int | float | None


def ranking_csv(document: RunDocument) -> str:
    """Every hypothesis, best first; what is several things is separated by semicolons."""
    names = {cluster.id: cluster.name for cluster in document.clusters}
    return _csv(RANKING, (_ranked(one, names) for one in document.hypotheses))


def results_csv(document: RunDocument) -> str:
    """Every result in the order of asking, withdrawn ones too."""
    told = [(result, one) for one in document.hypotheses for result in one.results]
    told.sort(key=lambda pair: pair[0].sequence)
    return _csv(RESULTS, (_measured(result, one) for result, one in told))


def _measured(result: Result, one: Hypothesis) -> Sequence[Cell]:
    measured = result.score, result.sem, result.cost, result.source
    return result.sequence, one.id, one.title, result.status, *measured


def _ranked(one: Hypothesis, names: dict[str, str]) -> Sequence[Cell]:
    quoted = dict.fromkeys(
        f"{item.paper_title} ({item.doi or item.year or 'no year'})"
        for clause in one.clauses
        for item in clause.evidence
    )
    results = (
        result.status if result.score is None else f"{result.score:g}"
        for result in one.results
        if result.status != "withdrawn"
    )
    made = one.provenance
    return (
        *(one.rank, one.id, one.title, one.statement, one.origin, one.mean, one.sd, one.p_best),
        *(one.tested, one.failed, "; ".join(results)),
        "; ".join(f"{point.name} ({point.role})" if point.role else point.name for point in one.key_points),
        "; ".join(names[share.id] for share in one.clusters),
        "; ".join(quoted),
        *(made.reasoner, made.model, made.prompt_version, made.seed),
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: Cell) -> Cell:
    """A text that a spreadsheet would run as a formula is marked as text; it may come from a paper."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell
