"""A hypothesis: each clause with its evidence, where it stands and why, and what people say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.evidence import evidence_of
from api.pages.forms import NO_VALUES, Typed, by_field
from api.pages.intervals import Scale
from api.pages.judging import RATINGS, fields_of, keep, own_review, review_in, seen_version
from api.pages.molecules import molecules_of
from api.pages.novelty import against
from api.pages.once import only_once
from api.pages.plots import gather
from api.pages.plots.map import hypothesis_map
from api.pages.rendering import go, inside
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import Refused
from api.routes import experiments, hypotheses, remarks
from api.schemas.experiments import ChosenIn
from api.schemas.hypotheses import HypothesisDetail, HypothesisOut, ReviewOut, TraitEffect
from api.schemas.remarks import CommentIn, TagsIn, WordingIn
from api.versions import etag
from records import repositories
from records.errors import BadInput, NotFound
from records.repositories import Judging, Remarks, Runs
from records.repositories.alike import alike

router = APIRouter(prefix="/hypotheses", include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A form that was not kept: which one, what was typed, and what is wrong with it."""

    form: str
    """review, edit, comment or tags."""
    typed: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    current: ReviewOut | HypothesisOut | None = None
    """The newer version, where somebody else was faster."""
    status: int = 422


@router.get("/{hypothesis_id}")
def look(hypothesis_id: UUID, request: Request, caller: Reader) -> Response:
    return _shown(request, caller, hypothesis_id)


@router.get("/{hypothesis_id}/{_form}")
def back(hypothesis_id: UUID, _form: str, _caller: Reader) -> Response:
    """Where a refused form was sent to, asked for once more."""
    return go(f"/hypotheses/{hypothesis_id}#{'reviews' if _form == 'reviews' else 'claim'}")


@router.post("/{hypothesis_id}/test")
def choose(hypothesis_id: UUID, caller: Writer) -> Response:
    """Have it tested, though no policy asked for it."""
    run_id = hypotheses.hypothesis(hypothesis_id, caller, Response()).run_id
    made = experiments.choose(UUID(run_id), ChosenIn(hypothesis_id=str(hypothesis_id)), caller)
    return go(f"/runs/{run_id}/bench#experiment-{made.id}")


@router.post("/{hypothesis_id}/reviews")
def review(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    """Keep what somebody says of it, over the version that they saw."""
    try:
        said = review_in(typed)
        action_id = keep(caller, str(hypothesis_id), said, seen_version(typed))
    except (ValidationError, BadInput, Refused) as error:
        return _again(request, caller, hypothesis_id, "review", typed, error)
    done = f"&done={action_id}" if action_id else ""
    return go(f"/hypotheses/{hypothesis_id}?kept={said.status}{done}#reviews")


@router.post("/{hypothesis_id}/edit")
def edit(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    """Put it into other words, over the version that was seen."""
    version = seen_version(typed)
    try:
        wording = _wording(typed)
        seen = None if version is None else etag(version)
        remarks.edit(hypothesis_id, wording, caller, Response(), seen)
    except (ValidationError, BadInput) as error:
        return _again(request, caller, hypothesis_id, "edit", typed, error)
    except Refused as refused:
        if not _reads_so_already(refused, wording):
            return _again(request, caller, hypothesis_id, "edit", typed, refused)
    return go(f"/hypotheses/{hypothesis_id}?kept=edit#claim")


@router.post("/{hypothesis_id}/comments")
def comment(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    try:
        said = CommentIn(text=typed.get("text", ""))
        place = only_once(caller, typed, lambda once: _commented(hypothesis_id, said, once, _back(typed)))
    except (ValidationError, BadInput) as error:
        return _again(request, caller, hypothesis_id, "comment", typed, error)
    return go(place)


@router.post("/{hypothesis_id}/tags")
def tag(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    try:
        asked = TagsIn(tags=typed.get("tags", "").split(","))
        with caller.write() as session:
            notes = Remarks(session, caller.workspace_id)
            found = notes.change_tags(
                str(hypothesis_id), typed.get("had", "").split(","), asked.tags, caller.name
            )
            caller.audit(session, "hypothesis.tagged", "hypothesis", str(hypothesis_id), {"tags": found})
    except (ValidationError, BadInput) as error:
        return _again(request, caller, hypothesis_id, "tags", typed, error)
    return go(_back(typed) or f"/hypotheses/{hypothesis_id}?kept=tags#tags")


def _back(typed: Mapping[str, str]) -> str:
    """Where the form was sent from, if that was another page of ours."""
    return inside(typed["back"]) if typed.get("back") else ""


def _commented(hypothesis_id: UUID, said: CommentIn, caller: Caller, back: str) -> str:
    remarks.comment(hypothesis_id, said, caller)
    return back or f"/hypotheses/{hypothesis_id}?kept=comment#tags"


def _wording(typed: Mapping[str, str]) -> WordingIn:
    clauses: list[str] = []
    while f"clause-{len(clauses)}" in typed:
        clauses.append(typed[f"clause-{len(clauses)}"])
    told = {"title": typed.get("title", ""), "statement": typed.get("statement", "")}
    return WordingIn.model_validate({**told, "clauses": clauses or None})


def _reads_so_already(refused: Refused, wording: WordingIn) -> bool:
    """What the second of two clicks finds: the first has kept the same words."""
    if "current" not in refused.more:
        return False
    current = HypothesisOut.model_validate(refused.more["current"])
    clauses = [clause.text for clause in current.clauses]
    same = (current.title, current.statement) == (wording.title, wording.statement)
    return same and wording.clauses in (None, clauses)


def _again(
    request: Request,
    caller: Caller,
    hypothesis_id: UUID,
    form: str,
    typed: Mapping[str, str],
    error: ValidationError | BadInput | Refused,
) -> Response:
    """The page once more, with what was typed where it was typed; what concerns no form is raised."""
    if isinstance(error, ValidationError):
        return _shown(request, caller, hypothesis_id, Refusal(form, typed, by_field(error)))
    if isinstance(error, NotFound):
        raise error
    if isinstance(error, BadInput):
        return _shown(request, caller, hypothesis_id, Refusal(form, typed, {"": sentence(error.message)}))
    if error.status != 412 or "current" not in error.more:
        raise error
    shape = ReviewOut if form == "review" else HypothesisOut
    current = shape.model_validate(error.more["current"])
    return _shown(request, caller, hypothesis_id, Refusal(form, typed, NO_VALUES, current, 412))


def _shown(request: Request, caller: Caller, hypothesis_id: UUID, refusal: Refusal | None = None) -> Response:
    found = hypotheses.hypothesis(hypothesis_id, caller, Response())
    own = own_review(caller, found.id)
    of_review = refusal if refusal is not None and refusal.form == "review" else None
    values = {
        "one": found,
        **evidence_of(caller, found),
        **_surroundings(caller, found),
        **against(caller, hypothesis_id),
        "reviews": hypotheses.reviews_of(hypothesis_id, caller),
        "ratings": RATINGS,
        "typed": fields_of(own) if of_review is None else of_review.typed,
        "own": own,
        "wrong": NO_VALUES if of_review is None else of_review.wrong,
        "current": None if of_review is None else of_review.current,
        "refused": refusal,
    }
    return show(request, caller, "hypothesis.html", values, 200 if refusal is None else refusal.status)


def _surroundings(caller: Caller, found: HypothesisDetail) -> dict[str, Any]:
    """Its run and its experiments, what is like it, and what people left on it."""
    traits = [] if found.explanation is None else found.explanation.traits
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(found.run_id)
        repository = repositories.Hypotheses(session, caller.workspace_id)
        notes = Remarks(session, caller.workspace_id)
        values = {
            "run": run,
            "question": Runs(session, caller.workspace_id).question(run.id).text,
            "molecules": molecules_of(repository.get(found.id).features),
            "alike": alike(session, caller.workspace_id, found.id),
            "opinion": Judging(session, caller.workspace_id, caller.name).opinion(found.id),
            "versions": notes.versions(found.id),
            "comments": notes.comments(found.id),
            "tags": notes.tags(found.id),
        }
    tests = experiments.experiments(UUID(found.run_id), caller)
    seen = gather(caller, found.run_id)
    return {
        **values,
        "titles": seen.titles,
        **_neighbours([dot.id for dot in seen.dots if dot.rank is not None], found.id),
        "clusters": [one for one in seen.clusters if found.id in one.members],
        "map": hypothesis_map(seen, marked=found.id),
        "experiments": [test for test in tests if test.hypothesis_id == found.id],
        "traits": traits,
        "trait_scale": trait_scale(traits),
    }


def trait_scale(traits: list[TraitEffect]) -> Scale:
    """For traits' effects, with nought on it."""
    return Scale.over(((one.low, one.high) for one in traits), also=0.0)


def _neighbours(ranked: list[str], hypothesis_id: str) -> dict[str, str | None]:
    """Ids of those before and behind it in the ranking, for whoever looks at one after the other."""
    if hypothesis_id not in ranked:
        return {"before": None, "behind": None}
    place = ranked.index(hypothesis_id)
    padded = [None, *ranked, None]
    return {"before": padded[place], "behind": padded[place + 2]}
