"""The service: accounts, keys, batches, feeds, files, events of runs, and versions of what people edit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.String(36)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON()

TABLES = (
    "account",
    "answered",
    "api_key",
    "batch",
    "browser_session",
    "feed",
    "member",
    "sign_in_link",
    "stored_file",
    "batch_campaign",
    "run_event",
)

NEW_COLUMNS: dict[str, dict[str, tuple[Any, str | None]]] = {
    "job": {
        "result": (JSON, None),
        "request_id": (sa.String(64), ""),
        "created_by": (sa.String(120), ""),
        "started_at": (TIME, None),
    },
    "result": {
        "measured_at": (TIME, None),
        "entered_by": (sa.String(120), ""),
        "version": (sa.Integer(), "1"),
    },
    "review": {"version": (sa.Integer(), "1")},
    "run": {
        "control": (sa.String(16), ""),
        "cloned_from": (ID, None),
        "created_by": (sa.String(120), ""),
        "version": (sa.Integer(), "1"),
    },
}
"""Type and first value; without a value the column may be empty."""

SECOND = {
    "audit_event": "id",
    "job": "id",
    "paper": "id",
    "run": "id",
    "hypothesis": "run_id",
    "passage": "paper_id",
}
"""Beside the workspace, what is asked for: pages (newest first), or what belongs to a row."""


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=True),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "answered",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_answered_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answered")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_answered_workspace_id_key")),
    )
    op.create_index(op.f("ix_answered_created_at"), "answered", ["created_at"])

    op.create_table(
        "api_key",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_api_key_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
    )
    op.create_index(op.f("ix_api_key_workspace_id"), "api_key", ["workspace_id"])

    op.create_table(
        "batch",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("campaigns", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_batch_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_workspace_id"), "batch", ["workspace_id"])

    op.create_table(
        "browser_session",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_browser_session_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name=op.f("fk_browser_session_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_browser_session_digest")),
    )
    op.create_index(op.f("ix_browser_session_account_id"), "browser_session", ["account_id"])
    op.create_index(op.f("ix_browser_session_expires_at"), "browser_session", ["expires_at"])
    op.create_index(op.f("ix_browser_session_workspace_id"), "browser_session", ["workspace_id"])

    op.create_table(
        "feed",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("cron", sa.String(120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_run_at", TIME, nullable=True),
        sa.Column("last_result", JSON, nullable=True),
        sa.Column("next_run_at", TIME, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_feed_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_feed_workspace_id_name")),
    )
    op.create_index(op.f("ix_feed_next_run_at"), "feed", ["next_run_at"])

    op.create_table(
        "member",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_member_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_member_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("workspace_id", "account_id", name=op.f("uq_member_workspace_id_account_id")),
    )
    op.create_index(op.f("ix_member_account_id"), "member", ["account_id"])

    op.create_table(
        "sign_in_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_sign_in_link_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_link")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_link_digest")),
    )
    op.create_index(op.f("ix_sign_in_link_account_id"), "sign_in_link", ["account_id"])

    op.create_table(
        "stored_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_stored_file_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
    )
    op.create_index(op.f("ix_stored_file_expires_at"), "stored_file", ["expires_at"])
    op.create_index(op.f("ix_stored_file_workspace_id"), "stored_file", ["workspace_id"])

    op.create_table(
        "batch_campaign",
        sa.Column("id", ID, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", JSON, nullable=False),
        sa.Column("answer", JSON, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("finished_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_campaign_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_campaign")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_batch_campaign_batch_id_position")),
    )
    op.create_table(
        "run_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_event_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_event")),
    )
    op.create_index(op.f("ix_run_event_run_id"), "run_event", ["run_id"])

    for table, columns in NEW_COLUMNS.items():
        _add(table, columns)
    with op.batch_alter_table("run") as run:
        run.create_foreign_key(
            op.f("fk_run_cloned_from"), "run", ["cloned_from"], ["id"], ondelete="SET NULL"
        )
    op.create_index(op.f("ix_job_finished_at"), "job", ["finished_at"])
    for table, column in SECOND.items():
        op.create_index(op.f(f"ix_{table}_workspace_id_{column}"), table, ["workspace_id", column])
        op.drop_index(op.f(f"ix_{table}_workspace_id"), table)


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
    for table, column in SECOND.items():
        op.create_index(op.f(f"ix_{table}_workspace_id"), table, ["workspace_id"])
        op.drop_index(op.f(f"ix_{table}_workspace_id_{column}"), table)
    op.drop_index(op.f("ix_job_finished_at"), "job")
    with op.batch_alter_table("run") as run:
        run.drop_constraint(op.f("fk_run_cloned_from"), type_="foreignkey")
    for table, columns in NEW_COLUMNS.items():
        with op.batch_alter_table(table) as altered:
            for name in columns:
                altered.drop_column(name)
    for table in reversed(TABLES):
        op.drop_table(table)
