"""What the extractive reasoner makes of published problems: how many hypotheses, on what, and how fast.

``python -m bench.hypotheses PROBLEMS.json CORPUS.jsonl``. Each problem has a ``question``, a ``survey`` and
the titles of the papers that inspired its authors (``inspirations``). Everything counted is read back from
the database after a real run: distinct statements, hypotheses on two papers or more, quotes that stand in
their passages, and inspirations of the authors among the passages read and among those used.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from agents import service
from agents.plan import LaboratorySpec, Plan
from agents.report import RunDocument
from config import load_settings
from knowledge import open_library
from knowledge.dedup import title_key
from knowledge.library import Library
from records.database import Database
from records.repositories import Workspaces


@dataclass(frozen=True, slots=True)
class Row:
    """One problem."""

    hypotheses: int
    distinct: int
    two_papers: int
    """Hypotheses that quote two papers or more."""
    quotes: int
    verified: int
    wanted: int
    """Papers of the corpus that inspired the authors."""
    read: int
    """Of these, how many are among the passages retrieved."""
    used: int
    """Of these, how many a hypothesis quotes."""
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problems", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--hypotheses", type=int, default=24)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    asked = parser.parse_args()
    problems = json.loads(asked.problems.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as place:
        rows = measure(Path(place), problems, asked.corpus, asked.hypotheses)
    if asked.json:
        print(json.dumps({"problems": [asdict(row) for row in rows], **summary(rows)}))
    else:
        show(rows)


def measure(home: Path, problems: Sequence[Mapping[str, Any]], corpus: Path, count: int) -> list[Row]:
    """A run without a laboratory for each problem, in a database of its own."""
    settings = load_settings().model_copy(update={"data_dir": home, "database_url": None})
    database = Database(settings.database)
    database.migrate()
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create(settings.workspace).id
    plan = Plan(laboratory=LaboratorySpec(kind="none", label="none"), hypotheses=count)
    rows = []
    with open_library(settings, database, workspace_id) as library:
        paper_ids = library.ingest([corpus]).paper_ids
        for problem in problems:
            run_id = service.start_run(
                database, settings, workspace_id, problem["question"], problem["survey"], plan, paper_ids
            )
            started = time.perf_counter()
            service.continue_run(settings, run_id)
            seconds = time.perf_counter() - started
            document = service.build_document(database, workspace_id, run_id)
            rows.append(_row(problem, document, _read(library, problem, paper_ids, plan.passages), seconds))
    database.close()
    return rows


def _read(
    library: Library, problem: Mapping[str, Any], paper_ids: Sequence[str], passages: int
) -> frozenset[str]:
    """Title keys of the papers whose passages come first for the question."""
    hits = library.search(problem["question"], paper_ids=paper_ids, limit=passages)
    return frozenset(title_key(hit.title) for hit in hits)


def _row(problem: Mapping[str, Any], document: RunDocument, read: frozenset[str], seconds: float) -> Row:
    cited = [
        [evidence for clause in one.clauses for evidence in clause.evidence] for one in document.hypotheses
    ]
    quotes = [evidence for evidences in cited for evidence in evidences]
    papers = [{title_key(evidence.paper_title) for evidence in evidences} for evidences in cited]
    used = set[str]().union(*papers)
    wanted = {title_key(title) for title in problem["inspirations"]}
    return Row(
        hypotheses=len(document.hypotheses),
        distinct=len({one.statement for one in document.hypotheses}),
        two_papers=sum(len(titles) >= 2 for titles in papers),
        quotes=len(quotes),
        verified=sum(item.passage[item.start : item.end] == item.quote for item in quotes),
        wanted=len(wanted),
        read=len(wanted & read),
        used=len(wanted & used),
        seconds=seconds,
    )


def summary(rows: Sequence[Row]) -> dict[str, float]:
    wanted = sum(row.wanted for row in rows)
    return {
        "fewest_distinct": min(row.distinct for row in rows),
        "on_two_papers": sum(row.two_papers for row in rows) / sum(row.hypotheses for row in rows),
        "quotes_verified": sum(row.verified for row in rows) / sum(row.quotes for row in rows),
        "inspirations_read": sum(row.read for row in rows) / wanted,
        "inspirations_used": sum(row.used for row in rows) / wanted,
        "seconds_median": median(row.seconds for row in rows),
        "seconds_most": max(row.seconds for row in rows),
        "quotes_each": fmean(row.quotes / row.hypotheses for row in rows),
    }


def show(rows: Sequence[Row]) -> None:
    print("problem  distinct  two papers  quotes verified  inspirations: read used of  seconds")
    for number, row in enumerate(rows):
        print(
            f"{number:7d}  {row.distinct:8d}  {row.two_papers:10d}  {row.verified:6d} of {row.quotes:5d}"
            f"  {row.read:18d} {row.used:4d} {row.wanted:2d}  {row.seconds:7.1f}"
        )
    for name, value in summary(rows).items():
        print(f"{name:20s} {value:.3g}")


if __name__ == "__main__":
    main()
