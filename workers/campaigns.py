"""A campaign of a batch as it is handed in: its form, and what is wrong with one, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from records.repositories import Handed

MOST_CANDIDATES = 2_000
MOST_RESULTS = 2_000
MOST_NUMBERS = 4_096

Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CandidateIn(_Part):
    """A hypothesis, or any other option that can be tested."""

    id: Text
    text: str = Field(default="", max_length=20_000)
    """For people; candidates are compared by what follows."""
    vector: list[Number] | None = Field(default=None, min_length=1, max_length=MOST_NUMBERS)
    """Of its text, by any embedding model; all candidates of a campaign have one, or none has."""
    traits: list[Text] = Field(default=[], max_length=100)
    features: dict[Text, Number | Annotated[str, Field(max_length=200)]] = Field(default={}, max_length=200)
    """Settings: text for a category, a number for a quantity."""
    prior: Number | None = None
    """Score believed before any experiment, on any scale, in the sense of the results."""
    cost: Number = 1.0

    @model_validator(mode="after")
    def _comparable(self) -> CandidateIn:
        if self.text and self.vector is None and not self.traits and not self.features:
            raise ValueError("a text alone is not compared; give a vector, traits or features with it")
        return self


class MeasuredIn(_Part):
    """A result of one of the candidates; several of the same are replicates."""

    id: Text
    score: Number | None = None
    sem: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Standard error of the score."""
    status: Literal["done", "failed"] = "done"
    cost: Number | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> MeasuredIn:
        if (self.score is None) != (self.status == "failed"):
            raise ValueError("a result has a score, or the status failed")
        return self


class CampaignIn(_Part):
    name: str = Field(default="", max_length=200)
    candidates: list[CandidateIn] = Field(min_length=1, max_length=MOST_CANDIDATES)
    results: list[MeasuredIn] = Field(default=[], max_length=MOST_RESULTS)
    policy: str = Field(default="surrogate", max_length=40)
    recommend: int = Field(default=1, ge=1, le=1000)
    """How many candidates to test next."""
    maximise: bool = True
    seed: int = Field(default=0, ge=0, lt=2**63)


def handed(raw: object) -> Handed:
    """A campaign as it comes, or the reason why it cannot be ranked; nothing is raised."""
    if isinstance(raw, str):  # what was no JSON
        return Handed("", {}, _printable(raw))
    name = str(raw.get("name", ""))[:200] if isinstance(raw, Mapping) else ""
    try:
        campaign = CampaignIn.model_validate(raw)
    except ValidationError as error:
        return Handed(_printable(name), {}, reason_of(error))
    return Handed(_printable(campaign.name), campaign.model_dump(mode="json", exclude_defaults=True))


def reason_of(error: ValidationError) -> str:
    """The first thing that is wrong, and where; how many more there are."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    place = "/".join(str(part) for part in found[0]["loc"]) or "the campaign"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return _printable(f"{place}: {found[0]['msg'].removeprefix('Value error, ')}{more}")[:500]


def _printable(text: str) -> str:
    """Without what a database cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def request_of(kept: Mapping[str, Any]) -> CampaignIn:
    """What ``handed`` let pass."""
    return CampaignIn.model_validate(kept)
