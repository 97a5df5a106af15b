"""What a person typed, as the requests that programs send: the same models check it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

NO_VALUES: Mapping[str, str] = {}
LONGEST_FIELD = 64 * 2**20
"""Bytes: beyond what a body may have at all, so that a long table which was pasted meets that limit alone."""


UNREADABLE = "unreadable"
"""In place of a field: why a file that came along could not be read."""
NOT_TEXT = "the file is not UTF-8 text; save it as CSV UTF-8"


async def typed_fields(request: Request) -> dict[str, str]:
    """The fields' texts, and in place of a file its text, or else ``UNREADABLE``: the others are not lost."""
    fields: dict[str, str] = {}
    async with request.form(max_fields=100, max_files=2, max_part_size=LONGEST_FIELD) as form:
        for name, value in form.items():
            if isinstance(value, UploadFile):
                content = await value.read()
                try:
                    if content:
                        fields[name] = content.decode("utf-8-sig")
                except UnicodeDecodeError:
                    fields[UNREADABLE] = NOT_TEXT
            else:
                fields[name] = value.replace("\r\n", "\n")
    return fields


Typed = Annotated[dict[str, str], Depends(typed_fields)]


def said(typed: Mapping[str, str], names: Iterable[str]) -> dict[str, Any]:
    """Of these fields, those that were filled in."""
    return {name: typed[name].strip() for name in names if typed.get(name, "").strip()}


def in_utc(told: dict[str, Any], typed: Mapping[str, str], name: str) -> dict[str, Any]:
    """A form's date and time has no zone: UTC, unless the browser says how many minutes UTC is ahead."""
    if name not in told:
        return told
    minutes = typed.get(f"{name}_offset", "")
    behind = int(minutes) if re.fullmatch(r"-?\d{1,3}", minutes) else 0
    sign, size = ("-" if behind > 0 else "+"), abs(behind)
    return {**told, name: f"{told[name]}{sign}{size // 60:02}:{size % 60:02}"}


def by_field(error: ValidationError) -> dict[str, str]:
    """Field to what is wrong with it; under no name what is wrong with the whole."""
    found: dict[str, str] = {}
    for one in error.errors():
        name = "/".join(str(part) for part in one["loc"])
        found.setdefault(name, plainly(one["msg"]))
    return found


def plainly(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should", "this should")
    message = message.partition(", unable to parse")[0]
    return f"{message[:1].upper()}{message[1:]}"
