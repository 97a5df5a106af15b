"""What an embedded installation consists of, as command lines; the one place that knows them."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial

import httpx

from config import Settings
from workers.commands import beat_command, worker_command
from workers.supervisor import broker
from workers.supervisor.child import Program
from workers.supervisor.notices import Ear

PYTHON = (sys.executable, "-P", "-m")
"""With -P: whatever lies in the current folder, it is not imported."""


YIELDING = 10
"""A worker leaves the processor to whoever waits for a page."""


def programs(
    settings: Settings, embedded: broker.EmbeddedBroker | None, broker_url: str, opened: socket.socket
) -> tuple[tuple[Program, ...], tuple[Ear, ...]]:
    """All children, in the order of their start, and the ears that are to be closed at the end."""
    environment = {
        "TOUCHSTONE_DATA_DIR": str(settings.data_dir),
        "TOUCHSTONE_BROKER__URL": broker_url,
    }
    worker_ear, beat_ear = Ear("worker"), Ear("beat")
    api = Program(
        "api",
        (*PYTHON, "api", "--fd", str(opened.fileno())),
        partial(ready, own_url(opened)),
        environment,
        inherits=(opened.fileno(),),
    )
    jobs = worker_command(concurrency=settings.server.children, name="embedded")
    worker = _celery("worker", jobs, worker_ear, environment, niceness=YIELDING)
    # Beat by itself: one that the worker embeds is not started again when it dies alone.
    beat = _celery("beat", beat_command(), beat_ear, environment)
    started: tuple[Program, ...] = (api, worker, beat)
    if embedded is not None:
        well = partial(broker.answers, embedded.url)
        started = (Program("broker", embedded.command, well, before=embedded.configure), *started)
    return started, (worker_ear, beat_ear)


def ready(url: str) -> bool:
    """Whether the web process says that it can work."""
    try:
        # It answers only to names that it was given, and always to this one.
        return httpx.get(f"{url}/ready", headers={"Host": "127.0.0.1"}, timeout=0.5).is_success
    except httpx.HTTPError:
        return False


def own_url(opened: socket.socket) -> str:
    """Where this machine itself reaches the socket, which may listen on all of its addresses."""
    host, port = opened.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _celery(
    name: str, command: Sequence[str], ear: Ear, environment: dict[str, str], *, niceness: int = 0
) -> Program:
    # Children that do jobs side by side share the processors, rather than start a thread for each of them.
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    own = {
        "NOTIFY_SOCKET": ear.place,
        "OMP_NUM_THREADS": threads,
        "REMAP_SIGTERM": "SIGQUIT",  # at the end a worker waits for its jobs only as its settings say
    }
    forget: Callable[[], None] = ear.forget
    given = {**environment, **own}
    return Program(name, tuple(command), ear.heard, given, before=forget, niceness=niceness)
