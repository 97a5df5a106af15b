"""How a walk ends because somebody wants it to."""

from __future__ import annotations

from typing import Literal


class Halted(Exception):
    """The run is paused or cancelled; its last checkpoint is as it was."""

    def __init__(self, state: Literal["paused", "cancelled"]) -> None:
        super().__init__(f"the run is {state}")
        self.state = state
