"""What goes wrong with weights and activations that a caller hands in."""

from __future__ import annotations


class MoeError(ValueError):
    """Bad input to the engine; ``code`` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
