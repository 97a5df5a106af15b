"""How much worse a model writes for how many bytes of an expert less: perplexity by recipe and criterion.

    .venv/bin/python -m bench.moe_quality model model/training/text.txt --picture moe-quality.png

Perplexity is that of the first lines of the text, on which ``bench.train_small_moe`` does not train; limits
are calibrated on its last lines. Bytes are those of one expert that a token makes the engine touch.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer
from transformers.utils import logging

from moe.offloading.load import load
from moe.recipes.choose import recipe_named
from moe.recipes.floe import FloeLayer
from moe.recipes.thresholds import Criterion, calibrate
from moe.storing.convert import convert
from moe.storing.store import Store

PIECE = 256
SPARSITIES = (0.5, 0.7, 0.8, 0.9)
CRITERIA = {
    "|up|, by expert (FloE)": Criterion("up", "expert"),
    "share |up| |down|, by expert": Criterion("down", "expert"),
    "share |up| |down|, by layer": Criterion("down", "layer"),
    "share |up| |down|, whole model": Criterion("down", "model"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One point of the curve."""

    name: str
    sparsity: float
    bytes: float
    """Of one expert, touched for one token."""
    perplexity: float


def perplexity(folder: Path, pieces: Tensor) -> tuple[float, float]:
    """Of a store on ``pieces`` [n, tokens], and the share of channels that it used."""
    with closing(load(folder, tokens=PIECE)) as model, torch.inference_mode():
        losses = [float(model.model(piece[None], labels=piece[None]).loss) for piece in pieces]
        layers = [layer.compute for layer in model.layers if isinstance(layer.compute, FloeLayer)]
        asked = sum(layer.asked for layer in layers)
        used = sum(layer.used for layer in layers) / asked if asked else 1.0
    return math.exp(sum(losses) / len(losses)), used


def measure(checkpoint: Path, unseen: Tensor, calibration: list[int], work: Path) -> Iterator[Measured]:
    """Every recipe, then floe with every criterion and sparsity."""
    for name in ("exact", "int8", "int4"):
        store = convert(checkpoint, work / name, recipe_named(name))
        yield Measured(name, 0, store.largest_record, perplexity(store.folder, unseen)[0])
    store = convert(checkpoint, work / "floe", recipe_named("floe"))
    yield Measured("floe", 0, channel_bytes(store), perplexity(store.folder, unseen)[0])
    for name, criterion in CRITERIA.items():
        for sparsity in SPARSITIES:
            calibrate(store.folder, calibration, sparsity, criterion)
            found, used = perplexity(store.folder, unseen)
            yield Measured(name, 1 - used, channel_bytes(store) * used, found)


def channel_bytes(store: Store) -> float:
    """Of all channels of one expert of a floe store."""
    return float(store.layers[0].layout.fields[0].nbytes)


def draw(measured: list[Measured], picture: Path) -> None:
    """Perplexity over bytes, a line a criterion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    exact = measured[0]
    for name in dict.fromkeys(point.name for point in measured):
        points = [point for point in measured if point.name == name]
        axes.plot(
            [exact.bytes / point.bytes for point in points],
            [point.perplexity for point in points],
            "o-",
            label=name,
        )
    axes.axhline(exact.perplexity * 1.05, color="grey", linestyle=":", label="exact + 5 %")
    axes.set(
        xscale="log",
        xlabel="times fewer bytes an expert than exact",
        ylabel="perplexity",
        ylim=(None, 1.5 * exact.perplexity),
    )
    axes.legend()
    figure.savefig(picture, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description="Perplexity over bytes, by recipe and criterion.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--calibration", type=int, default=16, help="pieces of 256 tokens")
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(given.checkpoint)
    lines = given.text.read_text().splitlines()
    unseen, seen = lines[: len(lines) // 50], lines[-600:]
    end = tokenizer.eos_token
    row = tokenizer(end.join(unseen), add_special_tokens=False)["input_ids"][: given.pieces * PIECE]
    pieces = torch.tensor(row[: len(row) // PIECE * PIECE]).view(-1, PIECE)
    calibration = tokenizer(end.join(seen), add_special_tokens=False)["input_ids"][
        : given.calibration * PIECE
    ]
    measured: list[Measured] = []
    print(f"{'recipe':36} {'left out':>9} {'bytes':>9} {'fewer':>6} {'perplexity':>10} {'worse':>7}")
    with tempfile.TemporaryDirectory() as work:
        for point in measure(given.checkpoint, pieces, calibration, Path(work)):
            measured.append(point)
            fewer, worse = measured[0].bytes / point.bytes, point.perplexity / measured[0].perplexity - 1
            figures = f"{point.bytes:9,.0f} {fewer:6.1f} {point.perplexity:10.2f} {worse:+7.1%}"
            print(f"{point.name:36} {point.sparsity:9.0%} {figures}", flush=True)
    if given.picture:
        draw(measured, given.picture)


if __name__ == "__main__":
    main()
