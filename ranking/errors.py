"""What a campaign cannot do as asked."""

from __future__ import annotations


class RankingError(ValueError):
    """A request that no campaign can meet; ``code`` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
