"""Figures for Prometheus: of this process, and of the whole installation from the database."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Annotated

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
        runs = GaugeMetricFamily("touchstone_runs", "Runs by state.", labels=["state"])
        for state, count in self._found.runs.items():
            runs.add_metric([state], count)
        yield runs
        told = "Seconds by stage, of runs that ended in the last 24 hours: {}."
        total = GaugeMetricFamily("touchstone_run_stage_seconds", told.format("sum"), labels=["stage"])
        count = GaugeMetricFamily("touchstone_run_stage_runs", told.format("number"), labels=["stage"])
        for stage, durations in self._found.stages.items():
            total.add_metric([stage], durations.total)
            count.add_metric([stage], durations.count)
        yield total
        yield count

    def _jobs(self) -> Iterator[Metric]:
        found = self._found
        jobs = GaugeMetricFamily("touchstone_jobs", "Jobs that are kept.", labels=["queue", "state"])
        for (queue, state), number in found.jobs.items():
            jobs.add_metric([queue, state], number)
        yield jobs
        depth = GaugeMetricFamily("touchstone_queue_depth", "Jobs that wait for a worker.", labels=["queue"])
        oldest = GaugeMetricFamily(
            "touchstone_queue_oldest_seconds", "How long the first of them has waited.", labels=["queue"]
        )
        for queue in QUEUES:
            depth.add_metric([queue], found.jobs.get((queue, "queued"), 0))
            oldest.add_metric([queue], found.oldest.get(queue, 0.0))
        yield depth
        yield oldest
        attempts = GaugeMetricFamily(
            "touchstone_job_attempts", "Attempts at the jobs that are kept.", labels=["kind"]
        )
        for kind, count in found.attempts.items():
            attempts.add_metric([kind], count)
        yield attempts
        dead = sum(count for (_, state), count in found.jobs.items() if state == "dead")
        yield GaugeMetricFamily("touchstone_dead_letters", "Jobs that somebody has to look at.", value=dead)
        told = "Workers that went silent over a job, in the last 24 hours."
        yield GaugeMetricFamily("touchstone_lease_expiries", told, value=found.expired)

    def _models(self) -> Iterator[Metric]:
        calls = GaugeMetricFamily("touchstone_model_calls", "Calls that are kept.", labels=["model"])
        tokens = GaugeMetricFamily("touchstone_model_tokens", "Their tokens.", labels=["model", "kind"])
        cost = GaugeMetricFamily(
            "touchstone_model_cost", "Their cost, in the currency of the settings.", labels=["model"]
        )
        for model, use in self._found.models.items():
            calls.add_metric([model], use.calls)
            tokens.add_metric([model, "prompt"], use.prompt_tokens)
            tokens.add_metric([model, "completion"], use.completion_tokens)
            cost.add_metric([model], use.cost)
        yield from (calls, tokens, cost)
