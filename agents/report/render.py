"""A run as one HTML file: everything inline, no JavaScript, nothing fetched."""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from agents.report.document import Evidence, Hypothesis, RunDocument
from agents.report.plots import plots
from records import written

TABLE_LENGTH = 100
"""Ranked candidates that the table shows."""

DETAILED = 30
"""Of a large table's untested rows, how many are told in detail."""

MANY = 60
"""Candidates from which only the tested and the best-ranked are told in detail."""


def render(document: RunDocument) -> str:
    """The report; the same document gives the same text."""
    ranked = sorted(document.hypotheses, key=lambda one: (one.rank or len(document.hypotheses), one.position))
    template = _environment().get_template("template.html")
    return template.render(
        doc=document,
        ranked=ranked[:TABLE_LENGTH],
        more=len(ranked) - len(ranked[:TABLE_LENGTH]),
        detailed=_detailed(ranked),
        cluster_names={cluster.id: cluster.name for cluster in document.clusters},
        standing=standing(document),
        plots=plots(document),
        tested=sum(1 for point in document.trace),
        failed=sum(1 for point in document.trace if point.score is None),
    )


def standing(document: RunDocument) -> str:
    """Where the run stands, in one sentence that is true in every state."""
    measured = [point for point in document.trace if point.score is not None]
    best = max(measured, key=lambda point: point.score or 0.0, default=None)
    first = next((one for one in document.hypotheses if one.rank == 1), None)
    parts = []
    if document.run.state in ("created", "running"):
        parts.append("The run is not finished; this is where it stood when the report was written.")
    elif document.run.state == "failed":
        parts.append("The run stopped on an error and can be resumed; this is what it has so far.")
    elif document.run.state == "waiting":
        parts.append("The run waits for a result.")
    if best is not None:
        parts.append(f"Best measured so far: {best.title} ({written.number(best.score)}).")
        if first is not None and first.id != best.hypothesis_id:
            parts.append(f"Expected to be best: {first.title}.")
    elif document.trace:
        parts.append("Every experiment failed, so the ranking rests on the literature alone.")
    elif first is not None:
        parts.append(f"Ranked before any experiment; first to test: {first.title}.")
    else:
        parts.append("There is nothing to rank yet.")
    return " ".join(parts)


def _detailed(ranked: list[Hypothesis]) -> list[Hypothesis]:
    if len(ranked) <= MANY:
        return ranked
    return [one for place, one in enumerate(ranked) if place < DETAILED or one.results]


def _link(evidence: Evidence) -> str | None:
    """Where the paper can be read; only the web, whatever the record says."""
    if evidence.doi:
        return f"https://doi.org/{evidence.doi}"
    url = evidence.url or ""
    return url if re.match(r"https?://[^\s\"'<>]+$", url) else None


def _marked(evidence: Evidence) -> Markup:
    """The passage with the quote marked in it."""
    before, after = evidence.passage[: evidence.start], evidence.passage[evidence.end :]
    return Markup("{}<mark>{}</mark>{}").format(escape(before), escape(evidence.quote), escape(after))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("agents.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": written.number,
        "share": written.share,
        "seconds": written.seconds,
        "link": _link,
        "marked": _marked,
        "svg": Markup,
    }
    return environment
