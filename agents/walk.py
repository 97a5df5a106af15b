"""One run taken through the graph, from its last checkpoint as far as it goes."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from agents.checkpoints import open_checkpoints
from agents.context import Context
from agents.graph import build_graph
from agents.halting import Halted
from agents.standings import standings
from agents.state import State
from config import Settings
from records.errors import TouchstoneError
from records.repositories import RunControl, Runs
from records.repositories.runs import RunState


def walk(context: Context, settings: Settings) -> RunState:
    """Go on until the run is done, stopped, waits for a person, or is told to pause or to end.

    Whatever is raised on the way leaves the last checkpoint as it was: called again, the run goes on from
    there.
    """
    with open_checkpoints(settings) as saver:
        graph = build_graph(context, saver)
        config = RunnableConfig(
            configurable={"thread_id": context.run_id},
            # Two steps an experiment, and more where a person's results come one by one.
            recursion_limit=3 * context.plan.experiments + 20,
        )
        begun = graph.get_state(config).created_at is not None
        if (state := _begin(context)) != "running":
            return state
        try:
            graph.invoke(None if begun else State(notes=[]), config, durability="sync")
        except Halted as halted:
            return halted.state
        except TouchstoneError:
            _set_state(context, "failed")
            raise
        if graph.get_state(config).next:
            return _wait(context)
    return "done" if context.campaigns.pool().candidates else "stopped"


def _begin(context: Context) -> RunState:
    reasoner = context.reasoner
    made_by = {
        "reasoner": reasoner.name,
        "model": reasoner.model,
        "prompt_version": reasoner.prompt_version,
        "policy": context.campaigns.policy,
        "currency": context.currency,
    }
    with context.database.write() as session:
        runs = Runs(session, context.workspace_id)
        state = runs.begin(context.run_id)
        runs.set_outcome(context.run_id, made_by)
    return state


def _wait(context: Context) -> RunState:
    """The graph stands before a person's measurement: keep where the candidates stand meanwhile."""
    outcome = standings(context)
    with context.database.write() as session:
        runs = Runs(session, context.workspace_id)
        runs.set_outcome(context.run_id, outcome)
        if halted := RunControl(session, context.workspace_id).obey(context.run_id):
            return halted
        runs.set_state(context.run_id, "waiting")
    return "waiting"


def _set_state(context: Context, state: RunState) -> None:
    with context.database.write() as session:
        Runs(session, context.workspace_id).set_state(context.run_id, state)
