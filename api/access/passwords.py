"""Passwords: argon2id, a few at a time, because each takes 64 MiB and a good part of a second's work."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import Refused
from records.errors import BadInput

AT_ONCE = 2
QUEUE = 8
"""Sign-ins at work or waiting; more are asked to come again, so that other requests find a thread."""
SHORTEST, LONGEST = 12, 1000
"""Characters."""


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._working = threading.BoundedSemaphore(AT_ONCE)
        self._queue = threading.BoundedSemaphore(QUEUE)

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """What is kept (Refused 429 ``busy``)."""
        with self._turn():
            return self._hasher.hash(_plain(password))

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; without a kept one, after as long, it is not (Refused 429 ``busy``)."""
        with self._turn():
            instead = self._of_nobody  # also where it is not needed, so that the first time tells nothing
            try:
                same = self._hasher.verify(kept or instead, _plain(password)[:LONGEST])
            except (VerificationError, InvalidHashError):
                return False
        return same and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than are in use now."""
        return self._hasher.check_needs_rehash(kept)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            message = "many people are signing in right now; try again in a moment"
            raise Refused(429, "busy", message, headers={"Retry-After": "2"})
        try:
            with self._working:
                yield
        finally:
            self._queue.release()


def check_new(password: str) -> None:
    """BadInput ``bad_password`` for what is too short to be safe, or too long to be a password."""
    length = len(_plain(password))
    if length < SHORTEST:
        raise BadInput(
            "bad_password", f"a password has at least {SHORTEST} characters; a few words make a good one"
        )
    if length > LONGEST:
        raise BadInput("bad_password", f"a password has at most {LONGEST} characters")


def _plain(password: str) -> str:
    """The same password typed on another keyboard is the same password."""
    return unicodedata.normalize("NFKC", password)
