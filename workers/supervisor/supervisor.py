"""``touchstone serve``: starts all parts, keeps them running, and ends them together."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import Settings
from records import folder, restoring
from records.errors import Conflict, Failure
from workers.readiness import announce
from workers.supervisor import broker, logs
from workers.supervisor.child import Child, Program
from workers.supervisor.guard import Guard
from workers.supervisor.index import IndexUser
from workers.supervisor.listening import listen
from workers.supervisor.programs import own_url, programs
from workers.supervisor.serving import Place, Serving, only_one

TICK_S = 0.1
START_S = 60.0
TRIES = 4
"""Deaths of a child in a row, before all parts were up, that end the start."""
GRACE_S = 6.5
"""For what is under way when the end is asked for; a job that is cut off is done again."""
LAST_GRACE_S = 2.0
"""For the broker and the index, which end when nobody needs them any more."""
LOGS_EVERY_S = 30.0
EARLIER_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Started:
    url: str
    seconds: float


def serve(
    settings: Settings,
    say: Say,
    started: Callable[[Started], None],
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Serve from the settings' data directory until SIGTERM, SIGINT or SIGHUP.

    ``prepare`` is called before anything is started, ``started`` once, when all parts are well; ``say`` is
    given a line for what happens to them. Raises Conflict ``already_serving``, BadInput where the address is
    not to be had, Failure where a part does not start.
    """
    began = time.monotonic()
    data_dir = settings.data_dir
    folder.make_private(data_dir)
    with ExitStack() as stack:
        place = stack.enter_context(only_one(data_dir))
        _wait_for_earlier(data_dir)
        restoring.recover(data_dir)
        opened = stack.enter_context(listen(settings.server.host, settings.server.port, settings.api))
        prepare()
        (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
        embedded, broker_url = _broker(settings)
        wanted, ears = programs(settings, embedded, broker_url, opened)
        for ear in ears:
            stack.callback(ear.close)
        guard = Guard(data_dir)
        stack.callback(guard.close)
        index = None if settings.index.url is not None else IndexUser(data_dir, say)
        who = Serving(os.getpid(), own_url(opened), broker_url)
        stop = stack.enter_context(_asked_to_stop())
        _Supervisor(data_dir, wanted, index, guard, place, who, say, stop).run(
            lambda: started(Started(who.url, time.monotonic() - began))
        )


def _broker(settings: Settings) -> tuple[broker.EmbeddedBroker | None, str]:
    """The broker to start, or none where one is given; and its URL."""
    given = broker.given_broker(settings)
    if given is None:
        embedded = broker.embedded_broker(settings.data_dir)
        return embedded, embedded.url
    if not broker.answers(given):
        raise Failure("no_broker", "the broker of the settings does not answer; start it, or unset its URL")
    return None, given


def _wait_for_earlier(data_dir: Path) -> None:
    """What an earlier supervisor started is on its way out when that one was killed; wait for it."""
    with folder.held(data_dir / folder.MAINTENANCE, shared=True) as free:
        if not free:
            raise Conflict(
                "restoring", f"a backup is being restored into {data_dir}; try again when that ended"
            )
    with folder.held(data_dir / folder.CHILDREN, within_s=EARLIER_S) as gone:
        if not gone:
            raise Failure("not_ended", f"processes of an earlier start still use {data_dir}; end them first")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by the signals that mean the end; those that are ignored (nohup) stay so."""
    stop = threading.Event()

    def asked(*_: Any) -> None:
        stop.set()

    before = {
        number: signal.signal(number, asked)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Supervisor:
    def __init__(
        self,
        data_dir: Path,
        wanted: tuple[Program, ...],
        index: IndexUser | None,
        guard: Guard,
        place: Place,
        who: Serving,
        say: Say,
        stop: threading.Event,
    ) -> None:
        self._data_dir = data_dir
        self._children = [Child(program, data_dir, guard) for program in wanted]
        self._index = index
        self._guard = guard
        self._place = place
        self._who = who
        self._say = say
        self._stop = stop
        self._logs_due = 0.0

    def run(self, started: Callable[[], None]) -> None:
        try:
            if not self._bring_up():
                return
            self._place.tell(self._who)
            announce()
            started()
            while not self._stop.wait(TICK_S):
                if folder.is_held(self._data_dir / folder.MAINTENANCE):
                    self._pause()
                self._tick()
        finally:
            self._end()

    def _bring_up(self) -> bool:
        """Start all parts side by side; False where the end was asked for meanwhile."""
        deadline = time.monotonic() + START_S
        while not self._stop.wait(TICK_S):
            self._tick()
            ill = [child for child in self._children if not child.well]
            index_well = self._index is None or self._index.well
            if not ill and index_well:
                return True
            if self._index is not None and self._index.failure is not None:
                raise self._index.failure
            for child in ill:
                if child.deaths >= TRIES or time.monotonic() > deadline:
                    raise Failure(
                        "not_started",
                        f"{child.program.name} does not start; {child.log} ends: {logs.tail(child.log)}",
                    )
            if time.monotonic() > deadline:
                raise Failure("not_started", f"the index does not start; see {self._data_dir / 'chroma.log'}")
        return False

    def _tick(self) -> None:
        if self._guard.renew():
            self._say("the guard against orphans had ended; it is started again")
        if time.monotonic() >= self._logs_due:
            logs.trim(self._data_dir / "logs")
            self._logs_due = time.monotonic() + LOGS_EVERY_S
        if self._index is not None:
            self._index.start_if_due()
        for child in self._children:
            ended = child.look()
            if ended is not None:
                self._say(ended)
            child.start_if_due()

    def _pause(self) -> None:
        """Somebody restores a backup: be gone from the files until that has ended, however it ends."""
        self._say("a backup is being restored: all parts are ended until that is done")
        self._end()
        while folder.is_held(self._data_dir / folder.MAINTENANCE) and not self._stop.wait(TICK_S):
            continue
        if not self._stop.is_set():
            restoring.recover(self._data_dir)
            self._say("the restore has ended: all parts are started again")

    def _end(self) -> None:
        """End everything within ten seconds: first what works, then what it works with."""
        last = [child for child in self._children if child.program.name == "broker"]
        first = [child for child in self._children if child not in last]
        for child in first:
            child.ask_to_end()
        _until(lambda: all(child.gone() for child in first), GRACE_S)
        for child in first:
            child.kill()
        for child in last:
            child.ask_to_end()
        if self._index is not None:
            self._index.release()
        _until(lambda: all(child.gone() for child in last) and self._index_gone(), LAST_GRACE_S)
        for child in last:
            child.kill()

    def _index_gone(self) -> bool:
        return self._index is None or self._index.gone()


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
