"""The model to measure on can be trained anywhere, in pieces, and converted."""

from __future__ import annotations

from contextlib import closing
from itertools import product
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from bench.train_small_moe import TINY, train
from moe.offloading.load import load
from moe.recipes.choose import recipe_named
from moe.storing.convert import convert

WORDS = ("base", "solvent", "ligand", "yield", "water", "colour", "light", "heat")


def prepared(folder: Path) -> Path:
    """A folder with a text, so that none has to be gathered."""
    triples = product(WORDS, repeat=3)
    lines = [f"The {first} changes the {second} of the {third}." for first, second, third in triples]
    (folder / "training").mkdir(parents=True)
    (folder / "training" / "text.txt").write_text("\n".join(lines))
    return folder


def test_stopped_and_resumed_it_becomes_the_same_model(tmp_path: Path) -> None:
    straight, resumed = prepared(tmp_path / "straight"), prepared(tmp_path / "resumed")
    train(straight, TINY, steps=6, rate=2e-3, save_every=6)
    train(resumed, TINY, steps=6, rate=2e-3, save_every=3, until=3)
    train(resumed, TINY, steps=6, rate=2e-3, save_every=3)
    first, second = (load_file(folder / "model.safetensors") for folder in (straight, resumed))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_it_learns_survives_conversion(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "model")
    train(folder, TINY, steps=40, rate=5e-3, save_every=40)
    store = convert(folder, tmp_path / "store", recipe_named("exact"))
    tokens = torch.randint(5, TINY.vocabulary, (1, 64), generator=torch.Generator().manual_seed(1))
    with closing(load(store.folder)) as model, torch.no_grad():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        line = tokenizer("The base changes the yield of the water.", return_tensors="pt")["input_ids"]
        learnt, random = (float(model.model(given, labels=given).loss) for given in (line, tokens))
    assert learnt < random - 1
