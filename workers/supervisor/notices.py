"""Hears from a child that it is ready, the way systemd does (see ``workers.readiness``)."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path


class Ear:
    """A socket that one child speaks to; what it said before it was started anew does not count."""

    def __init__(self, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._folder: Path | None = None
        if sys.platform == "linux":  # an abstract name: nothing to clean up, and no path that is too long
            self.place = f"@touchstone-{os.getpid()}-{name}"
            self._socket.bind("\0" + self.place[1:])
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="ts-"))
            self.place = str(self._folder / name)
            self._socket.bind(self.place)

    def heard(self) -> bool:
        """Whether it has said that it is ready, since it was last asked."""
        ready = False
        while True:
            try:
                ready = b"READY=1" in self._socket.recv(4096) or ready
            except BlockingIOError:
                return ready

    def forget(self) -> None:
        self.heard()

    def close(self) -> None:
        self._socket.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
