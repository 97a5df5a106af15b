"""What goes wrong with checkpoints, stores, budgets and requests that people hand in."""

from __future__ import annotations


class MoeError(ValueError):
    """Bad input to the engine; ``code`` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
