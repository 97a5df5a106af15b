"""Literature: versions and sources of papers, collections, vectors apart, topics and novelty."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.String(36)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON()

TABLES = (
    "index_generation",
    "collection",
    "passage_vector",
    "collection_paper",
    "novelty",
    "novelty_flag",
    "topic",
    "paper_failure",
    "topic_paper",
)

NEW_COLUMNS: dict[str, dict[str, tuple[Any, str | None]]] = {
    "feed": {"collection_id": (ID, None), "since": (sa.String(10), None), "state": (JSON, "{}")},
    "paper": {
        "arxiv_id": (sa.String(64), None),
        "identifiers": (JSON, "{}"),
        "published_on": (sa.String(10), None),
        "kind": (sa.String(16), ""),
        "licence": (sa.String(200), ""),
        "retraction": (sa.String(16), ""),
        "references": (JSON, "[]"),
        "sources": (JSON, "[]"),
        "version_of": (ID, None),
        "fingerprint": (sa.BigInteger(), None),
        "has_text": (sa.Boolean(), sa.false()),
    },
    "passage": {"section": (sa.String(200), "")},
}
"""Type and first value; without a value the column may be empty."""


def upgrade() -> None:
    op.create_table(
        "index_generation",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("setting", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("completed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name=op.f("fk_index_generation_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_generation")),
        sa.UniqueConstraint("workspace_id", "model", name=op.f("uq_index_generation_workspace_id_model")),
    )
    op.create_table(
        "collection",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_collection_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_collection_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_collection_workspace_id_name")),
    )
    op.create_index(op.f("ix_collection_run_id"), "collection", ["run_id"], unique=False)
    op.create_table(
        "passage_vector",
        sa.Column("passage_id", ID, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["passage.id"], name=op.f("fk_passage_vector_passage_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("passage_id", "model", name=op.f("pk_passage_vector")),
    )
    op.create_table(
        "collection_paper",
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("paper_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_paper_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["paper.id"], name=op.f("fk_collection_paper_paper_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "paper_id", name=op.f("pk_collection_paper")),
    )
    op.create_index(op.f("ix_collection_paper_paper_id"), "collection_paper", ["paper_id"], unique=False)
    op.create_table(
        "novelty",
        sa.Column("hypothesis_id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("nearest", JSON, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("checked_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["hypothesis_id"], ["hypothesis.id"], name=op.f("fk_novelty_hypothesis_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_novelty_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hypothesis_id", name=op.f("pk_novelty")),
    )
    op.create_index(op.f("ix_novelty_workspace_id"), "novelty", ["workspace_id"], unique=False)
    op.create_table(
        "novelty_flag",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("hypothesis_id", ID, nullable=False),
        sa.Column("paper_id", ID, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.Column("seen_by", sa.String(120), nullable=False),
        sa.ForeignKeyConstraint(
            ["hypothesis_id"],
            ["hypothesis.id"],
            name=op.f("fk_novelty_flag_hypothesis_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["paper.id"], name=op.f("fk_novelty_flag_paper_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_novelty_flag_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_novelty_flag")),
    )
    op.create_index(
        op.f("ix_novelty_flag_hypothesis_id_paper_id"),
        "novelty_flag",
        ["hypothesis_id", "paper_id"],
        unique=True,
    )
    op.create_index(op.f("ix_novelty_flag_paper_id"), "novelty_flag", ["paper_id"], unique=False)
    op.create_index(op.f("ix_novelty_flag_workspace_id"), "novelty_flag", ["workspace_id"], unique=False)
    op.create_table(
        "topic",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("collection_id", ID, nullable=True),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("own_name", sa.Text(), nullable=True),
        sa.Column("terms", JSON, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_topic_collection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["topic.id"], name=op.f("fk_topic_parent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_topic_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
    )
    op.create_index(op.f("ix_topic_parent_id"), "topic", ["parent_id"], unique=False)
    op.create_index(
        op.f("ix_topic_workspace_id_collection_id"), "topic", ["workspace_id", "collection_id"], unique=False
    )
    op.create_table(
        "paper_failure",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("resolved_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feed.id"], name=op.f("fk_paper_failure_feed_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_paper_failure_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_failure")),
        sa.UniqueConstraint(
            "workspace_id", "source", "key", name=op.f("uq_paper_failure_workspace_id_source_key")
        ),
    )
    op.create_table(
        "topic_paper",
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("paper_id", ID, nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["paper.id"], name=op.f("fk_topic_paper_paper_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name=op.f("fk_topic_paper_topic_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "paper_id", name=op.f("pk_topic_paper")),
    )
    op.create_index(op.f("ix_topic_paper_paper_id"), "topic_paper", ["paper_id"], unique=False)

    for table, columns in NEW_COLUMNS.items():
        _add(table, columns)
    with op.batch_alter_table("feed") as feed:
        feed.create_foreign_key(
            op.f("fk_feed_collection_id"), "collection", ["collection_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("paper") as paper:
        paper.drop_constraint(op.f("uq_paper_workspace_id_title_key"), type_="unique")
        paper.create_unique_constraint(op.f("uq_paper_workspace_id_arxiv_id"), ["workspace_id", "arxiv_id"])
        paper.create_foreign_key(
            op.f("fk_paper_version_of"), "paper", ["version_of"], ["id"], ondelete="SET NULL"
        )
    op.create_index(op.f("ix_paper_version_of"), "paper", ["version_of"])
    op.create_index(op.f("ix_paper_workspace_id_title_key"), "paper", ["workspace_id", "title_key"])

    op.execute(
        "INSERT INTO passage_vector (passage_id, model, vector)"
        " SELECT id, embedding_model, embedding FROM passage"
        " WHERE embedding IS NOT NULL AND embedding_model IS NOT NULL"
    )
    with op.batch_alter_table("passage") as passage:
        passage.drop_column("embedding")
        passage.drop_column("embedding_model")


def _add(table: str, columns: dict[str, tuple[Any, Any]]) -> None:
    """Add columns to a table that has rows: their first value is a default, taken away again."""
    with op.batch_alter_table(table) as altered:
        for name, (kind, first) in columns.items():
            altered.add_column(sa.Column(name, kind, nullable=first is None, server_default=first))
    with op.batch_alter_table(table) as altered:
        for name, (kind, first) in columns.items():
            if first is not None:
                altered.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("passage") as passage:
        passage.add_column(sa.Column("embedding", sa.LargeBinary(), nullable=True))
        passage.add_column(sa.Column("embedding_model", sa.String(200), nullable=True))
    # Of several models' vectors one stays: the older version knows one.
    op.execute(
        "UPDATE passage SET (embedding, embedding_model) = (SELECT vector, model FROM passage_vector"
        " WHERE passage_id = passage.id ORDER BY model LIMIT 1)"
    )
    op.drop_index(op.f("ix_paper_workspace_id_title_key"), "paper")
    op.drop_index(op.f("ix_paper_version_of"), "paper")
    with op.batch_alter_table("paper") as paper:
        paper.drop_constraint(op.f("fk_paper_version_of"), type_="foreignkey")
        paper.drop_constraint(op.f("uq_paper_workspace_id_arxiv_id"), type_="unique")
        paper.create_unique_constraint(op.f("uq_paper_workspace_id_title_key"), ["workspace_id", "title_key"])
    with op.batch_alter_table("feed") as feed:
        feed.drop_constraint(op.f("fk_feed_collection_id"), type_="foreignkey")
    for table, columns in NEW_COLUMNS.items():
        with op.batch_alter_table(table) as altered:
            for name in columns:
                altered.drop_column(name)
    for table in reversed(TABLES):
        op.drop_table(table)
