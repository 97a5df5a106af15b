"""Two people at the same record: whoever changes it says which version they saw (RFC 9110, If-Match)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header
from pydantic import BaseModel

from api.problems import Refused

IfMatch = Annotated[
    str | None, Header(description="The ETag of the version that is to be changed, or `*` for any.")
]


def etag(version: int | str) -> str:
    return f'"{version}"'


def check_version(if_match: str | None, version: int | str, current: BaseModel) -> None:
    """Raise Refused 428 without an If-Match, 412 with the newer version where it names an older one."""
    if if_match is None:
        raise Refused(428, "if_match_missing", "say in If-Match which version is to be changed: its ETag")
    known = {tag.strip().removeprefix("W/") for tag in if_match.split(",")}
    if "*" in known or etag(version) in known:
        return
    raise Refused(
        412,
        "changed_meanwhile",
        "somebody changed this meanwhile; look at the newer version and try again",
        headers={"ETag": etag(version)},
        more={"current": current.model_dump(mode="json")},
    )
