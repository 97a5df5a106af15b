"""The supervisor's insurance: what it started ends with it, even when it is killed outright."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REAPER = Path(__file__).with_name("reaper.py")


class Guard:
    """Keeps one reaper process running, and that process informed of the groups that are alive."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._groups: set[int] = set()
        self._reaper = _start(data_dir)

    @property
    def pid(self) -> int:
        return self._reaper.pid

    def watch(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        self._groups.discard(group)
        self._tell(f"-{group}")

    def renew(self) -> bool:
        """Start the reaper again where it has ended; whether that was so."""
        if self._reaper.poll() is None:
            return False
        self._reaper = _start(self._data_dir)
        for group in self._groups:
            self._tell(f"+{group}")
        return True

    def close(self) -> None:
        """End the reaper, and with it whatever group was not forgotten."""
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        self._reaper.wait()

    def _tell(self, line: str) -> None:
        assert self._reaper.stdin is not None
        try:
            self._reaper.stdin.write(f"{line}\n")
            self._reaper.stdin.flush()
        except BrokenPipeError:
            return  # it was killed; renew() tells the next one everything


def _start(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(REAPER), str(data_dir)],  # so that one sees whose it is
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
