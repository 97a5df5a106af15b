"""Whatever the architecture, an exact store computes what transformers computes with everything in memory."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from moe.offloading.load import load
from moe.recipes.choose import recipe_named
from moe.storing.convert import convert
from moe.storing.store import MANIFEST, Store
from tests.moe.zoo import ARCHITECTURES, save_tiny


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_logits_are_those_of_transformers(architecture: str, tmp_path: Path) -> None:
    checkpoint = save_tiny(architecture, tmp_path / "checkpoint")
    convert(checkpoint, tmp_path / "store", recipe_named("exact"))
    reference = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokens = torch.randint(3, 128, (2, 24), generator=torch.Generator().manual_seed(1))
    with closing(load(tmp_path / "store", tokens=64)) as ours, torch.no_grad():
        torch.testing.assert_close(ours.model(tokens).logits, reference(tokens).logits, rtol=0, atol=1e-5)
        assert ours.cache.counts.bytes_read > 0


def test_in_half_precision_200_tokens_are_the_same(tmp_path: Path) -> None:
    checkpoint = save_tiny("mixtral", tmp_path / "checkpoint", torch.bfloat16)
    store = convert(checkpoint, tmp_path / "store", recipe_named("exact"))
    reference = AutoModelForCausalLM.from_pretrained(
        checkpoint, dtype=torch.bfloat16, experts_implementation="eager"
    ).eval()
    prompt = torch.randint(3, 128, (1, 8), generator=torch.Generator().manual_seed(1))
    length = {"max_new_tokens": 200, "min_new_tokens": 200, "do_sample": False}
    assert store.dtype == torch.bfloat16
    with closing(load(tmp_path / "store", tokens=256)) as ours:
        written = ours.model.generate(prompt, **length)
        assert len(set(written[0].tolist())) > 3
        assert torch.equal(written, reference.generate(prompt, **length))


def test_a_changed_weight_shows_in_the_logits(store: Store, tmp_path: Path) -> None:
    """So the tests above would see swapped halves or another expert's weights."""
    shutil.copytree(store.folder, tmp_path / "store")
    other = tmp_path / "store" / store.layers[1].file
    record = store.layers[1].layout.nbytes
    content = other.read_bytes()
    other.write_bytes(content[record:] + content[:record])
    assert (tmp_path / "store" / MANIFEST).exists()
    tokens = torch.arange(5, 40)[None]
    with closing(load(store.folder)) as ours, closing(load(tmp_path / "store")) as changed, torch.no_grad():
        assert (ours.model(tokens).logits - changed.model(tokens).logits).abs().max() > 1e-3
