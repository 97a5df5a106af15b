"""Near-duplicate hypotheses become one: the better evidenced of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.drafts import Draft
from knowledge.embedding import Embedder

NEAR = 0.95
"""Cosine of two statements from which on they say the same; unlike hypotheses of one question reach 0.9."""


def merge(drafts: Sequence[Draft], embedder: Embedder, *, near: float = NEAR) -> list[Draft]:
    """The drafts without near-duplicates, in their order; of each group the one with the most evidence stays.

    Two are duplicates if their statements' embeddings are as near as ``near``, or if they make the same
    proposal from the same inspirations. The survivor takes the place of the first of its group.
    """
    if not drafts:
        return []
    vectors = embedder.embed([draft.statement for draft in drafts])
    groups: list[list[int]] = []
    for index, draft in enumerate(drafts):
        for group in groups:
            # Compared with the group's first alone: chains of small steps must not swallow what lies far off.
            first = group[0]
            if float(vectors[index] @ vectors[first]) >= near or _essence(draft) == _essence(drafts[first]):
                group.append(index)
                break
        else:
            groups.append([index])
    return [drafts[min(group, key=lambda index: (-_evidence(drafts[index]), index))] for group in groups]


def _essence(draft: Draft) -> tuple[frozenset[str], str]:
    proposals = " ".join(clause.text for clause in draft.clauses if clause.kind == "proposal")
    return frozenset(draft.inspirations), " ".join(re.findall(r"\w+", proposals.casefold()))


def _evidence(draft: Draft) -> int:
    return len(
        {(item.passage_id, item.start, item.end) for clause in draft.clauses for item in clause.evidence}
    )
