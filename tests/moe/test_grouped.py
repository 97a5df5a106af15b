"""Compiled products with 4- and 8-bit codes say what unpacking them in PyTorch says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor

from moe.offloading.load import load
from moe.recipes.choose import recipe_named
from moe.recipes.grouped import FEW, project, unpacked
from moe.recipes.quantize import quantize
from moe.storing.convert import convert


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("columns", "group"), [(64, 64), (192, 64), (48, 16), (32, 32)])
def test_codes_times_tokens_are_weights_times_tokens(bits: int, columns: int, group: int) -> None:
    matrix = quantize(numbers(24, columns, seed=1), bits, group_size=group)
    for tokens in (1, 3):
        x = numbers(tokens, columns, seed=2)
        torch.testing.assert_close(project(matrix, x), x @ matrix.dequantize().T, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(unpacked(matrix, torch.float32), matrix.dequantize(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("bits", [4, 8])
def test_half_precision_tokens_are_summed_in_single_precision(bits: int) -> None:
    matrix = quantize(numbers(8, 256, seed=3), bits)
    x = numbers(2, 256, seed=4).bfloat16()
    assert torch.equal(project(matrix, x), project(matrix, x.float()).bfloat16())
    assert unpacked(matrix, torch.bfloat16).dtype is torch.bfloat16


@pytest.mark.parametrize("recipe", ["int8", "int4"])
def test_few_tokens_are_computed_as_many_are(checkpoint: Path, recipe: str, tmp_path: Path) -> None:
    """Few are multiplied with codes, many with weights that were unpacked."""
    store = convert(checkpoint, tmp_path / "store", recipe_named(recipe))
    tokens = torch.arange(5, 5 + 8 * FEW)[None]
    with closing(load(store.folder)) as model, torch.no_grad():
        many, past = model.model(tokens).logits[0], None
        for place in range(tokens.shape[1]):
            out = model.model(tokens[:, place : place + 1], past_key_values=past, use_cache=True)
            past = out.past_key_values
            torch.testing.assert_close(out.logits[0, 0], many[place], rtol=1e-4, atol=1e-4)
