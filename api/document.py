"""The OpenAPI document: what FastAPI gathers, with every error as the problem document that it is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.problems import MEDIA_TYPE

PLACE = "#/components/schemas/{model}"
FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")


class WrongPart(BaseModel):
    pointer: str
    """Of the part of the request, as in `/plan/seed`."""
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457); some problems have further members."""

    type: str
    title: str
    status: int
    code: str
    """The same for the same mistake in every version."""
    detail: str
    """In words: what went wrong, and what to do."""
    errors: list[WrongPart] = []


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with the errors of all operations said as they are answered."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FASTAPIS_OWN:
        schemas.pop(name, None)
    schemas["Problem"] = described = Problem.model_json_schema(ref_template=PLACE)
    schemas |= described.pop("$defs")
    told = {
        "description": "Refused or failed; the problem's `code` says why.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": PLACE.format(model="Problem")}}},
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": told, "5XX": told}
    return document
