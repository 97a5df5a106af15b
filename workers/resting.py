"""Gives memory back when nobody works: a worker's children that hold much are replaced by fresh ones.

A child keeps what its jobs have loaded (torch, models), so that the next job is quick. After some minutes
without any job that is memory for nothing.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from workers.orders import KEEP, TIMETABLE

log = logging.getLogger(__name__)

LOOK_S = 10.0
MUCH_MB = 200.0
"""Resident; a child that has only kept house has less."""
HOUSEKEEPING = frozenset({KEEP, TIMETABLE})


def connect(rest_s: float) -> None:
    """Have every worker of this app rest after so many seconds without a job."""
    from celery.signals import worker_ready

    def begin(sender: Any, **_: Any) -> None:
        # In the worker's own event loop: nothing is handed to a child meanwhile.
        sender.timer.call_repeatedly(LOOK_S, _Rest(sender.pool, rest_s).look)

    worker_ready.connect(begin, weak=False)


class _Rest:
    def __init__(self, pool: Any, rest_s: float) -> None:
        self._pool = pool
        self._rest_s = rest_s
        self._begun = 0
        self._busy_at = time.monotonic()

    def look(self) -> None:
        from celery.worker import state

        begun = sum(count for name, count in state.total_count.items() if name not in HOUSEKEEPING)
        if begun != self._begun or any(one.name not in HOUSEKEEPING for one in state.reserved_requests):
            self._begun, self._busy_at = begun, time.monotonic()
        if time.monotonic() - self._busy_at < self._rest_s or state.reserved_requests:
            return
        children = [process.pid for process in self._pool._pool._pool]
        if any(_resident_mb(pid) > MUCH_MB for pid in children):
            log.info("no job for %.0f s: the %d children are replaced", self._rest_s, len(children))
            self._pool.shrink(len(children))
            self._pool.grow(len(children))


def _resident_mb(pid: int) -> float:
    """0 where it cannot be told."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in told.splitlines() if line.startswith("VmRSS:")), 0) / 1000
