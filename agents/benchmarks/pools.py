"""Pool files: what a policy may see of one, and the hidden scores, which only the laboratory does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from agents.clustering import meaning
from agents.drafts import KeyPoint
from knowledge.embedding import Embedder
from ranking import Candidate
from records.errors import BadInput
from simulator.response import OPTIMUM

Truth = Literal["out", "in"]
Vector = NDArray[np.float64]


class _Trait(BaseModel):
    name: str = Field(min_length=1)
    role: str = ""


class _KeyPoint(_Trait):
    weight: float = Field(gt=0, allow_inf_nan=False)


class _Judged(BaseModel):
    similarity: list[Annotated[float, Field(ge=0, le=100)]]
    relevant: float = Field(ge=0, le=1)


class _Member(BaseModel):
    id: str
    text: str
    traits: list[_Trait]
    judged: _Judged


class _File(BaseModel):
    question: str
    ground_truth_id: str
    key_points: list[_KeyPoint] = Field(min_length=1)
    candidates: list[_Member] = Field(min_length=2)


@dataclass(frozen=True, slots=True)
class Member:
    """A hypothesis of a pool, as anybody may read it."""

    id: str
    text: str
    traits: tuple[KeyPoint, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """What a policy may see before any experiment; nothing here was judged."""

    name: str
    question: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A pool with its texts as vectors."""

    candidates: tuple[Candidate, ...]
    """With the text's vector, without a prior score."""
    trait_vectors: Mapping[str, Sequence[float]]
    to_question: Mapping[str, float]
    """Cosine of each candidate's text to the question, by id."""


def read_pool(path: Path, truth: Truth = "out") -> tuple[Pool, dict[str, float]]:
    """The pool, and the hidden score s in [0, 100] of each candidate by id.

    s = R sum_k w_k sim_k / 100 with weights that sum to 100. ``out`` takes the ground truth out of the pool
    and scales s so that the best of the others has 100; ``in`` keeps both as they are. BadInput ``no_pool``
    or ``bad_pool``.
    """
    file = _read(path)
    scores = _hidden_scores(path, file)
    if truth == "out":
        del scores[file.ground_truth_id]
        best = max(scores.values())
        if best <= 0:
            raise BadInput("bad_pool", f"{path}: without the ground truth nothing scores above 0")
        scores = {id: OPTIMUM * score / best for id, score in scores.items()}
    members = tuple(
        Member(one.id, one.text, tuple(KeyPoint(trait.name, trait.role) for trait in one.traits))
        for one in file.candidates
        if one.id in scores
    )
    return Pool(path.stem, file.question, members), scores


def _read(path: Path) -> _File:
    try:
        return _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput("no_pool", f"{path} cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise BadInput("bad_pool", f"{path} is not a pool of candidates: {place}: {first['msg']}") from None


def _hidden_scores(path: Path, file: _File) -> dict[str, float]:
    weights = np.array([point.weight for point in file.key_points])
    weights *= 1.0 / weights.sum()
    scores: dict[str, float] = {}
    for one in file.candidates:
        if one.id in scores:
            raise BadInput("bad_pool", f"{path}: two candidates have the id '{one.id}'")
        if len(one.judged.similarity) != len(weights):
            raise BadInput(
                "bad_pool",
                f"{path}: candidate '{one.id}' has {len(one.judged.similarity)} similarities for"
                f" {len(weights)} key points",
            )
        scores[one.id] = float(one.judged.relevant * (weights @ one.judged.similarity))
    if file.ground_truth_id not in scores:
        raise BadInput("bad_pool", f"{path}: the ground truth '{file.ground_truth_id}' is no candidate")
    return scores


def describe(pools: Sequence[Pool], embedder: Embedder) -> list[Described]:
    """Embed questions, texts and traits; each distinct text once, however many pools it is in."""
    texts = list(dict.fromkeys(text for pool in pools for text in _texts(pool)))
    vectors = dict(zip(texts, np.asarray(embedder.embed(texts), dtype=np.float64), strict=True))
    return [_described(pool, vectors) for pool in pools]


def _texts(pool: Pool) -> list[str]:
    points = [meaning(trait) for one in pool.members for trait in one.traits]
    return [pool.question, *points, *(one.text for one in pool.members)]


def _described(pool: Pool, vectors: Mapping[str, Vector]) -> Described:
    candidates = tuple(
        Candidate(
            id=one.id,
            traits=tuple(dict.fromkeys(map(meaning, one.traits))),
            vector=tuple(vectors[one.text].tolist()),
        )
        for one in pool.members
    )
    named = {text: vectors[text].tolist() for one in candidates for text in one.traits}
    question = vectors[pool.question]
    return Described(candidates, named, {one.id: float(vectors[one.text] @ question) for one in pool.members})
