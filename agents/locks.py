"""One process a run: the second one that wants to continue it is refused."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from config import Settings
from records.errors import BadInput


@contextmanager
def sole_holder(settings: Settings, run_id: str) -> Iterator[None]:
    """Hold the run for as long as the block lasts (BadInput ``run_busy`` if somebody holds it).

    Both kinds of lock end with their process, however it ends, so a killed run can be resumed at once.
    """
    if settings.database.startswith("sqlite"):
        with _file_lock(settings, run_id):
            yield
    else:
        with _advisory_lock(settings, run_id):
            yield


@contextmanager
def _file_lock(settings: Settings, run_id: str) -> Iterator[None]:
    folder = settings.data_dir / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / f"{run_id}.lock").open("w")
    except OSError as error:
        raise BadInput("not_writable", f"cannot write in {folder} ({error.strerror})") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(run_id) from error
        yield


@contextmanager
def _advisory_lock(settings: Settings, run_id: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"run {run_id}".encode()).digest()[:8], signed=True)
    with psycopg.connect(settings.database.replace("+psycopg", "", 1), autocommit=True) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        if row is None or not row[0]:
            raise _busy(run_id)
        yield


def _busy(run_id: str) -> BadInput:
    return BadInput("run_busy", f"run {run_id} is already being continued by another process; wait for it")
