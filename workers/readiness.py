"""Says when a worker or the schedule is ready, and lets no child of a worker outlive it.

The way is systemd's: a datagram ``READY=1`` to the socket that ``NOTIFY_SOCKET`` names. The supervisor of
``touchstone serve`` listens in the same way.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def announce(**_: Any) -> None:
    """Tell whoever started this process that it is ready; nothing where nobody asked."""
    place = os.environ.get("NOTIFY_SOCKET")
    if not place:
        return
    address = "\0" + place[1:] if place.startswith("@") else place
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        try:
            speaker.sendto(b"READY=1", address)
        except OSError:
            return  # who asked is gone


def die_with_parent(**_: Any) -> None:
    """On Linux: a worker that is killed takes the child that does its job with it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def connect() -> None:
    """Have Celery call the above at the right moments."""
    from celery.signals import beat_init, worker_process_init, worker_ready  # the supervisor has no Celery

    worker_ready.connect(announce, weak=False)
    beat_init.connect(announce, weak=False)
    worker_process_init.connect(die_with_parent, weak=False)
