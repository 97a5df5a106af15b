"""The schedule's clock: it sees to silent workers itself, for all workers may be busy for hours, or dying."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from kombu.exceptions import OperationalError

from records.errors import TouchstoneError
from workers.orders import KEEP

log = logging.getLogger(__name__)


class Clock(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Sends what is due, as Celery's own does; what keeps jobs going is also done here, before.

    It stays in memory, not in a file: two clocks do no harm. The message goes out all the same: workers that
    take it show that the schedule reaches them.
    """

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        if entry.task == KEEP:
            try:
                self.app.tasks[KEEP].run()
            except (TouchstoneError, OperationalError) as error:
                log.warning("jobs could not be seen to: %s", error)
        return super().apply_async(entry, *args, **options)
