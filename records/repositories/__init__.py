"""What can be asked of the tables: plain classes over a session, one a subject, that never commit.

A repository that is given a workspace finds only what belongs to it: in another's hands an id is unknown.
"""

from records.repositories.accounts import CallTotals, ModelCalls
from records.repositories.audit import Audit
from records.repositories.experiments import Experiments
from records.repositories.hypotheses import Category, Hypotheses
from records.repositories.jobs import Jobs
from records.repositories.papers import KnownPapers, Papers
from records.repositories.runs import Runs
from records.repositories.workspaces import Workspaces

__all__ = [
    "Audit",
    "CallTotals",
    "Category",
    "Experiments",
    "Hypotheses",
    "Jobs",
    "KnownPapers",
    "ModelCalls",
    "Papers",
    "Runs",
    "Workspaces",
]
