"""Start a run, continue it, and look at what came of it: what the command line and the workers call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from knowledge.embedding import Embedder, load_embedder
from knowledge.index import open_index
from knowledge.library import Library

from agents.campaigns import Campaigns
from agents.checkpoints import open_checkpoints
from agents.context import Context, Progress
from agents.documents import build_document
from agents.graph import build_graph
from agents.laboratories import make_laboratory
from agents.locks import sole_holder
from agents.plan import Plan
from agents.preflight import check_corpus, check_request
from agents.reasoners import make_reasoner
from agents.rows import brief_of
from agents.standings import standings
from config import Settings
from records.database import Database
from records.errors import NotFound, TouchstoneError
from records.repositories import Runs, Workspaces
from records.repositories.runs import RunState

__all__ = ["build_document", "check_request", "continue_run", "start_run"]

LLM_CALLS_AT_ONCE = 4


def start_run(
    database: Database,
    settings: Settings,
    workspace_id: str,
    question: str,
    survey: str,
    plan: Plan,
    paper_ids: Sequence[str],
) -> str:
    """Put a run down, in state ``created``; its id. Raises BadInput, and then nothing is kept."""
    check_corpus(plan, paper_ids)
    check_request(settings, question, survey, plan)
    with database.write() as session:
        row = Runs(session, workspace_id).create(
            question.strip(), survey.strip(), plan.model_dump(mode="json"), paper_ids
        )
    return row.id


def continue_run(settings: Settings, run_id: str, *, progress: Progress | None = None) -> str:
    """Take a run from its last checkpoint as far as it goes: its state then (done, stopped or waiting).

    Raises BadInput ``run_busy`` while another process does the same, NotFound, and whatever stops the run,
    which can then be continued by calling this again.
    """
    database = Database(settings.database)
    try:
        database.migrate()
        request = _load(database, settings, run_id)
        with sole_holder(settings, run_id):
            return _continue(database, settings, request, progress or _silent)
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class _Request:
    """What is known of a run before anything heavy is loaded."""

    run_id: str
    workspace_id: str
    plan: Plan
    paper_ids: tuple[str, ...]


def _load(database: Database, settings: Settings, run_id: str) -> _Request:
    with database.read() as session:
        workspace = Workspaces(session).find(settings.workspace)
        if workspace is None:
            raise NotFound("run_not_found", f"there is no run {run_id}: the workspace is empty")
        runs = Runs(session, workspace.id)
        plan = Plan.model_validate(runs.get(run_id).plan)
        return _Request(run_id, workspace.id, plan, tuple(runs.paper_ids(run_id)))


def _continue(database: Database, settings: Settings, request: _Request, progress: Progress) -> str:
    run_id = request.run_id
    with database.read() as session:
        state = Runs(session, request.workspace_id).get(run_id).state
    if state in ("done", "stopped"):
        return state
    with _context(database, settings, request, progress) as context, open_checkpoints(settings) as saver:
        graph = build_graph(context, saver)
        config = {
            "configurable": {"thread_id": run_id},
            # Two steps an experiment, and a third where a person's results come one by one.
            "recursion_limit": 3 * context.plan.budget + 20,
        }
        begun = graph.get_state(config).created_at is not None
        _set_state(context, "running")
        try:
            graph.invoke(None if begun else {"notes": []}, config, durability="sync")
        except TouchstoneError:
            _set_state(context, "failed")
            raise
        if graph.get_state(config).next:
            return _wait(context)
    with database.read() as session:
        return Runs(session, request.workspace_id).get(run_id).state


@contextmanager
def _context(
    database: Database, settings: Settings, request: _Request, progress: Progress
) -> Iterator[Context]:
    plan = request.plan
    remarks: list[str] = []
    embedder = load_embedder(settings.embedding)
    reasoner = make_reasoner(
        plan.reasoner,
        settings.reasoner,
        embedder=embedder,
        database=database,
        run_id=request.run_id,
        note=remarks.append,
    )
    with database.write() as session:
        runs = Runs(session, request.workspace_id)
        brief = brief_of(runs.question(request.run_id))
        made_by = {
            "reasoner": reasoner.name,
            "model": reasoner.model,
            "prompt_version": reasoner.prompt_version,
        }
        runs.set_outcome(request.run_id, {**made_by, "currency": settings.reasoner.currency})
    with _library(database, settings, request, embedder) as library:
        yield Context(
            run_id=request.run_id,
            workspace_id=request.workspace_id,
            brief=brief,
            plan=plan,
            paper_ids=request.paper_ids,
            database=database,
            library=library,
            embedder=embedder,
            reasoner=reasoner,
            laboratory=make_laboratory(plan.laboratory, embedder, plan.seed),
            campaigns=Campaigns(database, request.workspace_id, request.run_id, plan, embedder),
            progress=progress,
            calls_at_once=LLM_CALLS_AT_ONCE if plan.reasoner == "llm" else 1,
            remarks=remarks,
        )


@contextmanager
def _library(
    database: Database, settings: Settings, request: _Request, embedder: Embedder
) -> Iterator[Library | None]:
    if not request.paper_ids:
        yield None  # no index is started for a table alone
        return
    with open_index(settings.index, settings.data_dir) as index:
        yield Library(database, request.workspace_id, embedder, index)


def _wait(context: Context) -> str:
    """The graph stands before a person's measurement: keep where the candidates stand meanwhile."""
    outcome = standings(context)
    with context.database.write() as session:
        runs = Runs(session, context.workspace_id)
        runs.set_outcome(context.run_id, outcome)
        runs.set_state(context.run_id, "waiting")
    return "waiting"


def _set_state(context: Context, state: RunState) -> None:
    with context.database.write() as session:
        Runs(session, context.workspace_id).set_state(context.run_id, state)


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
