"""The review desk: versions of hypotheses, comments, tags, undone reviews, and what was expected of tests."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.String(36)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON()

TABLES = ("hypothesis_version", "comment", "tag", "review_change")

NEW_COLUMNS: dict[str, dict[str, tuple[Any, str | None]]] = {
    "hypothesis": {"version": (sa.Integer(), "1"), "edited_by": (sa.String(120), "")},
    "experiment": {"expected": (sa.Double(), None), "expected_sd": (sa.Double(), None)},
}
"""Type and first value; without a value the column may be empty."""


def upgrade() -> None:
    op.create_table(
        "hypothesis_version",
        *_owned("hypothesis_version", "hypothesis"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("clauses", JSON, nullable=False),
        sa.Column("written_by", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint(
            "hypothesis_id", "version", name=op.f("uq_hypothesis_version_hypothesis_id_version")
        ),
    )
    op.create_table(
        "comment",
        *_owned("comment", "hypothesis"),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
    )
    op.create_table(
        "tag",
        *_owned("tag", "hypothesis"),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.UniqueConstraint("hypothesis_id", "name", name=op.f("uq_tag_hypothesis_id_name")),
    )
    op.create_table(
        "review_change",
        *_owned("review_change", "review"),
        sa.Column("action_id", ID, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("former", JSON, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
    )
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_workspace_id"), table, ["workspace_id"])
    op.create_index(op.f("ix_comment_hypothesis_id"), "comment", ["hypothesis_id"])
    op.create_index(op.f("ix_review_change_review_id"), "review_change", ["review_id"])
    op.create_index(op.f("ix_review_change_action_id"), "review_change", ["action_id"])
    for table, columns in NEW_COLUMNS.items():
        _add(table, columns)


def _owned(table: str, of: str) -> list[sa.schema.SchemaItem]:
    """An id, a workspace, and the row that it belongs to."""
    parent = f"{of}_id"
    return [
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column(parent, ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f(f"fk_{table}_workspace_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            [parent], [f"{of}.id"], name=op.f(f"fk_{table}_{parent}"), ondelete="CASCADE"
        ),
    ]


def _add(table: str, columns: dict[str, tuple[Any, str | None]]) -> None:
    """Add columns to a table that has rows: their first value is a default, taken away again."""
    with op.batch_alter_table(table) as altered:
        for name, (kind, first) in columns.items():
            altered.add_column(sa.Column(name, kind, nullable=first is None, server_default=first))
    with op.batch_alter_table(table) as altered:
        for name, (kind, first) in columns.items():
            if first is not None:
                altered.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def downgrade() -> None:
    for table, columns in NEW_COLUMNS.items():
        with op.batch_alter_table(table) as altered:
            for name in columns:
                altered.drop_column(name)
    for table in reversed(TABLES):
        op.drop_table(table)
