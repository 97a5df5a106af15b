"""A little content that several tests start from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from records.database import Database
from records.models import Clause, Evidence, Hypothesis, Inspiration, KeyPoint, Paper, Passage
from records.repositories import Hypotheses, Papers, Runs, Workspaces


@dataclass(frozen=True, slots=True)
class Content:
    paper_id: str
    passage_ids: tuple[str, ...]
    run_id: str
    hypothesis_ids: tuple[str, ...]


def paper(title: str, doi: str | None = None) -> Paper:
    return Paper(title=title, title_key=title.lower(), doi=doi, abstract="", source="notes.jsonl")


def hypothesis(title: str, passage_id: str) -> Hypothesis:
    quote = Evidence(passage_id=passage_id, quote="salts", start=8, end=13)
    return Hypothesis(
        title=title,
        statement=f"{title} widens the thermopower.",
        reasoner="extractive",
        clauses=[
            Clause(kind="proposal", text=title, evidence=[quote]),
            Clause(kind="prediction", text="higher"),
        ],
        key_points=[KeyPoint(name="guanidinium", role="crystallises ferrocyanide")],
        inspirations=[Inspiration(passage_id=passage_id)],
    )


@pytest.fixture
def content(database: Database, workspace_id: str) -> Content:
    """A run on one paper of two passages, with three hypotheses."""
    with database.write() as session:
        papers = Papers(session, workspace_id)
        paper_id = papers.add(paper("Thermocells"), [Passage(text="Organic salts"), Passage(text="Gels")])
        passage_ids = tuple(passage.id for passage in papers.passages([paper_id]))
        run = Runs(session, workspace_id).create("How?", "So far: salts.", {"budget": 3}, [paper_id])
        rows = [hypothesis(title, passage_ids[0]) for title in ("Guanidine", "Urea", "Gelatin")]
        hypothesis_ids = tuple(Hypotheses(session, workspace_id).replace(run.id, rows))
    return Content(paper_id, passage_ids, run.id, hypothesis_ids)


@pytest.fixture
def stranger_id(database: Database) -> str:
    """Another tenant's workspace."""
    with database.write() as session:
        return Workspaces(session).get_or_create("somebody else").id
