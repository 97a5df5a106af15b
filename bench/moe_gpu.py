"""Everything that needs a GPU, in one call of 8 minutes at most: kernels, transfers, a large model, a rival.

    .venv/bin/python -m bench.moe_gpu --memory 11GiB --out moe-gpu.json

Weights are random and made on the fly, in the shape of Mixtral-8x7B; where the machine's memory holds fewer
layers, the tables say how many there were. A section that fails names its error, and the others go on.
``--smoke`` runs all of it in small on the processor, where Triton's interpreter stands in for a GPU: it shows
that the program works, and its times mean nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import moe.gpu  # noqa: F401 - tells Triton to interpret where there is no GPU, before anyone imports it
from bench.moe_gpu_parts import kernels, models, transfers
from bench.moe_gpu_parts.shape import MIXTRAL, SMALL, Row, Scene, Shape
from moe.gpu.device import Cuda, InOrder
from moe.offloading.budget import parse_bytes, show_bytes

MINUTES = 7.5
SECTIONS: dict[str, Callable[[Scene], list[Row]]] = {
    "kernels": kernels.measure,
    "transfers": transfers.measure,
    "model": models.ours,
    "accelerate": models.accelerate_offload,
}


@dataclass(slots=True)
class Report:
    """What was measured, and what failed."""

    device: str
    memory: int
    shape: Shape
    torch: str = torch.__version__
    date: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    rows: list[Row] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def markdown(self) -> str:
        layers = f"{self.shape.layers} of {MIXTRAL.layers} layers"
        head = (
            f"{self.device}, torch {self.torch}, {self.date}; {layers}, {show_bytes(self.memory)} of the GPU"
        )
        lines = [head, "", "| what | measured | bound | share |", "|---|---|---|---|"]
        for row in self.rows:
            bound = "" if row.bound is None else f"{row.bound:.4g} {row.unit}"
            share = "" if row.share is None else f"{row.share:.0%}"
            lines.append(f"| {row.what} | {row.value:.4g} {row.unit} | {bound} | {share} |")
        lines += [f"| {name} | failed: {error} | | |" for name, error in self.failed.items()]
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """For a file."""
        return {
            "device": self.device,
            "torch": self.torch,
            "date": self.date,
            "memory": self.memory,
            "layers": self.shape.layers,
            "rows": [row.plain() for row in self.rows],
            "failed": self.failed,
            "seconds": self.seconds,
        }


def run(scene: Scene, names: list[str], minutes: float = MINUTES) -> Report:
    """Every section in turn, as long as there is time."""
    report = Report(scene.title, scene.memory, scene.shape)
    began = time.monotonic()
    for name in names:
        if time.monotonic() - began > 60 * minutes:
            report.failed[name] = "left out: no time was left"
            continue
        start = time.monotonic()
        try:
            report.rows += SECTIONS[name](scene)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other sections must not be lost
            traceback.print_exc()
            report.failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
        report.seconds[name] = time.monotonic() - start
        scene.clean()
        print(f"{name}: {report.seconds[name]:.0f} s", file=sys.stderr, flush=True)
    return report


def scene_of(given: argparse.Namespace, work: Path) -> Scene:
    """Where to measure, and what."""
    if given.smoke:
        return Scene(InOrder(), SMALL, SMALL.memory, work, "smoke test on the processor")
    device = Cuda()
    title = torch.cuda.get_device_name(device.name)
    shape = MIXTRAL.with_layers(given.layers or MIXTRAL.fitting())
    return Scene(device, shape, parse_bytes(given.memory), work, title)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kernels, transfers and a Mixtral's shape on a GPU.")
    parser.add_argument("--memory", default="11GiB", help="of the GPU, for the model")
    parser.add_argument("--layers", type=int, help="fewer than Mixtral's 32")
    parser.add_argument("--sections", nargs="+", choices=list(SECTIONS), default=list(SECTIONS))
    parser.add_argument("--out", type=Path, help="a file for the figures as JSON")
    parser.add_argument("--smoke", action="store_true", help="in small, on the processor")
    given = parser.parse_args(arguments)
    if not given.smoke and not torch.cuda.is_available():
        print("No GPU: torch finds no CUDA device here. --smoke shows that the program works.")
        return 1
    with tempfile.TemporaryDirectory() as work, torch.inference_mode():
        report = run(scene_of(given, Path(work)), given.sections)
    print(report.markdown())
    if given.out:
        given.out.write_text(json.dumps(report.plain(), indent=1))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
