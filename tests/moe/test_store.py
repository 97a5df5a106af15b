"""A store exists whole or not at all, and says which of its files is damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from moe.errors import MoeError
from moe.offloading.load import load
from moe.recipes.choose import recipe_named
from moe.recipes.recipe import Exact
from moe.storing.convert import convert
from moe.storing.store import Store

TOKENS = torch.arange(5, 45)[None]


def changed_copy(store: Store, folder: Path, file: str) -> Path:
    shutil.copytree(store.folder, folder)
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    return folder


@dataclass(frozen=True, slots=True)
class KilledAt(Exact):
    """The exact recipe, in a process that is killed at its ``count``-th expert."""

    count: int = 0
    seen: list[int] | None = None

    def encode(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        assert self.seen is not None
        self.seen.append(1)
        if len(self.seen) > self.count:
            os.kill(os.getpid(), signal.SIGKILL)
        return dict(weights)


def test_killed_during_conversion_it_goes_on_where_it_was(
    checkpoint: Path, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    child = os.fork()
    if child == 0:
        convert(checkpoint, folder, KilledAt(count=11, seen=[]))
        os._exit(0)  # never reached
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert not folder.exists()
    partial = tmp_path / "store.partial"
    first = partial / store.layers[0].file
    written = first.stat().st_mtime_ns
    again = convert(checkpoint, folder, recipe_named("exact"))
    assert (folder / store.layers[0].file).stat().st_mtime_ns == written  # not written twice
    assert not partial.exists()
    assert again.files == store.files
    again.verify()


def test_another_recipe_does_not_go_on_from_what_is_there(checkpoint: Path, tmp_path: Path) -> None:
    partial = tmp_path / "store.partial"
    partial.mkdir()
    (partial / "progress.json").write_text(
        json.dumps({"source": {"recipe": "exact"}, "files": [], "layers": []})
    )
    (partial / "left over").write_text("")
    store = convert(checkpoint, tmp_path / "store", recipe_named("int8"))
    assert not (store.folder / "left over").exists()


@pytest.mark.parametrize("which", ["experts/001.bin", "dense/000.safetensors", "model/config.json"])
def test_verify_names_a_damaged_file(store: Store, tmp_path: Path, which: str) -> None:
    store.verify()
    folder = changed_copy(store, tmp_path / "store", which)
    with pytest.raises(MoeError, match=which):
        Store.at(folder).verify()


def test_a_shortened_file_is_noticed_on_opening(store: Store, tmp_path: Path) -> None:
    shutil.copytree(store.folder, tmp_path / "store")
    os.truncate(tmp_path / "store" / "experts" / "000.bin", 4096)
    with pytest.raises(MoeError, match=r"experts/000\.bin is missing or damaged"):
        Store.at(tmp_path / "store")


@pytest.mark.parametrize(("recipe", "error"), [("int8", 0.01), ("int4", 0.2)])
def test_fewer_bits_take_fewer_bytes_and_change_logits_a_little(
    checkpoint: Path, store: Store, reference: PreTrainedModel, tmp_path: Path, recipe: str, error: float
) -> None:
    smaller = convert(checkpoint, tmp_path / "store", recipe_named(recipe))
    assert smaller.expert_bytes < store.expert_bytes * (0.4 if recipe == "int8" else 0.25)
    with closing(load(smaller.folder)) as ours, torch.no_grad():
        difference = ours.model(TOKENS).logits - reference(TOKENS).logits
    assert 0 < difference.norm() / reference(TOKENS).logits.norm() < error


def test_a_checkpoint_that_cannot_be_used_is_refused_in_a_line(checkpoint: Path, tmp_path: Path) -> None:
    def refused(folder: Path) -> str:
        with pytest.raises(MoeError) as error:
            convert(folder, tmp_path / "store", recipe_named("exact"))
        assert not (tmp_path / "store").exists()
        assert "\n" not in str(error.value)
        return error.value.code

    assert refused(tmp_path) == "no_checkpoint"
    dense = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    LlamaForCausalLM(dense).save_pretrained(tmp_path / "dense")
    assert refused(tmp_path / "dense") == "dense_model"

    broken = tmp_path / "broken"
    shutil.copytree(checkpoint, broken)
    shard = sorted(broken.glob("model-*.safetensors"))[1]
    kept = shard.read_bytes()
    shard.write_bytes(kept[: len(kept) // 2])
    assert refused(broken) == "damaged_shard"
    shard.unlink()
    assert refused(broken) == "missing_shard"
    shard.write_bytes(kept)
    index = json.loads((broken / "model.safetensors.index.json").read_text())
    for name, code in (("experts.3", "bad_checkpoint"), ("q_proj", "incomplete_checkpoint")):
        index["weight_map"].pop(next(key for key in index["weight_map"] if name in key))
        (broken / "model.safetensors.index.json").write_text(json.dumps(index))
        assert refused(broken) == code
    (broken / "config.json").write_text(json.dumps({"model_type": "unheard_of"}))
    assert refused(broken) == "unknown_model"
    with pytest.raises(MoeError, match="no recipe 'int3'"):
        recipe_named("int3")
    with pytest.raises(MoeError, match="exists"):
        convert(checkpoint, tmp_path / "dense", recipe_named("exact"))
