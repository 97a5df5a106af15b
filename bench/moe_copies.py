"""What it costs and spares to take a low-precision copy of an expert that is missing and matters little.

    .venv/bin/python -m bench.moe_copies model.store model/training/text.txt --share 0.25

The store (exact, with copies: ``touchstone moe add-copies``) reads unseen text token by token, in memory for
a share of its experts, as in writing: once waiting for what is missing, once with copies.
"""

from __future__ import annotations

import argparse
import math
import time
from contextlib import closing
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from moe.offloading.load import load
from moe.writing.tokenizer import read_tokenizer

WARM = 16
"""Tokens before the counts begin."""


def read(folder: Path, memory: int, tokens: list[int], copies: bool) -> dict[str, float]:
    """Read ``tokens`` one by one; figures a token."""
    with closing(load(folder, memory, tokens=len(tokens), copies=copies)) as model, torch.inference_mode():
        past, losses = None, []
        began, bytes_before, stalled_before = 0.0, 0, 0.0
        for place, token in enumerate(tokens[:-1]):
            if place == WARM:
                began, bytes_before, stalled_before = time.perf_counter(), model.bytes_read, model.stalled
            out = model.model(torch.tensor([[token]]), past_key_values=past, use_cache=True)
            past = out.past_key_values
            losses.append(float(cross_entropy(out.logits[0], torch.tensor([tokens[place + 1]]))))
        count, seconds = len(losses) - WARM, time.perf_counter() - began
        return {
            "perplexity": math.exp(sum(losses) / len(losses)),
            "MB from disk": (model.bytes_read - bytes_before) / count / 1e6,
            "share of time waiting": (model.stalled - stalled_before) / seconds,
            "copies": (model.copies.used if model.copies else 0) / len(losses),
            "places": model.budget.slots,
            "tokens a second": count / seconds,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Low-precision copies on a miss: cost and gain.")
    parser.add_argument("store", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--tokens", type=int, default=1024)
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines = given.text.read_text().splitlines()
    tokenizer = read_tokenizer(given.store / "model", chat=False)
    text = tokenizer.eos_token.join(
        lines[: len(lines) // 50]
    )  # on which bench.train_small_moe does not train
    tokens = tokenizer.encode(text, add_special_tokens=False)[: given.tokens]
    with closing(load(given.store, tokens=len(tokens))) as model:
        store, total = model.store, model.budget.total
    memory = total - int((1 - given.share) * store.expert_bytes)
    for copies in (False, True):
        figures = read(given.store, memory, tokens, copies)
        shown = ", ".join(f"{name} {figure:.4g}" for name, figure in figures.items())
        print(f"{'copies' if copies else 'wait':7} {shown}", flush=True)


if __name__ == "__main__":
    main()
