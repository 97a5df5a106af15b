"""What is measured, where, and how a measurement reads."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import MixtralConfig
from triton.testing import do_bench

from moe.gpu.device import Device
from moe.gpu.launch import Projection
from moe.storing.disk import buffer

SHARE_OF_MEMORY = 0.75
"""Of the host's that a model of the rival's may take."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a Mixtral, and how much is measured with it."""

    hidden: int
    channels: int
    experts: int
    layers: int
    heads: int
    vocabulary: int
    prompt: int
    warm: int
    """Tokens written before the clock starts."""
    written: int
    repeats: int
    block: int
    """Bytes of a large copy."""
    memory: int
    sparsity: float = 0.8

    @property
    def config(self) -> MixtralConfig:
        return MixtralConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=self.channels,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=max(1, self.heads // 4),
            num_local_experts=self.experts,
            num_experts_per_tok=2,
            sliding_window=None,
            max_position_embeddings=4096,
        )

    @property
    def layer_bytes(self) -> int:
        """Of one layer's experts in 16 bits."""
        return self.experts * 3 * self.channels * self.hidden * 2

    def with_layers(self, layers: int) -> Shape:
        return replace(self, layers=layers)

    def fitting(self) -> int:
        """Layers that the host's memory holds in 16 bits, as the rival keeps them."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return max(2, min(self.layers, int(SHARE_OF_MEMORY * memory) // self.layer_bytes))


MIXTRAL = Shape(4096, 14336, 8, 32, 32, 32000, 256, 4, 48, 50, 1 << 30, 11 << 30)
SMALL = Shape(64, 64, 3, 2, 4, 256, 12, 1, 1, 1, 1 << 20, 256 << 20)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, and what it could be at best."""

    what: str
    value: float
    unit: str
    bound: float | None = None
    better: str = "more"
    """``less`` for times."""

    @property
    def share(self) -> float | None:
        """Of the bound that is reached."""
        if not self.bound:
            return None
        return self.value / self.bound if self.better == "more" else self.bound / self.value

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "share": self.share}


@dataclass(slots=True)
class Scene:
    """A device and a shape; sections leave here what later ones compare with."""

    device: Device
    shape: Shape
    memory: int
    work: Path
    title: str
    found: dict[str, float] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        return self.device.name.type == "cuda"

    def seconds(self, work: Callable[[], object], repeats: int | None = None) -> float:
        """Of one call, when several are queued one after another; the first, unmeasured, compiles."""
        times = repeats or self.shape.repeats
        work()
        self.wait()
        began = time.perf_counter()
        for _ in range(times):
            work()
        self.wait()
        return (time.perf_counter() - began) / times

    def kernel_seconds(self, work: Callable[[], object]) -> float:
        """Of one call on the device alone, with nothing of the last call in its caches."""
        if not self.on_gpu:
            return self.seconds(work)
        return float(do_bench(work, return_mode="median")) / 1e3

    def wait(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize(self.device.name)

    def clean(self) -> None:
        """Between sections: nothing of the last one is held."""
        gc.collect()
        if self.on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device.name)
            self.device.limit(torch.cuda.get_device_properties(self.device.name).total_memory)

    def bandwidth(self) -> float:
        """Bytes a second that the device reads and writes in its own memory."""
        if "bandwidth" not in self.found:
            block = torch.empty(self.shape.block, dtype=torch.uint8, device=self.device.name)
            other = torch.empty_like(block)
            self.found["bandwidth"] = 2 * len(block) / self.seconds(lambda: other.copy_(block), 10)
        return self.found["bandwidth"]

    def peak(self) -> float:
        """Bytes a second of one large copy from pinned memory."""
        if "peak" not in self.found:
            block = buffer(self.shape.block).fill_(1)
            self.device.pin(block)
            other = torch.empty(len(block), dtype=torch.uint8, device=self.device.name)
            self.found["peak"] = len(block) / self.seconds(lambda: other.copy_(block, non_blocking=True), 5)
            self.device.unpin(block)
        return self.found["peak"]


def random_projection(shape: Shape, device: torch.device) -> Projection:
    """Of one layer, as large as weights of a trained model are."""
    experts, channels, groups = shape.experts, shape.channels, shape.hidden // 64
    packed = torch.randint(256, (experts, channels, shape.hidden // 4), dtype=torch.uint8, device=device)
    scale = torch.full((experts, channels, groups), 0.018, dtype=torch.float16, device=device)
    ones = torch.ones(experts, device=device)
    weight = torch.ones((experts, channels), device=device)
    return Projection(packed, scale, -1.5 * scale, weight, -ones, ones)


def random_rows(count: int, hidden: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Channels in 8 bits with their scales."""
    rows = torch.randint(-127, 128, (count, 3, hidden), dtype=torch.int8, device=device)
    return rows, torch.full((count, 3), 0.02 / 73, device=device)
