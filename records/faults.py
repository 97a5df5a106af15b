"""What a database's low-level failures mean to the person at the keyboard."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError

from records.errors import BadInput, Failure, TouchstoneError

_OS_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_NOT_WRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")
_BROKEN = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


def explain(error: Exception, place: str) -> TouchstoneError | None:
    """The error to show instead of this one, or None where it is nothing that a person can mend.

    ``place`` names the database (a path, or a URL without its password).
    """
    if isinstance(error, OSError):
        return _explain_errno(error.errno, place)
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _explain_sqlite(error.orig, place)
        return _explain_postgresql(error, place)
    return None


def disk_full(place: str) -> BadInput:
    return BadInput(
        "disk_full", f"no space left to write {place}; free some, or set TOUCHSTONE_DATA_DIR elsewhere"
    )


def is_full(words: str) -> bool:
    """Whether another program's words, which are all that it left, tell of a full disk."""
    return any(sign in words for sign in ("disk is full", "No space left", "quota exceeded"))


def not_writable(place: str, why: str) -> BadInput:
    return BadInput(
        "not_writable", f"cannot write {place} ({why}); set TOUCHSTONE_DATA_DIR to a folder of yours"
    )


def _explain_errno(number: int | None, place: str) -> TouchstoneError | None:
    if number in _OS_FULL:
        return disk_full(place)
    if number == errno.EROFS:
        return not_writable(place, "its disk is read-only")
    return None


def _explain_sqlite(error: sqlite3.Error, place: str) -> TouchstoneError | None:
    name: str = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return disk_full(place)
    if name.startswith("SQLITE_IOERR"):
        return BadInput(
            "disk_full", f"the disk refused to write {place} ({error}); is it full or over its quota?"
        )
    if name.startswith(_NOT_WRITABLE):
        return not_writable(place, str(error))
    if name.startswith(_BROKEN):
        return BadInput(
            "not_a_database", f"{place} is no SQLite database ({error}); move it away or name another"
        )
    if name.startswith("SQLITE_BUSY"):
        return Failure("database_busy", f"another process kept {place} locked for too long; try again")
    return None


def _explain_postgresql(error: DBAPIError, place: str) -> TouchstoneError | None:
    state = getattr(error.orig, "sqlstate", None)
    if state == "22P05" or "cannot contain NUL" in str(error.orig):
        return BadInput("bad_text", "a text holds a NUL character, which cannot be kept; take it out")
    if state == "22001":
        return BadInput("too_long", f"a text is too long to be kept: {error.orig}".splitlines()[0])
    if state == "53100":
        return disk_full(place)
    if state == "25006":
        return not_writable(place, "the server is read-only")
    # No SQLSTATE: the failure is the connection's; 57P0x: the server goes down or starts up.
    if error.connection_invalidated or (state or "").startswith("57P0"):
        return Failure("database_unreachable", f"the database {place} does not answer; is it running?")
    if state is None and type(error.orig).__name__ in {"OperationalError", "ConnectionTimeout"}:
        reason = str(error.orig).strip().splitlines()[0]
        return Failure("database_unreachable", f"cannot reach the database {place}: {reason}")
    return None
