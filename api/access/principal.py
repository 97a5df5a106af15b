"""Who makes a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from records.roles import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    kind: Literal["key", "session"]
    id: str
    """Of the key, or of the account whose browser it is."""
    name: str
    """As it stands in the audit trail: ``key NAME``, or an account's name, which has no space."""
    workspace_id: str
    scopes: frozenset[Scope]
    """With those that they imply."""
    session_id: str | None = None
    """Of the browser session."""
