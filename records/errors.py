"""Errors that people see: a stable code, and one line that says what to do."""

from __future__ import annotations


class TouchstoneError(Exception):
    """An error whose message is meant to be read by the person who can mend it."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BadInput(TouchstoneError):
    """What was asked for cannot be done as asked; nothing was kept."""

    exit_code = 2


class Failure(TouchstoneError):
    """The request was fine, but something that it needs did not work."""


class NotFound(BadInput):
    """There is nothing with this id in this workspace."""


class Conflict(BadInput):
    """It contradicts what is already kept."""
