"""Where experts are computed, and the line of copies that runs beside the computation.

Nothing here waits on the host unless it says so: the device itself holds computations back until the copies
that they need are done, and copies until what they overwrite was computed with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from moe.errors import MoeError

Mark = Any
"""A point in the work that was given to a device."""
MARGIN = 512 << 20
"""Bytes of a GPU left to CUDA's own libraries where no limit is given."""


class Device(Protocol):
    """Computes in one line and copies in another."""

    @property
    def name(self) -> torch.device: ...

    @property
    def free(self) -> int:
        """Bytes of its memory that could be taken."""
        ...

    def limit(self, memory: int) -> None:
        """Never take more than ``memory`` bytes for tensors: rather fail."""
        ...

    def pin(self, memory: Tensor) -> None:
        """Let the device copy from ``memory`` of the host beside other work; it must not be freed before
        :meth:`unpin`. Raises ``MoeError`` if the system allows no so much."""
        ...

    def unpin(self, memory: Tensor) -> None: ...

    def copies(self, work: Callable[[], None], after: Mark | None) -> Mark:
        """Queue ``work`` behind all copies so far, not before ``after``; returns the mark of its end."""
        ...

    def computed(self) -> Mark:
        """The end of all computation queued so far."""
        ...

    def hold(self, mark: Mark) -> None:
        """No computation queued from now on begins before ``mark``."""
        ...

    def wait(self, mark: Mark) -> None:
        """Let the host wait for ``mark``."""
        ...

    def upload(self, values: NDArray[Any]) -> Tensor:
        """Numbers of the host as a tensor, for work that is queued next in the same line."""
        ...


class InOrder:
    """The processor as a device: everything is done at once, in the order in which it was asked for."""

    name = torch.device("cpu")
    free = 1 << 50

    def limit(self, memory: int) -> None:
        pass

    def pin(self, memory: Tensor) -> None:
        pass

    def unpin(self, memory: Tensor) -> None:
        pass

    def copies(self, work: Callable[[], None], after: Mark | None) -> Mark:
        work()

    def computed(self) -> Mark:
        return None

    def hold(self, mark: Mark) -> None:
        pass

    def wait(self, mark: Mark) -> None:
        pass

    def upload(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.array(values))


class Cuda:
    """A GPU; copies have a stream of their own, which goes first."""

    def __init__(self, number: int = 0) -> None:
        self.name = torch.device("cuda", number)
        torch.cuda.set_device(self.name)
        self._stream = torch.cuda.Stream(self.name, priority=-1)  # type: ignore[no-untyped-call]

    @property
    def free(self) -> int:
        return int(torch.cuda.mem_get_info(self.name)[0]) - MARGIN

    def limit(self, memory: int) -> None:
        total = torch.cuda.get_device_properties(self.name).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, memory / total), self.name)

    def pin(self, memory: Tensor) -> None:
        code = int(_runtime().cudaHostRegister(memory.data_ptr(), memory.nbytes, 0))
        if code:
            raise MoeError(
                "cannot_pin",
                f"{memory.nbytes:,} bytes of the host cannot be pinned (CUDA error {code}): "
                "give less with --host-memory, or raise the limit (ulimit -l)",
            )

    def unpin(self, memory: Tensor) -> None:
        torch.cuda.synchronize(self.name)
        _runtime().cudaHostUnregister(memory.data_ptr())

    def copies(self, work: Callable[[], None], after: Mark | None) -> Mark:
        if after is not None:
            self._stream.wait_event(after)
        with torch.cuda.stream(self._stream):
            work()
        return self._stream.record_event()

    def computed(self) -> Mark:
        return torch.cuda.current_stream(self.name).record_event()

    def hold(self, mark: Mark) -> None:
        torch.cuda.current_stream(self.name).wait_event(mark)

    def wait(self, mark: Mark) -> None:
        mark.synchronize()

    def upload(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.array(values)).pin_memory().to(self.name, non_blocking=True)


def _runtime() -> Any:
    return torch.cuda.cudart()  # type: ignore[no-untyped-call]


def device_named(name: str) -> Device:
    """``cuda``, or ``cuda:1`` for the second; raises ``MoeError`` where there is no such GPU."""
    kind, _, number = name.partition(":")
    if kind != "cuda" or not (number or "0").isdigit():
        raise MoeError("unknown_device", f"there is no device {name!r}: use cpu, cuda or cuda:1, say")
    if int(number or 0) >= torch.cuda.device_count():
        raise MoeError(
            "no_gpu", f"this machine shows torch no GPU {name}: use --device cpu, or install torch for CUDA"
        )
    return Cuda(int(number or 0))
