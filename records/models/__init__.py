"""Everything that is kept: one file a subject, all tables on one metadata."""

from records.base import Base
from records.models.access import Account, Answered, ApiKey, BrowserSession, Member, SignInLink
from records.models.batch import Batch, BatchCampaign
from records.models.campaign import Experiment, Result
from records.models.files import StoredFile
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
from records.models.literature import Feed, Paper, Passage
from records.models.question import Question, Run, RunEvent, RunPaper, Workspace
from records.models.work import AuditEvent, Job, ModelCall, Outbox

__all__ = [
    "Account",
    "Answered",
    "ApiKey",
    "AuditEvent",
    "Base",
    "Batch",
    "BatchCampaign",
    "BrowserSession",
    "Clause",
    "Cluster",
    "Evidence",
    "Experiment",
    "Feed",
    "Hypothesis",
    "Inspiration",
    "Job",
    "KeyPoint",
    "Member",
    "Membership",
    "ModelCall",
    "Outbox",
    "Paper",
    "Passage",
    "Question",
    "Result",
    "Review",
    "Run",
    "RunEvent",
    "RunPaper",
    "SignInLink",
    "StoredFile",
    "Workspace",
]
