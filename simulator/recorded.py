"""A laboratory whose every measurement was made before: a table of values, looked up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Literal

from simulator.draws import keys, uniform
from simulator.errors import SimulatorError
from simulator.laboratory import Result, Sample


class RecordedLaboratory:
    """Looks up ``Sample.row`` among the replicates that were measured of it.

    ``values``: by row key; None or NaN for a replicate that failed. ``replicates``: ``average`` says all that
    is known of a row, so that asking again adds nothing; ``sample`` draws one of the replicates by ``seed``,
    row and number of the repetition, failed ones included, as an experiment done once would.
    SimulatorError ``infinite_value`` for a value that no average survives.
    """

    name = "recorded"

    def __init__(
        self,
        values: Mapping[str, Sequence[float | None]],
        *,
        replicates: Literal["average", "sample"] = "average",
        seed: int = 0,
        unit: str = "",
        cost: float = 1.0,
    ) -> None:
        for row, measured in values.items():
            if any(value is not None and math.isinf(value) for value in measured):
                raise SimulatorError("infinite_value", f"row {row!r} of the table holds an infinite value")
        self._values = {row: tuple(measured) for row, measured in values.items()}
        self._sampled = replicates == "sample"
        self._seed = seed
        self._unit = unit
        self._cost = cost

    def measure(self, samples: Sequence[Sample], *, replicate: int = 0) -> list[Result]:
        """Mean and standard error of each row (SimulatorError ``unknown_row`` for one not in the table).

        The standard error needs two values or more; a row without any value has failed.
        """
        return [self._look_up(sample, replicate) for sample in samples]

    def _look_up(self, sample: Sample, repetition: int) -> Result:
        if sample.row is None:
            raise SimulatorError("unknown_row", f"sample {sample.id!r} names no row of the recorded table")
        if sample.row not in self._values:
            raise SimulatorError("unknown_row", f"the recorded table has no row {sample.row!r}")
        replicates = self._values[sample.row]
        if self._sampled and replicates:
            drawn = uniform(keys([sample.row]), self._seed, repetition)[0]
            replicates = (replicates[int(drawn * len(replicates))],)
        good = [value for value in replicates if value is not None and not math.isnan(value)]
        if not good:
            return Result(sample.id, "failed", None, None, self._cost, self.name, "no value in the table")
        sem = stdev(good) / math.sqrt(len(good)) if len(good) > 1 else None
        note = self._note(good, replicates)
        return Result(sample.id, "done", fmean(good), sem, self._cost, self.name, note)

    def _note(self, good: Sequence[float], replicates: Sequence[float | None]) -> str:
        unit = f"in {self._unit}" if self._unit else ""
        averaged = f"mean of {len(good)} of {len(replicates)} replicates" if len(replicates) > 1 else ""
        return ", ".join(part for part in (averaged, unit) if part)
