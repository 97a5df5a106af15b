"""A language model's judge for a benchmark, with its answers in a database that goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agents.judging import ModelJudge
from agents.llm.client import ChatClient
from agents.llm.ledger import Ledger
from config import ReasonerSettings
from records.database import Database
from records.repositories import Runs, Workspaces


@contextmanager
def model_judge(settings: ReasonerSettings) -> Iterator[ModelJudge]:
    """BadInput ``model_unreachable`` before anything is asked."""
    client = ChatClient(settings)
    client.check()
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as place:
        database = Database(f"sqlite:///{Path(place) / 'touchstone.db'}")
        try:
            database.migrate()
            with database.write() as session:
                workspace_id = Workspaces(session).get_or_create("bench").id
                run_id = Runs(session, workspace_id).create("How good is the judge?", "", {}, []).id
            yield ModelJudge(Ledger(database, run_id, client))
        finally:
            database.close()
