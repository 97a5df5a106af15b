"""How fast channels cross the bus, beside one large copy: in runs, gathered, and read by a kernel."""

from __future__ import annotations

from bench.moe_gpu_parts.models import RandomHost, floe_store
from bench.moe_gpu_parts.shape import Row, Scene
from moe.gpu.channels import ChannelPool, Way
from moe.gpu.host import Staging
from moe.offloading.cache import Counts
from moe.offloading.predict import Guesses

RUNS = (1, 10, 50, 500)
"""Channels side by side in one copy."""
NAMES = {Way.gather: "gathered by the host", Way.read: "read by a kernel from pinned memory"}


def measure(scene: Scene) -> list[Row]:
    """Of channels of one expert."""
    peak = scene.peak()
    rows = [Row("one large copy from pinned memory", peak / 1e9, "GB/s")]
    shape = scene.shape
    store = floe_store(shape.with_layers(1))
    host, staging = RandomHost(store, scene.device), Staging(scene.device)
    pool = ChannelPool(store, scene.device, host, staging, shape.channels, Counts(), Guesses())
    source = host.bytes[: pool.rows.nbytes].view(pool.rows.dtype).view(pool.rows.shape)
    for run in RUNS:
        count = min(shape.channels // run // 2, 1000)
        if not count:
            continue

        def copies(run: int = run, count: int = count) -> None:
            for number in range(count):
                begin = 2 * number * run  # every other run, as a sparse expert has them
                pool.rows[begin : begin + run].copy_(source[begin : begin + run], non_blocking=True)

        speed = count * run * pool.rows[0].nbytes / scene.seconds(copies, 2)
        rows.append(Row(f"copies of {run} channels each", speed / 1e9, "GB/s", peak / 1e9))
    for way, speed in pool.measured().items():
        rows.append(Row(f"every few channels, {NAMES[way]}", speed / 1e9, "GB/s", peak / 1e9))
        scene.found[f"way {way}"] = speed
    pool.close()
    staging.close()
    host.close()
    return rows
