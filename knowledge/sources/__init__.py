"""Where papers come from: one file a service behind one type, opened by name and imported only then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from config import Settings
from knowledge.sources.pace import Sleep
from knowledge.sources.source import Page, Query, Refused, Source, SourceDown
from records.errors import BadInput

__all__ = ["NAMES", "Page", "Query", "Refused", "Source", "SourceDown", "open_source"]

SERVICES = {
    "arxiv": "Arxiv",
    "crossref": "Crossref",
    "europe_pmc": "EuropePmc",
    "openalex": "OpenAlex",
    "pubmed": "PubMed",
    "rss": "Rss",
    "semantic_scholar": "SemanticScholar",
}
"""The class of each service, in the file of its name; the services' clients are heavy."""

NAMES = (*sorted(SERVICES), "folder")


@contextmanager
def open_source(
    name: str, settings: Settings, workspace: str, *, sleep: Sleep = time.sleep
) -> Iterator[Source]:
    """A source by its name, for the time of a ``with``; BadInput ``no_such_source`` for another name.

    ``workspace`` is the name of the one whose inbox the source ``folder`` reads. ``sleep`` waits for the
    services' sake, minutes at most; it may raise to end a fetch.
    """
    if name == "folder":
        from knowledge.sources.folder import Folder

        yield Folder(settings.data_dir, workspace, settings.pdf)
        return
    if name not in SERVICES:
        raise BadInput("no_such_source", f"there is no source '{name}'; use one of {', '.join(NAMES)}")
    from knowledge.sources.transport import Transport

    service: Any = getattr(import_module(f"knowledge.sources.{name}"), SERVICES[name])
    with Transport(
        name,
        settings.sources,
        settings.data_dir / "sources",
        service.pause_s(settings.sources),
        anywhere=service.anywhere,
        sleep=sleep,
    ) as transport:
        yield service(settings.sources, transport)
