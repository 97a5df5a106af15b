"""What people and programs may do: a scope implies those before it, a role stands for one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

Scope = Literal["read", "write", "admin"]
"""``read``: look at all of the workspace. ``write``: ask, enter, change. ``admin``: keys, members, audit."""

Role = Literal["reader", "chemist", "owner"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
HIGHEST: dict[Role, Scope] = {"reader": "read", "chemist": "write", "owner": "admin"}


def with_implied(scopes: Collection[str]) -> frozenset[Scope]:
    """These and what they imply: admin implies write, write implies read."""
    highest = max((place for place, scope in enumerate(SCOPES) if scope in scopes), default=-1)
    return frozenset(SCOPES[: highest + 1])


def scopes_of(role: str) -> frozenset[Scope]:
    """What a member of this role may do; nothing for a role that nobody knows."""
    return with_implied([scope for known, scope in HIGHEST.items() if known == role])
