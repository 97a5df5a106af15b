"""Tokens a second beside others at the same memory: transformers in memory, and accelerate's disk offload.

    .venv/bin/python -m bench.moe_rivals model --share 0.25

Each is a process of its own in a memory cgroup (version 1, as root), so that the page cache counts as well.
It has the budget, and what Python, torch and transformers take without a model, counted by the same cgroup.
The budget is the dense weights, 16 MiB, and a share of the experts as they are in the checkpoint.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

CGROUPS = Path("/sys/fs/cgroup/memory")
ROOM = 2 << 30
"""Bytes enough for any process without a model."""
PROMPT, WRITTEN, ROUNDS = 64, 64, 1


def child(kind: str, folder: Path, memory: int | None, written: int) -> dict[str, Any]:
    """Measure one engine in this process."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if kind == "nothing":
        import moe.measure
        from moe.architecture import empty_model, read_config
        from moe.kernels import compile_kernels

        compile_kernels()
        empty_model(read_config(folder), torch.float32)
        return {"loaded": moe.measure.__name__}
    prompt = torch.randint(5, 1000, (1, PROMPT), generator=torch.Generator().manual_seed(1))
    if kind == "ours":
        from moe.measure import measure

        return asdict(measure(folder, memory, prompt[0].tolist(), written))
    with tempfile.TemporaryDirectory(dir=folder.parent) as offload:
        options: dict[str, Any] = {"dtype": torch.float32}
        if kind == "disk":
            options |= {"device_map": _experts_on_disk(folder), "offload_folder": offload}
        model = AutoModelForCausalLM.from_pretrained(folder, **options).train(False)
        with torch.inference_mode():
            began = time.perf_counter()
            out = model(prompt, use_cache=True)
            prefill = PROMPT / (time.perf_counter() - began)
            times: list[float] = []
            busy = 0.0
            for _ in range(written + 2):
                if len(times) == 2:
                    busy = time.thread_time()
                began = time.perf_counter()
                token = out.logits[:, -1].argmax(-1, keepdim=True)
                out = model(token, past_key_values=out.past_key_values, use_cache=True)
                times.append(time.perf_counter() - began)
        busy = (time.thread_time() - busy) / written
        return {"prefill": prefill, "decode": 1 / median(times[2:]), "own": busy}


def _experts_on_disk(folder: Path) -> dict[str, str]:
    """Everything in memory but the experts, for accelerate."""
    from moe.architecture import empty_model, experts_modules, read_config
    from moe.checkpoint import Checkpoint

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


def run(kind: str, folder: Path, budget: int | None, limit: int | None, written: int) -> dict[str, Any]:
    """Measure in a new process, in a cgroup of ``limit`` bytes."""
    with limited(limit) as group:
        command = [sys.executable, "-m", "bench.moe_rivals", str(folder), "--child", kind]
        command += ["--written", str(written), *(["--budget", str(budget)] if budget else [])]
        enter = f'echo $$ > {group}/cgroup.procs; exec "$@"' if group else 'exec "$@"'
        done = subprocess.run(["sh", "-c", enter, "sh", *command], capture_output=True, text=True)
        peak = int((group / "memory.max_usage_in_bytes").read_text()) if group else 0
    if done.returncode:
        return {
            "failed": done.stderr.strip().splitlines()[-1] if done.stderr else f"killed ({done.returncode})"
        }
    return {**json.loads(done.stdout.splitlines()[-1]), "peak": peak}


def compare(
    checkpoint: Path, share: float, work: Path, calibration: list[int], sparsity: float, written: int
) -> None:
    """Print a line for each engine."""
    from moe.choose import recipe_named
    from moe.convert import convert
    from moe.thresholds import calibrate

    stores = {}
    for name in ("exact", "int8", "floe"):
        stores[name] = convert(checkpoint, work / name, recipe_named(name))
    calibrate(stores["floe"].folder, calibration, sparsity)
    exact = stores["exact"]
    budget = exact.dense_bytes + int(share * exact.expert_bytes) + (16 << 20)
    print(
        f"experts {exact.expert_bytes:,} bytes, budget {budget:,} bytes, sparsity {sparsity:.0%}", flush=True
    )
    overhead = run("nothing", checkpoint, None, ROOM, 0)["peak"]
    limit = overhead + budget
    for _ in range(ROUNDS):
        show("transformers, all in memory", run("memory", checkpoint, None, None, written))
        show("ours exact, all in memory", run("ours", exact.folder, None, None, written))
        for name, store in stores.items():
            show(f"ours {name}", run("ours", store.folder, budget, limit, written))
        show("accelerate, experts on disk", run("disk", checkpoint, None, limit, 6))


def show(name: str, found: dict[str, Any]) -> None:
    figures = "  ".join(
        f"{key} {value:,.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in found.items()
    )
    print(f"{name:30} {figures}", flush=True)


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
    """Of the text that the model was trained on, or random ones for random weights."""
    text = folder / "training" / "text.txt"
    if not text.exists():
        return random.Random(1).choices(range(2048), k=1024)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    joined = tokenizer.eos_token.join(text.read_text().splitlines()[-100:])
    tokens: list[int] = tokenizer(joined, add_special_tokens=False)["input_ids"][:2048]
    return tokens


def main() -> None:
    parser = argparse.ArgumentParser(description="Side by side at the same memory.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.25, help="of the experts that the budget holds")
    parser.add_argument("--sparsity", type=float, default=0.8)
    parser.add_argument("--written", type=int, default=WRITTEN)
    parser.add_argument("--budget", type=int, help="for itself")
    parser.add_argument("--random", action="store_true", help="make the model: large experts, random weights")
    parser.add_argument("--child", choices=["nothing", "ours", "memory", "disk"], help="for itself")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child, given.folder, given.budget, given.written)))
        return
    if given.random and not given.folder.exists():
        make_random(given.folder)
    calibration = calibration_tokens(given.folder)
    with tempfile.TemporaryDirectory(dir=given.folder.parent) as work:
        compare(given.folder, given.share, Path(work), calibration, given.sparsity, given.written)


if __name__ == "__main__":
    main()
