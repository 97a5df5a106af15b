"""A hypothesis: each clause with its evidence, where it stands and why, and what people say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.forms import NO_VALUES, Typed, by_field
from api.pages.rendering import go
from api.pages.runs import trait_scale
from api.pages.visiting import PageRoute, Reader, Writer, sentence, show
from api.problems import Refused
from api.routes import experiments, hypotheses
from api.schemas.experiments import ChosenIn
from api.schemas.hypotheses import HypothesisDetail, ReviewIn, ReviewOut
from api.updates import standings_of
from api.versions import etag
from records import repositories
from records.errors import BadInput, NotFound
from records.repositories import Papers, Runs

router = APIRouter(include_in_schema=False, route_class=PageRoute)

RATINGS = {"novelty": "Novelty", "feasibility": "Feasibility", "expected_effect": "Expected effect"}


@router.get("/hypotheses/{hypothesis_id}")
def look(hypothesis_id: UUID, request: Request, caller: Reader) -> Response:
    return _shown(request, caller, hypothesis_id)


@router.get("/hypotheses/{hypothesis_id}/reviews")
def back(hypothesis_id: UUID, _caller: Reader) -> Response:
    """Where a refused form was sent to, asked for once more."""
    return go(f"/hypotheses/{hypothesis_id}#reviews")


@router.post("/hypotheses/{hypothesis_id}/test")
def choose(hypothesis_id: UUID, caller: Writer) -> Response:
    """Have it tested, though no policy asked for it."""
    run_id = hypotheses.hypothesis(hypothesis_id, caller).run_id
    made = experiments.choose(UUID(run_id), ChosenIn(hypothesis_id=str(hypothesis_id)), caller)
    return go(f"/runs/{run_id}/bench#experiment-{made.id}")


@router.post("/hypotheses/{hypothesis_id}/reviews")
def review(hypothesis_id: UUID, request: Request, caller: Writer, typed: Typed) -> Response:
    """Keep what somebody says of it; where it was said before, only over the version that they saw."""
    try:
        said = _review(typed)
        if typed.get("review_id"):
            _change(hypothesis_id, caller, typed, said)
        else:
            hypotheses.review(hypothesis_id, said, caller, Response())
    except ValidationError as error:
        return _shown(request, caller, hypothesis_id, typed=typed, wrong=by_field(error), status=422)
    except NotFound:
        raise
    except BadInput as error:
        wrong = {"": sentence(error.message)}
        return _shown(request, caller, hypothesis_id, typed=typed, wrong=wrong, status=422)
    except Refused as refused:
        if refused.status != 412:
            raise
        current = ReviewOut.model_validate(refused.more["current"])
        return _shown(request, caller, hypothesis_id, typed=typed, current=current, status=412)
    return go(f"/hypotheses/{hypothesis_id}?reviewed={said.status}#reviews")


def _change(hypothesis_id: UUID, caller: Caller, typed: Mapping[str, str], said: ReviewIn) -> None:
    with caller.read() as session:
        found = repositories.Reviews(session, caller.workspace_id).get(typed["review_id"])
    if found.hypothesis_id != str(hypothesis_id):
        raise NotFound("review_not_found", f"there is no review {found.id} of this hypothesis")
    seen = etag(int(typed["version"])) if typed.get("version", "").isdecimal() else None
    hypotheses.change_review(UUID(found.id), said, caller, Response(), seen)


def _review(typed: Mapping[str, str]) -> ReviewIn:
    return ReviewIn.model_validate(
        {
            "status": typed.get("status", "submitted"),
            "verdict": typed.get("verdict") or None,
            "reason": typed.get("reason", "").strip(),
            "ratings": {name: typed[name] for name in RATINGS if typed.get(name)},
        }
    )


def _shown(
    request: Request,
    caller: Caller,
    hypothesis_id: UUID,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] = NO_VALUES,
    current: ReviewOut | None = None,
    status: int = 200,
) -> Response:
    """The page; with what was typed into the review's form, and ``current`` where somebody was faster."""
    found = hypotheses.hypothesis(hypothesis_id, caller)
    reviews = hypotheses.reviews_of(hypothesis_id, caller)
    own = next((one for one in reversed(reviews) if one.reviewer == caller.name), None)
    values = {
        "one": found,
        **_surroundings(caller, found),
        "reviews": reviews,
        "ratings": RATINGS,
        "typed": _of_review(own) if typed is None else typed,
        "own": current or own,
        "wrong": wrong,
        "current": current,
    }
    return show(request, caller, "hypothesis.html", values, status)


def _of_review(own: ReviewOut | None) -> dict[str, str]:
    """What the form holds at first: what one said before."""
    if own is None:
        return {}
    ratings = {name: str(value) for name, value in own.ratings.items()}
    return {"verdict": own.verdict or "", "reason": own.reason, **ratings}


def _surroundings(caller: Caller, found: HypothesisDetail) -> dict[str, Any]:
    """Its run, its experiments, and the passages and papers that speak for it."""
    quoted = {quote.passage_id for clause in found.clauses for quote in clause.evidence}
    traits = [] if found.explanation is None else found.explanation.traits
    with caller.read() as session:
        papers = Papers(session, caller.workspace_id)
        passages = papers.passages_by_id(quoted | set(found.inspirations))
        run = Runs(session, caller.workspace_id).get(found.run_id)
        question = Runs(session, caller.workspace_id).question(run.id).text
        repository = repositories.Hypotheses(session, caller.workspace_id)
        values = {
            "run": run,
            "question": question,
            "passages": passages,
            "papers": {row.id: row for row in papers.all({one.paper_id for one in passages.values()})},
            "titles": dict(titles := repository.titles(run.id)),
            **_neighbours([titles[place][0] for place in standings_of(run)], found.id),
            "clusters": [one for one in repository.clusters(run.id) if found.id in one.members],
        }
    tests = experiments.experiments(UUID(found.run_id), caller)
    return {
        **values,
        "experiments": [test for test in tests if test.hypothesis_id == found.id],
        "traits": traits,
        "trait_scale": trait_scale(traits),
    }


def _neighbours(ranked: list[str], hypothesis_id: str) -> dict[str, str | None]:
    """Ids of those before and behind it in the ranking, for whoever looks at one after the other."""
    if hypothesis_id not in ranked:
        return {"before": None, "behind": None}
    place = ranked.index(hypothesis_id)
    padded = [None, *ranked, None]
    return {"before": padded[place], "behind": padded[place + 2]}
