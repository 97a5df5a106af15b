"""The way of a question as a graph: a checkpoint after every node, an interrupt where a person measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from agents import nodes
from agents.context import Context
from agents.halting import Halted
from agents.state import State
from records.errors import Failure
from records.repositories import RunControl, Runs

Node = Callable[[Context, State], State]

STEPS: tuple[Node, ...] = (
    nodes.retrieve,
    nodes.propose,
    nodes.decompose,
    nodes.cluster,
    nodes.recall,
    nodes.recommend,
    nodes.measure,
    nodes.conclude,
)


def build_graph(
    context: Context, saver: BaseCheckpointSaver[Any]
) -> CompiledStateGraph[State, None, State, State]:
    """The graph of one run; its thread id is the run's id."""
    graph = StateGraph(State)
    for node in STEPS:
        graph.add_node(node.__name__, _timed(context, node), retry_policy=RETRY)
    graph.add_conditional_edges(START, lambda _: "retrieve" if _reads(context) else "propose")
    graph.add_edge("retrieve", "propose")
    graph.add_edge("propose", "decompose")
    graph.add_edge("decompose", "cluster")
    graph.add_edge("cluster", "recall")
    graph.add_conditional_edges("recall", lambda state: _begin(context, state), ["recommend", "conclude"])
    graph.add_conditional_edges("recommend", _after_recommend, ["measure", "conclude"])
    graph.add_conditional_edges(
        "measure", lambda state: _after_measure(context, state), ["recommend", "measure", "conclude"]
    )
    graph.add_edge("conclude", END)
    return graph.compile(checkpointer=saver)


def _reads(context: Context) -> bool:
    return bool(context.paper_ids) and context.plan.hypotheses > 0


def _begin(context: Context, state: State) -> str:
    return "recommend" if context.laboratory is not None and state["hypotheses"] else "conclude"


def _after_recommend(state: State) -> str:
    return "conclude" if state["exhausted"] and not state["pending"] else "measure"


def _after_measure(context: Context, state: State) -> str:
    if state["experiments"] < context.plan.experiments and not state["exhausted"]:
        return "recommend"
    return "measure" if state["pending"] else "conclude"


def _passing(error: Exception) -> bool:
    # Said outright, because the library's default also retries what a second try cannot mend. The model's
    # client has retries of its own.
    return isinstance(error, Failure) and error.code in {"database_busy", "database_unreachable"}


RETRY = RetryPolicy(max_attempts=3, retry_on=_passing)


def _timed(context: Context, node: Node) -> Any:  # langgraph keeps its type for nodes to itself
    """The node, with its time and the reasoner's remarks kept in the state and in the run's row.

    Raises Halted, with nothing done, where somebody wants the run to pause or to end.
    """

    def run(state: State) -> State:
        _obey(context)
        context.remarks.clear()
        started = time.perf_counter()
        update = node(context, state)
        seconds = dict(state.get("seconds", {}))
        seconds[node.__name__] = seconds.get(node.__name__, 0.0) + time.perf_counter() - started
        said = sorted(context.remarks)  # threads speak in any order
        notes = list(dict.fromkeys([*update.get("notes", state.get("notes", [])), *said]))
        with context.database.write() as session:
            runs = Runs(session, context.workspace_id)
            runs.set_stage(context.run_id, node.__name__)
            runs.set_outcome(context.run_id, {"seconds": seconds, "notes": notes})
        return {**update, "seconds": seconds, "notes": notes}

    return run


def _obey(context: Context) -> None:
    with context.database.read() as session:
        wish = Runs(session, context.workspace_id).get(context.run_id).control
    if not wish:
        return
    with context.database.write() as session:
        halted = RunControl(session, context.workspace_id).obey(context.run_id)
    if halted is not None:
        raise Halted(halted)
