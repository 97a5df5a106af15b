"""``touchstone demo``: a published question, its literature and a hidden answer, in under a minute."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from agents.requests import read_laboratory, read_text
from cli.console import errors
from cli.results import check_folder
from cli.run import finish, make_plan, start
from cli.session import session
from config import load_settings
from records.errors import BadInput

CONTENT = Path(__file__).resolve().parents[1] / "demo"
REACTIONS = "Which conditions give the highest yield in palladium-catalysed direct arylation?"


def demo(
    reactions: Annotated[
        bool, typer.Option("--reactions", help="Rank 1,728 measured reactions by their yields instead.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed gives other noise.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("."),
) -> None:
    """Show the whole way on content that comes with Touchstone, in a database that is thrown away."""
    if not CONTENT.is_dir():
        raise BadInput(
            "no_demo", f"{CONTENT} is missing: the demo runs from a clone of the repository, with make demo."
        )
    folder = check_folder(out)
    if reactions:
        question, survey, corpus = REACTIONS, "", []
        lab, budget = f"recorded:{CONTENT / 'reactions' / 'direct_arylation.csv'}:yield", 30
    else:
        asked = json.loads(read_text(CONTENT / "question.json", "demo's question"))
        question, survey, corpus = asked["question"], asked["survey"], [CONTENT / "literature.jsonl"]
        lab, budget = f"simulated:{CONTENT / 'ground_truth.json'}", 12
    plan = make_plan(read_laboratory(lab), "extractive", 24, budget, seed)
    errors.print(question, style="bold", markup=False, highlight=False)
    with tempfile.TemporaryDirectory(prefix="touchstone-demo-") as place:
        settings = load_settings().model_copy(update={"data_dir": Path(place), "database_url": None})
        with session(settings) as opened:
            run_id = start(opened, question, survey, plan, corpus)
            name = "demo-reactions" if reactions else "demo"
            finish(opened, run_id, folder, (f"{name}-report.html", f"{name}-run.json"))
