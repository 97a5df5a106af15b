"""Tokens a second beside others at the same memory: transformers in memory, and accelerate's disk offload.

    .venv/bin/python -m bench.moe_rivals model --share 0.25 0.125 --rounds 5

Each is a process of its own in a memory cgroup (version 1, as root), so that the page cache counts as well.
It has the budget, and what Python, torch and transformers take without a model, counted by the same cgroup.
The budget is the dense weights, 16 MiB, and a share of the experts as they are in the checkpoint. All read
and write the same tokens (of the text that the model was trained on, or random ones for random weights), so
that they use the same experts; a prompt is read twice, as the first time weights still come from disk.
Engines take turns, round after round; what is printed is the median and, in brackets, the extremes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

CGROUPS = Path("/sys/fs/cgroup/memory")
ROOM = 2 << 30
"""Bytes enough for any process without a model."""
PROMPT, WRITTEN, ROUNDS = 64, 64, 3
WRITTEN_FROM_DISK = 6
"""Tokens that accelerate writes: each takes long."""
SHOWN = {
    "prefill": ("prefill, tokens/s", 1.0),
    "warm_prefill": ("warm", 1.0),
    "decode": ("decode, tokens/s", 1.0),
    "own": ("own ms/token", 1e3),
    "stalled": ("waiting, %", 100.0),
    "read_per_token": ("read, MB/token", 1e-6),
    "touched_per_token": ("computed with, MB/token", 1e-6),
    "hit_rate": ("found, %", 100.0),
    "of_belady": ("of best, %", 100.0),
    "predicted": ("experts foretold, %", 100.0),
    "mask_recall": ("channels foretold, %", 100.0),
    "peak": ("peak, MB", 1e-6),
}
"""Figures of an engine: what they are called, and their unit."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One that is measured, and how."""

    name: str
    kind: str
    folder: Path
    budget: int | None = None
    limit: int | None = None
    """Of its cgroup."""
    written: int = WRITTEN


def child(kind: str, folder: Path, memory: int | None, tokens: Sequence[int]) -> dict[str, Any]:
    """Measure one engine in this process."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    from moe.offloading.measure import WARM, measure, read, write

    if kind == "nothing":
        from moe.architecture import empty_model, read_config
        from moe.recipes.kernels import compile_kernels

        compile_kernels()
        empty_model(read_config(folder), torch.float32)
        return {}
    if kind == "ours":
        return asdict(measure(folder, memory, tokens, PROMPT))
    with tempfile.TemporaryDirectory(dir=folder.parent) as offload:
        options: dict[str, Any] = {"dtype": torch.float32}
        if kind == "disk":
            options |= {"device_map": _experts_on_disk(folder), "offload_folder": offload}
        model = AutoModelForCausalLM.from_pretrained(folder, **options).train(False)
        with torch.inference_mode():
            cold, _ = read(model, tokens[:PROMPT])
            warm, cache = read(model, tokens[:PROMPT])
            write(model, cache, tokens[PROMPT : PROMPT + WARM])
            busy = time.thread_time()
            times = write(model, cache, tokens[PROMPT + WARM :])
        busy = (time.thread_time() - busy) / len(times)
        return {
            "prefill": PROMPT / cold,
            "warm_prefill": PROMPT / warm,
            "decode": 1 / median(times),
            "own": busy,
        }


def _experts_on_disk(folder: Path) -> dict[str, str]:
    """Everything in memory but the experts, for accelerate."""
    from moe.architecture import empty_model, experts_modules, read_config
    from moe.storing.checkpoint import Checkpoint

    model = empty_model(read_config(folder), Checkpoint.at(folder).dtype())
    experts = [name for name, _ in experts_modules(model)]
    places = dict.fromkeys(experts, "disk")
    for name, _ in model.named_parameters(remove_duplicate=False):
        if not any(name.startswith(f"{expert}.") for expert in experts):
            places[name.rpartition(".")[0]] = "cpu"
    return places


@contextmanager
def limited(memory: int | None) -> Iterator[Path | None]:
    """A memory cgroup of ``memory`` bytes, gone afterwards."""
    if memory is None:
        yield None
        return
    group = CGROUPS / f"moe-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(memory))
        yield group
    finally:
        time.sleep(0.2)
        group.rmdir()


def run(engine: Engine, tokens: Path) -> dict[str, Any]:
    """Measure in a new process, in its cgroup."""
    with limited(engine.limit) as group:
        command = [sys.executable, "-m", "bench.moe_rivals", str(engine.folder), "--child", engine.kind]
        command += ["--written", str(engine.written), "--tokens", str(tokens)]
        command += ["--budget", str(engine.budget)] if engine.budget else []
        enter = f'echo $$ > {group}/cgroup.procs; exec "$@"' if group else 'exec "$@"'
        done = subprocess.run(["sh", "-c", enter, "sh", *command], capture_output=True, text=True)
        peak = int((group / "memory.max_usage_in_bytes").read_text()) if group else None
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"killed ({done.returncode})"]
        return {"failed": why[0]}
    return {**json.loads(done.stdout.splitlines()[-1]), "peak": peak}


def engines(checkpoint: Path, stores: dict[str, Any], shares: Sequence[float], overhead: int) -> list[Engine]:
    """All that are compared; ``overhead`` is what a process takes without a model."""
    exact = stores["exact"]
    found = [
        Engine("transformers, all in memory", "memory", checkpoint),
        *(Engine(f"ours {name}, all in memory", "ours", store.folder) for name, store in stores.items()),
    ]
    for share in shares:
        budget = exact.dense_bytes + int(share * exact.expert_bytes) + (16 << 20)
        limit = overhead + budget
        print(f"share {share}: budget {budget:,} bytes, cgroup {limit:,} bytes", flush=True)
        for name, store in stores.items():
            found.append(Engine(f"ours {name}, {share}", "ours", store.folder, budget, limit))
        disk = Engine(f"accelerate, disk, {share}", "disk", checkpoint, None, limit, WRITTEN_FROM_DISK)
        found.append(disk)
    return found


def compare(given: argparse.Namespace, work: Path) -> None:
    """Measure every engine in every round, and print what was found."""
    from moe.recipes.choose import recipe_named
    from moe.recipes.thresholds import calibrate
    from moe.storing.convert import convert

    stores = {
        name: convert(given.folder, work / name, recipe_named(name))
        for name in dict.fromkeys(("exact", *given.recipes))
    }
    if "floe" in stores:
        calibrate(stores["floe"].folder, calibration_tokens(given.folder), given.sparsity)
    tokens = work / "tokens.json"
    tokens.write_text(json.dumps(unseen_tokens(given.folder)))
    overhead = run(Engine("nothing", "nothing", given.folder, limit=ROOM), tokens)["peak"]
    measured: dict[str, list[dict[str, Any]]] = defaultdict(list)
    compared = engines(given.folder, stores, given.share, overhead)
    for number in range(given.rounds):
        for engine in compared:
            measured[engine.name].append(run(engine, tokens))
            print(f"round {number + 1}: {engine.name}: {summary(measured[engine.name][-1:])}", flush=True)
    print()
    for name, found in measured.items():
        print(f"{name:30} {summary(found)}")


def summary(found: Sequence[dict[str, Any]]) -> str:
    """Medians and extremes of the rounds' figures."""
    failed = [one["failed"] for one in found if "failed" in one]
    if failed:
        return f"failed: {failed[0]}"
    parts = []
    for key, (name, unit) in SHOWN.items():
        values = [one[key] * unit for one in found if one.get(key) is not None]
        if values:
            spread = f" ({digits(min(values))} to {digits(max(values))})" if len(values) > 1 else ""
            parts.append(f"{name} {digits(median(values))}{spread}")
    return "; ".join(parts)


def digits(value: float) -> str:
    """Three of them."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def make_random(folder: Path) -> None:
    """A Mixtral of random weights whose experts are of a size where reading them costs more than all else."""
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    torch.manual_seed(1)
    config = MixtralConfig(
        vocab_size=2048,
        hidden_size=512,
        intermediate_size=1408,
        num_hidden_layers=6,
        num_attention_heads=8,
        num_key_value_heads=4,
        num_local_experts=16,
        sliding_window=None,
        max_position_embeddings=2048,
    )
    MixtralForCausalLM(config).save_pretrained(folder)


def calibration_tokens(folder: Path) -> list[int]:
    """Of the last lines of the text that the model was trained on, or random ones for random weights."""
    lines = text_of(folder)
    return random.Random(1).choices(range(2048), k=1024) if not lines else tokens_of(folder, lines[-100:])


def unseen_tokens(folder: Path) -> list[int]:
    """Of the first lines of that text, on which the model was not trained, or other random ones."""
    lines = text_of(folder)
    return random.Random(2).choices(range(5, 2048), k=1024) if not lines else tokens_of(folder, lines[:300])


def text_of(folder: Path) -> list[str]:
    text = folder / "training" / "text.txt"
    return text.read_text().splitlines() if text.exists() else []


def tokens_of(folder: Path, lines: Sequence[str]) -> list[int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    joined = tokenizer.eos_token.join(lines)
    tokens: list[int] = tokenizer(joined, add_special_tokens=False)["input_ids"][:2048]
    return tokens


def main() -> None:
    parser = argparse.ArgumentParser(description="Side by side at the same memory.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--share", type=float, nargs="+", default=[0.25], help="of the experts that the budget holds"
    )
    parser.add_argument("--recipes", nargs="+", default=["exact", "int8", "floe"])
    parser.add_argument("--sparsity", type=float, default=0.8)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--random", action="store_true", help="make the model: large experts, random weights")
    parser.add_argument("--written", type=int, help="for itself")
    parser.add_argument("--budget", type=int, help="for itself")
    parser.add_argument("--tokens", type=Path, help="for itself")
    parser.add_argument("--child", choices=["nothing", "ours", "memory", "disk"], help="for itself")
    given = parser.parse_args()
    if given.child:
        from moe.offloading.measure import WARM

        tokens = json.loads(given.tokens.read_text())[: PROMPT + WARM + given.written]
        print(json.dumps(child(given.child, given.folder, given.budget, tokens)))
        return
    if given.random and not given.folder.exists():
        make_random(given.folder)
    with tempfile.TemporaryDirectory(dir=given.folder.parent) as work:
        compare(given, Path(work))


if __name__ == "__main__":
    main()
