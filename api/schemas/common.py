"""Values that several requests hold."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text cannot hold NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text cannot hold half a surrogate pair") from error
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say something: this is blank")
    return text.strip()


Text = Annotated[str, AfterValidator(_no_nul)]
Said = Annotated[Text, AfterValidator(_said)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]
Moment = Annotated[AwareDatetime, AfterValidator(lambda told: told.astimezone(UTC))]
"""A time, told with its zone; UTC from here on."""


class In(BaseModel):
    """What a caller says: nothing in it may be unknown, so that a misspelt name is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class JobAccepted(BaseModel):
    """Work that a worker will do: follow it at ``/v1/jobs/{job_id}``."""

    job_id: str
