"""What alembic runs: on the connection that it is handed, in the transaction that is already open."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from records.base import UtcDateTime
from records.models import Base


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """New revisions name only SQLAlchemy's types: they must still run when ours have changed."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
