"""``touchstone run`` and ``touchstone result``: a question, all the way to its ranked list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agents.plan import LaboratorySpec, Plan
from agents.requests import read_laboratory, read_text
from cli.console import errors, output, progress, show_left_out, show_ranking
from cli.results import check_folder, write_results
from cli.session import Session, library, session
from config import load_settings
from records.errors import BadInput


def run(
    question: Annotated[str | None, typer.Argument(help="The research question.", show_default=False)] = None,
    corpus: Annotated[
        list[Path] | None, typer.Option(help="Papers: JSON lines, BibTeX, RIS or PDF. Repeatable.")
    ] = None,
    survey: Annotated[Path | None, typer.Option(help="Text file: what the field has tried so far.")] = None,
    lab: Annotated[
        str, typer.Option(help="simulated:FILE, recorded:TABLE.csv:COLUMN, human, or none.")
    ] = "none",
    reasoner: Annotated[str, typer.Option(help="extractive (no language model) or llm.")] = "extractive",
    hypotheses: Annotated[int, typer.Option(help="How many to propose.")] = 24,
    budget: Annotated[int, typer.Option(help="Experiments that may be done.")] = 10,
    seed: Annotated[int, typer.Option(help="Another seed explores other pairs and other noise.")] = 0,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="Go on with this run instead.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for report.html and run.json.")] = Path("out"),
) -> None:
    """Take a question through the literature to hypotheses, and rank them by experiments."""
    if resume is not None and question is not None:
        raise BadInput("resume_or_new", "Give a question or --resume RUN, not both.")
    folder = check_folder(out)
    if resume is not None:
        with session() as opened:
            finish(opened, resume, folder)
        return
    plan = make_plan(read_laboratory(lab), reasoner, hypotheses, budget, seed)
    background = read_text(survey, "survey") if survey is not None else ""
    settings = load_settings()
    from agents.preflight import check_request

    check_request(settings, question or "", background, plan)
    with session(settings) as opened:
        run_id = start(opened, question or "", background, plan, corpus or [])
        finish(opened, run_id, folder)


def make_plan(laboratory: LaboratorySpec, reasoner: str, hypotheses: int, budget: int, seed: int) -> Plan:
    """The plan, or one line that names the option that is out of range."""
    if reasoner not in ("extractive", "llm"):
        raise BadInput("unknown_reasoner", f"There is no reasoner '{reasoner}': use extractive or llm.")
    if not 1 <= budget <= 10_000:
        raise BadInput(
            "bad_budget",
            f"--budget is {budget}; it should be 1 to 10000 experiments (for none, use --lab none).",
        )
    if not 2 <= hypotheses <= 500:
        raise BadInput("bad_count", f"--hypotheses is {hypotheses}; it should be 2 to 500.")
    return Plan(
        reasoner="llm" if reasoner == "llm" else "extractive",
        laboratory=laboratory,
        hypotheses=hypotheses,
        budget=budget,
        seed=seed,
    )


def start(opened: Session, question: str, survey: str, plan: Plan, corpus: list[Path]) -> str:
    """Read the corpus in, or take the whole library where none is named, and make the run."""
    paper_ids: tuple[str, ...] = ()
    if corpus or plan.laboratory.kind != "recorded":
        with library(opened) as papers, progress() as report:
            if corpus:
                ingested = papers.ingest(corpus, report, at_least=2)
                paper_ids = ingested.paper_ids
                show_left_out(ingested.broken)
            else:
                paper_ids = tuple(papers.paper_ids())
    from agents import service

    run_id = service.start_run(
        opened.database, opened.settings, opened.workspace_id, question, survey, plan, paper_ids
    )
    errors.print(
        f"Run {run_id} (if it is cut off: touchstone run --resume {run_id})", highlight=False, soft_wrap=True
    )
    return run_id


def finish(
    opened: Session, run_id: str, folder: Path, names: tuple[str, str] = ("report.html", "run.json")
) -> None:
    """Walk the run to its end, or to where it waits for a person, and write what there is."""
    from agents import service
    from agents.measurements import waiting

    with progress() as report:
        state = service.continue_run(opened.settings, run_id, progress=report)
    document = service.build_document(opened.database, opened.workspace_id, run_id)
    show_ranking(document)
    report_name, data_name = names
    path = write_results(document, folder, report=report_name, data=data_name)
    output.print(f"{path} and {folder / data_name} are written.", highlight=False, soft_wrap=True)
    if state == "waiting":
        output.print("The run waits for results. Enter one, then resume:")
        for experiment in waiting(opened.database, opened.workspace_id, run_id):
            output.print(
                f"  touchstone result {experiment.experiment_id} --score VALUE   # {experiment.title}",
                markup=False,
                soft_wrap=True,
            )
        output.print(f"  touchstone run --resume {run_id}", markup=False, soft_wrap=True)


def result(
    experiment: Annotated[
        str, typer.Argument(help="The experiment's id, as the waiting run names it.", show_default=False)
    ],
    score: Annotated[float | None, typer.Option(help="The measured value; higher is better.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="It was tried and gave no value.")] = False,
    sem: Annotated[float | None, typer.Option(min=0, help="Standard error of the value.")] = None,
    unit: Annotated[str, typer.Option(help="Of the value.")] = "",
    cost: Annotated[float, typer.Option(min=0, help="What the experiment cost.")] = 0.0,
    by: Annotated[str, typer.Option(help="Who measured it.")] = "chemist",
    note: Annotated[str, typer.Option(help="Anything worth keeping.")] = "",
) -> None:
    """Enter what an experiment of a human laboratory gave."""
    if (score is None) != failed:
        raise BadInput("score_or_failed", "Give either --score VALUE or --failed.")
    from agents.measurements import enter_result

    with session() as opened:
        enter_result(
            opened.database,
            opened.workspace_id,
            experiment,
            score=score,
            sem=sem,
            unit=unit,
            cost=cost,
            source=by,
            note=note,
        )
    output.print("Kept.")
