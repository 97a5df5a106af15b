"""Figures for Prometheus: of this process, and of the whole installation from the database."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.access import authenticate
from api.context import Context, InContext
from api.measures import HttpFigures
from api.problems import Refused
from records.repositories.figures import Figures, figures
from workers.orders import QUEUES

router = APIRouter(tags=["health"])


def _may_read(request: Request, context: InContext) -> Context:
    """With the metrics' own token, or with a key whose scope is admin."""
    token = context.settings.api.metrics_token
    told = request.headers.get("authorization", "").encode()
    if token is not None and hmac.compare_digest(told, f"Bearer {token.get_secret_value()}".encode()):
        return context
    principal = authenticate(request, context)
    if "admin" not in principal.scopes:
        raise Refused(403, "scope_missing", "the figures need the scope admin, or the metrics token")
    return context


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, context: Annotated[Context, Depends(_may_read)]) -> Response:
    """The figures in Prometheus's text form."""
    with context.database.read() as session:
        found = figures(session)
    kept = CollectorRegistry()
    kept.register(_Kept(found))
    own: HttpFigures = request.app.state.http_figures
    return Response(generate_latest(kept) + generate_latest(own.registry), media_type=CONTENT_TYPE_LATEST)


class _Kept(Collector):
    """What the database tells."""

    def __init__(self, found: Figures) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        yield from self._jobs()
        yield from self._models()
        yield from self._runs()

    def _jobs(self) -> Iterator[Metric]:
        found = self._found
        waiting = {queue: found.jobs.get((queue, "queued"), 0) for queue in QUEUES}
        oldest = {queue: found.oldest.get(queue, 0.0) for queue in QUEUES}
        dead = sum(count for (_, state), count in found.jobs.items() if state == "dead")
        silent = "Workers that went silent over a job, in the last 24 hours."
        yield _gauges("jobs", "Jobs that are kept.", ("queue", "state"), found.jobs)
        yield _gauges("queue_depth", "Jobs that wait for a worker.", ("queue",), waiting)
        yield _gauges("queue_oldest_seconds", "How long the first has waited.", ("queue",), oldest)
        yield _gauges("job_attempts", "Attempts at the jobs that are kept.", ("kind",), found.attempts)
        yield _gauges("dead_letters", "Jobs that somebody has to look at.", (), {(): dead})
        yield _gauges("lease_expiries", silent, (), {(): found.expired})

    def _models(self) -> Iterator[Metric]:
        models = self._found.models.items()
        tokens = {(model, "prompt"): use.prompt_tokens for model, use in models}
        tokens |= {(model, "completion"): use.completion_tokens for model, use in models}
        cost = "Their cost, in the currency of the settings."
        yield _gauges("model_calls", "Calls that are kept.", ("model",), {m: use.calls for m, use in models})
        yield _gauges("model_tokens", "Their tokens.", ("model", "kind"), tokens)
        yield _gauges("model_cost", cost, ("model",), {model: use.cost for model, use in models})

    def _runs(self) -> Iterator[Metric]:
        stages = self._found.stages.items()
        ended = "of runs that ended in the last 24 hours."
        seconds = {stage: durations.total for stage, durations in stages}
        counts = {stage: durations.count for stage, durations in stages}
        yield _gauges("runs", "Runs by state.", ("state",), self._found.runs)
        yield _gauges("run_stage_seconds", f"Seconds by stage, {ended}", ("stage",), seconds)
        yield _gauges("run_stage_runs", f"How often each stage was gone through, {ended}", ("stage",), counts)


def _gauges(
    name: str,
    told: str,
    labels: Sequence[str],
    values: Mapping[Any, float],
) -> GaugeMetricFamily:
    """``values``: by the label's value, or by a tuple of all labels' values."""
    family = GaugeMetricFamily(f"touchstone_{name}", told, labels=labels)
    for key, value in values.items():
        family.add_metric((key,) if isinstance(key, str) else key, value)
    return family
