"""What every request handler works with, made once when the server starts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

from celery import Celery
from fastapi import Depends, Request
from kombu.exceptions import OperationalError

from records.database import Database
from workers.bell import ring

log = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Context:
    database: Database
    workspace_id: str
    tasks: Celery

    def ring(self) -> None:
        """Wake the workers now; without a broker the schedule does it later, and nothing is lost."""
        try:
            ring(self.database, self.tasks)
        except OperationalError as error:
            log.warning("the broker does not answer, so the job waits for it: %s", error)


def context_of(request: Request) -> Context:
    context: Any = request.app.state.context
    assert isinstance(context, Context)
    return context


InContext = Annotated[Context, Depends(context_of)]
