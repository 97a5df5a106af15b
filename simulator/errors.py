"""What goes wrong with a ground truth, a table or a sample that a caller hands in."""

from __future__ import annotations


class SimulatorError(ValueError):
    """Bad input to a laboratory; ``code`` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
