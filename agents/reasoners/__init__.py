"""Who thinks of hypotheses: one protocol (agents.drafts.Reasoner), and what satisfies it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agents.drafts import Reasoner
from config import ReasonerSettings
from records.errors import BadInput

if TYPE_CHECKING:
    from knowledge.embedding import Embedder
    from records.database import Database


def make_reasoner(
    name: str,
    settings: ReasonerSettings,
    *,
    embedder: Embedder,
    database: Database,
    run_id: str,
    note: Callable[[str], None],
) -> Reasoner:
    """The reasoner of one run (BadInput for an unknown name, or a model that does not answer)."""
    if name == "extractive":
        from agents.reasoners.extractive import ExtractiveReasoner

        return ExtractiveReasoner(embedder)
    if name == "llm":
        # Imported here: the client takes half a second to load, and most runs have no model.
        from agents.llm.client import ChatClient
        from agents.llm.ledger import Ledger
        from agents.reasoners.llm import LlmReasoner

        client = ChatClient(settings)
        reasoner = LlmReasoner(client, Ledger(database, run_id, client), note)
        reasoner.check()
        return reasoner
    raise BadInput("unknown_reasoner", f"there is no reasoner {name!r}; take extractive or llm")
