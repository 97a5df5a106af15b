"""Codes come out of their bytes as they went in."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe.errors import MoeError
from moe.recipes.packing import WIDTHS, pack, unpack


@given(st.sampled_from(WIDTHS), st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_unpacking_gives_back_what_was_packed(bits: int, rows: int, filled: int, seed: int) -> None:
    shape = rows, filled * 8 // bits
    source = torch.Generator().manual_seed(seed)
    codes = torch.randint(2**bits, shape, dtype=torch.uint8, generator=source)
    packed = pack(codes, bits)
    assert packed.shape == (rows, filled)
    assert torch.equal(unpack(packed, bits), codes)


def test_the_first_code_lies_in_the_lowest_bits() -> None:
    assert pack(torch.tensor([1, 2, 3, 0], dtype=torch.uint8), bits=2).tolist() == [0b00_11_10_01]


@pytest.mark.parametrize(
    ("codes", "bits", "code"),
    [([1, 2, 3], 2, "ragged_codes"), ([16, 0], 4, "code_too_large"), ([1, 2], 3, "unknown_bits")],
)
def test_codes_that_do_not_fit_are_refused(codes: list[int], bits: int, code: str) -> None:
    with pytest.raises(MoeError) as refused:
        pack(torch.tensor(codes, dtype=torch.uint8), bits)
    assert refused.value.code == code
