"""What the terminal shows: progress while work is done, and tables of what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from agents.report import RunDocument
    from knowledge.parsing import BrokenEntry

output = Console()
errors = Console(stderr=True)

Report = Callable[[str, int, int], None]


@contextmanager
def progress() -> Iterator[Report]:
    """A function ``(stage, done, total)`` that draws a bar for each stage, or without a terminal a line."""
    if not errors.is_terminal:
        yield _lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=False) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            task = tasks.get(stage)
            if task is None:
                task = tasks[stage] = bars.add_task(stage, total=total)
            bars.update(task, completed=done, total=total)

        yield report


def _lines() -> Report:
    seen: set[str] = set()

    def report(stage: str, done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            errors.print(f"{stage} …", markup=False, highlight=False)

    return report


def show_ranking(document: RunDocument, limit: int = 12) -> None:
    """The ranked hypotheses, best first."""
    if not document.hypotheses:
        output.print(
            "There is nothing to rank.", *document.notes, markup=False, highlight=False, soft_wrap=True
        )
        return
    table = Table(title=document.question.text, title_justify="left", show_edge=False, pad_edge=False)
    for name in ("", "mean", "sd", "P(best)", "tests"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("hypothesis", ratio=1)
    ranked = sorted(document.hypotheses, key=lambda hypothesis: (hypothesis.rank, hypothesis.position))
    for hypothesis in ranked[:limit]:
        table.add_row(
            str(hypothesis.rank),
            _figure(hypothesis.mean),
            _figure(hypothesis.sd),
            "" if hypothesis.p_best is None else f"{hypothesis.p_best:.0%}",
            str(hypothesis.tested)
            if not hypothesis.failed
            else f"{hypothesis.tested} ({hypothesis.failed} failed)",
            hypothesis.title,
        )
    output.print(table)
    if len(ranked) > limit:
        output.print(f"and {len(ranked) - limit} more in the report", style="dim")


def show_left_out(broken: Iterable[BrokenEntry]) -> None:
    """The entries of a corpus that could not be used, a line each."""
    for one in broken:
        line = f"Left out: {one.entry} in {one.file}: {one.reason}"
        errors.print(line, style="bold red", markup=False, highlight=False, soft_wrap=True)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
