"""A literature service and a source that asks it, waiting only in thought."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from answers import GELS
from literature_service import LiteratureService, Reply

from config import Settings, SourcesSettings
from knowledge.sources import Page, Query, Source, open_source

Opened = Callable[..., Source]
FirstPage = Callable[..., Page]


@pytest.fixture
def service() -> Iterator[LiteratureService]:
    with LiteratureService() as running:
        yield running


@pytest.fixture
def naps() -> list[float]:
    """For how long a source would have slept."""
    return []


@pytest.fixture
def opened(service: LiteratureService, naps: list[float], tmp_path: Path) -> Iterator[Opened]:
    """Opens a source by name, its service the local one; named settings are those of the sources."""
    with ExitStack() as stack:

        def of(name: str, **changed: Any) -> Source:
            urls = {} if name == "rss" else {f"{name}_url": service.url}
            told = {"pause": 0, "timeout_s": 30, "private_addresses": True, **urls, **changed}
            settings = Settings(data_dir=tmp_path / "data", sources=SourcesSettings(**told))
            return stack.enter_context(open_source(name, settings, "local", sleep=naps.append))

        yield of


@pytest.fixture
def page(service: LiteratureService, opened: Opened) -> FirstPage:
    """The first page of a source whose service gives this answer."""

    def of(name: str, reply: Reply, query: Query = GELS, **settings: Any) -> Page:
        service.answer = lambda asked: reply
        return next(opened(name, tries=1, **settings).fetch(query, {}))

    return of
