"""Functional categories that hypotheses share, and the map of hypotheses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from agents.clustering import Group, choose_names, group_key_points, hypothesis_map
from agents.context import Context
from agents.rows import key_points_of
from agents.state import State
from records.repositories import Category, Hypotheses, Runs


def cluster(context: Context, state: State) -> State:
    """Group the key points of all hypotheses, name the groups, and lay the hypotheses out in a plane."""
    with context.database.read() as session:
        rows = Hypotheses(session, context.workspace_id).of_run(context.run_id)
    groups = group_key_points([key_points_of(row) for row in rows], context.embedder)
    context.progress("Naming clusters", 0, len(groups))
    with ThreadPoolExecutor(context.calls_at_once) as pool:
        proposed = list(pool.map(lambda group: _name(context, group), groups))
    categories = [
        Category(
            name,
            tuple(dict.fromkeys(point.name for point in group.key_points)),
            {rows[position].id: weight for position, weight in group.weights.items()},
        )
        for name, group in zip(choose_names(proposed, groups), groups, strict=True)
    ]
    with context.database.write() as session:
        Hypotheses(session, context.workspace_id).replace_clusters(context.run_id, categories)
        Runs(session, context.workspace_id).set_outcome(context.run_id, {"map": _map(context)})
    context.progress("Naming clusters", len(groups), len(groups))
    return {}


def _name(context: Context, group: Group) -> str:
    """A role that all share is the name, as a table's column is; else the reasoner is asked."""
    roles = {point.role for point in group.key_points}
    if len(roles) == 1 and len(group.key_points) > 1 and (role := roles.pop()):
        return role[0].upper() + role[1:]
    return context.reasoner.name_cluster(group.key_points)


def _map(context: Context) -> list[dict[str, Any]]:
    pool = context.campaigns.pool()
    if not pool.candidates:
        return []
    plane = hypothesis_map(pool.vectors).round(6).tolist()
    return [{"position": position, "x": x, "y": y} for position, (x, y) in enumerate(plane)]
