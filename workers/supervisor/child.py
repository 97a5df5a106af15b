"""A program under supervision: in a group of its own, started again when it ends, ended as a whole."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from records import folder
from workers.supervisor.guard import Guard

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0
STEADY_S = 30.0
"""A child that lived for so long starts anew with the shortest delay when it ends."""

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What is started, and how to see that it does its work."""

    name: str
    command: tuple[str, ...]
    well: Callable[[], bool]
    """Whether it is ready; asked until it is, and may take half a second."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside that of the supervisor."""
    inherits: tuple[int, ...] = ()
    """Descriptors that it is given."""
    before: Callable[[], None] | None = None
    """Called before every start."""
    niceness: int = 0
    """How far it steps back for the others when all want the processor."""


class Child:
    """One program's process; only the supervisor's main thread may touch it."""

    def __init__(self, program: Program, data_dir: Path, guard: Guard) -> None:
        self.program = program
        self.log = data_dir / "logs" / f"{program.name}.log"
        self.well = False
        self.deaths = 0
        """In a row, each after less than a steady life."""
        self._held = data_dir / folder.CHILDREN
        self._cwd = data_dir
        self._guard = guard
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start_if_due(self) -> None:
        if self._process is None and time.monotonic() >= self._due:
            self._start()

    def look(self) -> str | None:
        """See to it; a line to say where it has ended."""
        if self._process is None:
            return None
        code = self._ended()
        if code is not None:
            return self._bury(code)
        if not self.well:
            self.well = self.program.well()
        return None

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def gone(self) -> bool:
        """Whether it has ended, and everything in its group with it."""
        if self._process is None:
            return True
        if self._ended() is None:
            return False
        self._reap()
        return True

    def kill(self) -> None:
        if self._process is not None:
            self._kill_group()
            self._process.wait()
            self._reap()

    def _start(self) -> None:
        if self.program.before is not None:
            self.program.before()
        held = folder.open_lock(self._held)
        try:
            if not folder.lock(held, shared=True):
                return  # a restore has the folder to itself, and the supervisor will soon see it
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.program.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._cwd,
                    env={**os.environ, **self.program.environment},
                    pass_fds=(*self.program.inherits, held),
                    start_new_session=True,  # Ctrl-C is for the supervisor, which ends all in good order
                    preexec_fn=_prepared(os.getpid(), self.program.niceness),
                )
        finally:
            os.close(held)
        self._started = time.monotonic()
        self._guard.watch(self._process.pid)

    def _ended(self) -> int | None:
        """The exit code, once there is one; it is not reaped yet, so its group's number stays its own."""
        assert self._process is not None
        if not hasattr(os, "waitid"):  # macOS, before Python 3.13
            return self._process.poll()
        try:
            found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self._process.poll() or 0
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def _bury(self, code: int) -> str:
        lived = time.monotonic() - self._started
        self.deaths = 1 if lived >= STEADY_S else self.deaths + 1
        delay = min(FIRST_DELAY_S * 2 ** (self.deaths - 1), LONGEST_DELAY_S)
        self._due = time.monotonic() + delay
        self._reap()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{self.program.name} {how}; it is started again in {delay:.1f} s (see {self.log})"

    def _reap(self) -> None:
        assert self._process is not None
        self._kill_group()
        self._process.wait()
        self._guard.forget(self._process.pid)
        self._process, self.well = None, False

    def _kill_group(self) -> None:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        except PermissionError:  # macOS says so of a group in which only the dead are left
            return


def _prepared(parent: int, niceness: int) -> Callable[[], None]:
    """On Linux the kernel kills a child whose parent is gone, even if the reaper was killed as well."""

    def prepare() -> None:
        if niceness:
            os.nice(niceness)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
