"""The command lines of a worker and of beat: the one place that says how they are started and stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from workers.orders import QUEUES

STOP = signal.SIGQUIT
"""Ends a worker softly: it takes no more jobs, gives those at work ``TOUCHSTONE_WORKER__SOFT_SHUTDOWN_S``
seconds to end, and cuts off what is left, which is then done by another worker. SIGTERM waits for every job,
however long it takes. Beat ends at once on either."""


CELERY = (sys.executable, "-P", "-m", "celery", "--app", "workers.app", "--quiet")
"""With -P: whatever lies in the current folder, it is not imported."""


def worker_command(
    queues: Sequence[str] = QUEUES,
    *,
    concurrency: int | None = None,
    name: str = "worker",
    beat: bool = False,
) -> list[str]:
    """A worker of these queues; without ``concurrency`` it does as many jobs at once as the settings say.

    ``beat``: it also keeps the timetable, in a child of its own; that needs less memory than a process more.
    """
    command = [*CELERY, "worker"]
    command += [
        "--queues",
        ",".join(queues),
        "--hostname",
        f"{name}@%h",
        "--without-gossip",
        "--without-mingle",
    ]
    if concurrency is not None:
        command += ["--concurrency", str(concurrency)]
    return [*command, "--beat"] if beat else command


def beat_command() -> list[str]:
    """The timetable alone; any number of them may run at once."""
    return [*CELERY, "beat"]
