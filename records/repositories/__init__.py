"""What can be asked of the tables: plain classes over a session, one a subject, that never commit.

A repository that is given a workspace finds only what belongs to it: in another's hands an id is unknown.
"""

from records.repositories.accounts import CallTotals, ModelCalls
from records.repositories.answers import Answers
from records.repositories.audit import Audit
from records.repositories.batches import Batches, Handed
from records.repositories.collections import Collections
from records.repositories.control import RunControl
from records.repositories.events import RunEvents
from records.repositories.experiments import Experiments
from records.repositories.failures import Failed, Failures
from records.repositories.feeds import Feeds
from records.repositories.files import Files
from records.repositories.generations import Generations
from records.repositories.hypotheses import Category, Hypotheses
from records.repositories.jobs import Jobs
from records.repositories.judging import Judging
from records.repositories.known_papers import KnownPapers
from records.repositories.novelty import Novelties
from records.repositories.own_jobs import OwnJobs
from records.repositories.papers import PaperFilter, Papers
from records.repositories.remarks import Remarks
from records.repositories.reviews import Reviews
from records.repositories.runs import Runs
from records.repositories.searchable import Filters, Searchable, Searched
from records.repositories.topics import Topics
from records.repositories.vectors import Vectors
from records.repositories.workspaces import Workspaces

__all__ = [
    "Answers",
    "Audit",
    "Batches",
    "CallTotals",
    "Category",
    "Collections",
    "Experiments",
    "Failed",
    "Failures",
    "Feeds",
    "Files",
    "Filters",
    "Generations",
    "Handed",
    "Hypotheses",
    "Jobs",
    "Judging",
    "KnownPapers",
    "ModelCalls",
    "Novelties",
    "OwnJobs",
    "PaperFilter",
    "Papers",
    "Remarks",
    "Reviews",
    "RunControl",
    "RunEvents",
    "Runs",
    "Searchable",
    "Searched",
    "Topics",
    "Vectors",
    "Workspaces",
]
