"""``touchstone bench retrieval``: are the papers that inspired published work found?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import output, progress
from config import load_settings

if TYPE_CHECKING:
    from knowledge.search.benchmark import Found

OWN = "Touchstone"


def retrieval(
    corpus: Annotated[Path, typer.Option(help="Papers: JSON lines, BibTeX or RIS.", show_default=False)],
    problems: Annotated[
        Path, typer.Option(help="Published problems with their inspirations, as JSON.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for the papers that inspired published work, knowing only its question and survey.

    Of the papers that inspired: the share found within the first 20 %, 4 % and 0.8 % of the corpus, and the
    mean reciprocal rank; beside them, unless --json is given, what simpler ways find.
    """
    from knowledge.embedding import load_embedder
    from knowledge.search import benchmark as room

    asked = room.read_problems(problems)
    papers = room.read_corpus(corpus, asked)
    embedder = load_embedder(load_settings().embedding)
    with progress() as report:
        held = room.Corpus(papers, embedder, report)
        answers: dict[str, list[Found]] = {OWN: []}
        for number, problem in enumerate(asked):
            report("Searching", number, len(asked))
            ways = {OWN: held.inspiration(problem)} | ({} if as_json else held.rivals(problem))
            for name, places in ways.items():
                answers.setdefault(name, []).append(room.found(held, problem, places))
        report("Searching", len(asked), len(asked))
    summaries = {name: room.summary(found, len(papers)) for name, found in answers.items()}
    if as_json:
        taken = {name: room.taken(share, len(papers)) for name, share in room.SHARES.items()}
        print(json.dumps({**summaries[OWN], "papers": len(papers), "taken": taken}))
        return
    output.print(_problems(answers[OWN]))
    output.print(_ways(summaries, len(papers)))


def _problems(found: Sequence[Found]) -> Table:
    table = Table(title="Places of the inspirations", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("problem", justify="right", no_wrap=True)
    table.add_column("places", no_wrap=True)
    table.add_column("question", ratio=1, no_wrap=True, overflow="ellipsis")
    for answer in found:
        ranks = ", ".join(str(rank) for rank in answer.ranks)
        table.add_row(answer.problem.name, ranks, " ".join(answer.problem.question.split()))
    return table


def _ways(summaries: Mapping[str, Mapping[str, float]], papers: int) -> Table:
    from knowledge.search.benchmark import SHARES, taken

    title = f"Found within the first of {papers} papers, in percent"
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("")
    for share in SHARES.values():
        table.add_column(f"{100 * share:g} % ({taken(share, papers)})", justify="right", no_wrap=True)
    table.add_column("MRR", justify="right", no_wrap=True)
    for name, one in summaries.items():
        table.add_row(name, *(f"{one[key]:.1f}" for key in SHARES), f"{one['mrr']:.3f}")
    return table
