"""How often one caller may ask: a token bucket each, in this process."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from api.problems import Refused
from config import ApiSettings

REMEMBERED = 10_000
"""Callers; whoever was not heard of for longest starts afresh, with a full bucket."""


class Rates:
    """Thread-safe; callers are named by any text."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._streams: dict[str, int] = {}

    def take(self, caller: str) -> None:
        """Count a request; raises Refused 429 ``too_many_requests`` once the bucket is empty."""
        at = time.monotonic()
        rate, burst = self._settings.rate, float(self._settings.burst)
        with self._lock:
            level, since = self._buckets.pop(caller, (burst, at))
            level = min(burst, level + (at - since) * rate)
            allowed = level >= 1
            self._buckets[caller] = (level - 1 if allowed else level, at)
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - level) / rate)
            message = f"too many requests; try again in {wait} s"
            raise Refused(429, "too_many_requests", message, headers={"Retry-After": str(wait)})

    @contextmanager
    def stream(self, caller: str) -> Iterator[None]:
        """Hold an event stream; raises Refused 429 ``too_many_streams`` beyond the settings' number."""
        with self._lock:
            held = self._streams.get(caller, 0)
            if held >= self._settings.streams:
                message = f"{held} event streams are open already; close one first"
                raise Refused(429, "too_many_streams", message, headers={"Retry-After": "5"})
            self._streams[caller] = held + 1
        try:
            yield
        finally:
            with self._lock:
                self._streams[caller] -= 1
                if not self._streams[caller]:
                    del self._streams[caller]
