"""Everything that is kept: one file a subject, all tables on one metadata."""

from records.base import Base
from records.models.access import Account, Answered, ApiKey, BrowserSession, Member, SignInLink
from records.models.batch import Batch, BatchCampaign
from records.models.campaign import Experiment, Result
from records.models.desk import Comment, HypothesisVersion, ReviewChange, Tag
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
from records.models.literature import (
    Collection,
    CollectionPaper,
    Feed,
    IndexGeneration,
    Paper,
    PaperFailure,
    Passage,
    PassageVector,
)
from records.models.question import Question, Run, RunEvent, RunPaper, Workspace
from records.models.topics import Novelty, NoveltyFlag, Topic, TopicPaper
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
    "Collection",
    "CollectionPaper",
    "Comment",
    "Evidence",
    "Experiment",
    "Feed",
    "Hypothesis",
    "HypothesisVersion",
    "IndexGeneration",
    "Inspiration",
    "Job",
    "KeyPoint",
    "Member",
    "Membership",
    "ModelCall",
    "Novelty",
    "NoveltyFlag",
    "Outbox",
    "Paper",
    "PaperFailure",
    "Passage",
    "PassageVector",
    "Question",
    "Result",
    "Review",
    "ReviewChange",
    "Run",
    "RunEvent",
    "RunPaper",
    "SignInLink",
    "StoredFile",
    "Tag",
    "Topic",
    "TopicPaper",
    "Workspace",
]
