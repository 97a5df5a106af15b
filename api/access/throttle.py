"""How often a password may be guessed: so often for one account, so often from one address."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from api.problems import Refused

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    at_once: int
    every_s: float
    """Seconds after which one more guess is allowed."""


ACCOUNT = Allowance(at_once=10, every_s=60.0)
ADDRESS = Allowance(at_once=30, every_s=20.0)


class Throttle:
    """Thread-safe; of this process. An account's name counts whether or not there is such an account."""

    def __init__(self, account: Allowance = ACCOUNT, address: Allowance = ADDRESS) -> None:
        self._lock = threading.Lock()
        self._allowances = {"account": account, "address": address}
        self._guesses: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def guess(self, account: str, address: str) -> None:
        """Count a guess before it is looked at; Refused 429 ``too_many_sign_ins`` for one too many."""
        keys = [("address", address), ("account", account)]
        with self._lock:
            at = time.monotonic()
            waits = [self._wait(key, at) for key in keys]
            if max(waits) == 0:
                for key in keys:
                    self._add(key, at, 1)
        if (wait := max(waits)) > 0:
            message = f"too many sign-ins went wrong; try again in {wait} s"
            raise Refused(429, "too_many_sign_ins", message, headers={"Retry-After": str(wait)})

    def was_right(self, account: str, address: str) -> None:
        """Take the guess back: it was none. What went wrong before still counts for the address."""
        with self._lock:
            self._guesses.pop(("account", account), None)
            self._add(("address", address), time.monotonic(), -1)

    def _wait(self, key: tuple[str, str], at: float) -> int:
        allowance = self._allowances[key[0]]
        over = self._level(key, at) - (allowance.at_once - 1)
        return math.ceil(over * allowance.every_s) if over > 0 else 0

    def _level(self, key: tuple[str, str], at: float) -> float:
        """Guesses that are not forgiven yet."""
        level, since = self._guesses.get(key, (0.0, at))
        return max(0.0, level - (at - since) / self._allowances[key[0]].every_s)

    def _add(self, key: tuple[str, str], at: float, guesses: int) -> None:
        level = max(0.0, self._level(key, at) + guesses)
        self._guesses[key] = (level, at)
        self._guesses.move_to_end(key)
        if len(self._guesses) > REMEMBERED:
            self._guesses.popitem(last=False)
