"""What the engine's tests share: a tiny checkpoint with a tokenizer, and its store."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging

from bench.train_small_moe import make_tokenizer
from moe.recipes.choose import recipe_named
from moe.storing.convert import convert
from moe.storing.store import Store
from tests.moe.zoo import save_tiny

LINES = [
    "The catalyst is stirred in water until the colour fades.",
    "A base of good strength raises the yield.",
]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two cores serve all tests."""
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Mixtral of random weights in several shards, set as for training, with a tokenizer of 512 tokens."""
    folder = tmp_path_factory.mktemp("checkpoint")
    save_tiny("mixtral", folder, vocab_size=512, output_router_logits=True)
    make_tokenizer(LINES, 512).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def store(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The checkpoint's exact store."""
    return convert(checkpoint, tmp_path_factory.mktemp("stores") / "exact", recipe_named("exact"))


@pytest.fixture(scope="session")
def reference(checkpoint: Path) -> PreTrainedModel:
    """The same model, wholly in memory, as transformers loads it."""
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    return model.eval()
