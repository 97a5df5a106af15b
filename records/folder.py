"""The data directory: made private, and locked by whoever serves in it or changes its files as a whole.

All locks are the kernel's (flock): they end with the process that holds them, however it ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import BadInput, TouchstoneError
from records.faults import disk_full

SERVE = "serve.lock"
"""Held by the one supervisor of the directory."""
CHILDREN = "serve.held"
"""Shared by everything that the supervisor started: who has it alone knows that none of those is left."""
MAINTENANCE = "maintenance.lock"
"""Held while a restore changes the files: meanwhile a supervisor has no children running."""
RESTORE = "restore.lock"
"""Held by the one restore of the directory, while it unpacks and checks already."""


def make_private(folder: Path) -> None:
    """Make the directory if need be, for its owner alone; BadInput ``not_writable`` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(place: Path, error: OSError) -> TouchstoneError:
    """What it means to a person that a file or folder could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return disk_full(str(place))
    return BadInput("not_writable", f"cannot write {place} ({error.strerror})")


def open_lock(path: Path) -> int:
    """A descriptor to lock; its own at every call, and not inherited unless a child is given it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def lock(descriptor: int, *, shared: bool = False, within_s: float = 0.0) -> bool:
    """Whether the lock was had in time."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    until = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)


@contextmanager
def held(path: Path, *, shared: bool = False, within_s: float = 0.0) -> Iterator[bool]:
    """Try to hold the lock for as long as the block lasts; whether it was had."""
    descriptor = open_lock(path)
    try:
        yield lock(descriptor, shared=shared, within_s=within_s)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock alone."""
    if not path.exists():
        return False
    with held(path, shared=True) as free:
        return not free


def sync(path: Path) -> None:
    """Have the disk keep what was written to the file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
