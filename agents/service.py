"""Start a run, continue it, and look at what came of it: what the command line and the workers call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from agents.campaigns import Campaigns
from agents.context import Context, Progress
from agents.documents import build_document
from agents.laboratories import make_laboratory
from agents.locks import sole_holder
from agents.plan import Plan
from agents.preflight import check_corpus, check_request
from agents.reasoners import make_reasoner
from agents.rows import brief_of
from agents.standings import standings
from agents.walk import walk
from agents.whatif import comparisons
from config import ReasonerSettings, Settings
from knowledge import open_library
from knowledge.embedding import Embedder, load_embedder
from knowledge.library import Library
from records.database import Database
from records.errors import NotFound
from records.repositories import RunEvents, Runs, Workspaces
from records.repositories.runs import RunState

__all__ = ["build_document", "check_request", "continue_run", "make_context", "rerank", "start_run"]

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


def continue_run(settings: Settings, run_id: str, *, progress: Progress | None = None) -> RunState:
    """Take a run of the settings' workspace as far as it goes: its state then.

    One that is paused stays so until its state is set to another; a cancelled one stays as it is.

    Raises BadInput ``run_busy`` while another process does the same, NotFound, and whatever stops the run,
    which can then be continued by calling this again.
    """
    database = Database(settings.database)
    try:
        database.migrate()
        workspace_id = _workspace_of(database, settings, run_id)
        with sole_holder(settings, run_id):
            with database.read() as session:
                state: RunState = Runs(session, workspace_id).get(run_id).state  # type: ignore[assignment]
            if state in ("done", "stopped", "paused", "cancelled"):
                return state
            with open_context(database, settings, workspace_id, run_id, progress or _silent) as context:
                return walk(context, settings)
    finally:
        database.close()


def rerank(settings: Settings, run_id: str) -> None:
    """Rank a run's candidates again with every result there is; nothing is proposed, asked for or measured.

    Raises BadInput ``run_busy`` while another process is at the run, NotFound.
    """
    database = Database(settings.database)
    try:
        database.migrate()
        workspace_id = _workspace_of(database, settings, run_id)
        embedder = load_embedder(settings.embedding)
        with sole_holder(settings, run_id):
            context = make_context(database, settings, workspace_id, run_id, _silent, embedder, None)
            outcome = standings(context) | comparisons(context)
            with database.write() as session:
                Runs(session, workspace_id).set_outcome(run_id, outcome)
                RunEvents(session, workspace_id).add(run_id, "ranking", {})
    finally:
        database.close()


@contextmanager
def open_context(
    database: Database, settings: Settings, workspace_id: str, run_id: str, progress: Progress
) -> Iterator[Context]:
    """All that the run's nodes use; models are loaded and the index is opened here."""
    embedder = load_embedder(settings.embedding)
    with database.read() as session:
        runs = Runs(session, workspace_id)
        has_corpus = bool(runs.paper_ids(run_id)) and runs.get(run_id).plan.get("hypotheses") != 0
    with ExitStack() as stack:
        # No index is started for a table alone.
        library = stack.enter_context(open_library(settings, database, workspace_id)) if has_corpus else None
        yield make_context(database, settings, workspace_id, run_id, progress, embedder, library)


def make_context(
    database: Database,
    settings: Settings,
    workspace_id: str,
    run_id: str,
    progress: Progress,
    embedder: Embedder,
    library: Library | None,
) -> Context:
    """The run's context from its plan and what is open already (BadInput for a model that is silent)."""
    with database.read() as session:
        runs = Runs(session, workspace_id)
        plan = Plan.model_validate(runs.get(run_id).plan)
        brief = brief_of(runs.question(run_id))
        paper_ids = tuple(runs.paper_ids(run_id))
    remarks: list[str] = []
    reasoner = make_reasoner(
        plan.reasoner,
        _within(settings.reasoner, plan),
        embedder=embedder,
        database=database,
        run_id=run_id,
        note=remarks.append,
    )
    return Context(
        run_id=run_id,
        workspace_id=workspace_id,
        brief=brief,
        plan=plan,
        paper_ids=paper_ids,
        database=database,
        library=library,
        embedder=embedder,
        reasoner=reasoner,
        laboratory=make_laboratory(plan.laboratory, embedder, plan.seed),
        campaigns=Campaigns(database, workspace_id, run_id, plan, embedder),
        progress=progress,
        currency=settings.reasoner.currency,
        calls_at_once=LLM_CALLS_AT_ONCE if plan.reasoner == "llm" else 1,
        remarks=remarks,
    )


def _within(settings: ReasonerSettings, plan: Plan) -> ReasonerSettings:
    """The settings with the lower one of their budgets and the plan's."""
    tokens = [most for most in (settings.token_budget, plan.token_budget) if most is not None]
    money = [most for most in (settings.money_budget, plan.money_budget) if most is not None]
    return settings.model_copy(
        update={"token_budget": min(tokens, default=None), "money_budget": min(money, default=None)}
    )


def _workspace_of(database: Database, settings: Settings, run_id: str) -> str:
    with database.read() as session:
        workspace = Workspaces(session).find(settings.workspace)
        if workspace is None:
            raise NotFound("run_not_found", f"there is no run {run_id}: nothing has been kept yet")
        return Runs(session, workspace.id).get(run_id).workspace_id


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
