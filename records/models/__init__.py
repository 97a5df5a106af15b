"""Everything that is kept: one file a subject, all tables on one metadata."""

from records.base import Base
from records.models.campaign import Experiment, Result
from records.models.hypothesis import (
    Clause,
    Cluster,
    Evidence,
    Hypothesis,
    Inspiration,
    KeyPoint,
    Membership,
    Review,
)
from records.models.literature import Paper, Passage
from records.models.question import Question, Run, RunPaper, Workspace
from records.models.work import AuditEvent, Job, ModelCall, Outbox

__all__ = [
    "AuditEvent",
    "Base",
    "Clause",
    "Cluster",
    "Evidence",
    "Experiment",
    "Hypothesis",
    "Inspiration",
    "Job",
    "KeyPoint",
    "Membership",
    "ModelCall",
    "Outbox",
    "Paper",
    "Passage",
    "Question",
    "Result",
    "Review",
    "Run",
    "RunPaper",
    "Workspace",
]
