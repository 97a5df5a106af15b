"""Files that people hand in or fetch; in the database, because a worker may run on another machine."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class StoredFile(Base):
    __tablename__ = "stored_file"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    """A file's name without any folder."""
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[Created]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it may be thrown away; none for what is kept."""
