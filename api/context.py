"""What every request handler works with, made once when the server starts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Annotated, Any

from celery import Celery
from fastapi import Depends, Request
from kombu.exceptions import OperationalError

from api.access.noting import Noting
from api.access.passwords import Passwords
from api.access.throttle import Throttle
from api.rates import Rates
from config import Settings
from records.database import Database
from workers.bell import ring

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    database: Database
    tasks: Celery
    secret: bytes = field(repr=False)
    """The installation's own key, under which keys and sessions are kept."""
    rates: Rates
    noting: Noting = field(default_factory=Noting)
    passwords: Passwords = field(default_factory=Passwords)
    throttle: Throttle = field(default_factory=Throttle)

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
