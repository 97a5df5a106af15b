"""What a few bits a weight cost, and what half-quadratic optimisation wins back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from moe.errors import MoeError
from moe.recipes.packing import WIDTHS
from moe.recipes.quantize import QuantizedMatrix, quantize, shrink


def heavy_tailed(rows: int, columns: int, *, outliers: float, seed: int) -> Tensor:
    """Gaussian weights, a share of them five times as wide."""
    source = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows, columns, generator=source) * 0.02
    wide = torch.rand(rows, columns, generator=source) < outliers
    return torch.where(wide, 5 * weights, weights)


def error(weight: Tensor, quantized: QuantizedMatrix) -> float:
    return float((quantized.dequantize() - weight).norm() / weight.norm())


@pytest.mark.parametrize("outliers", [0.0, 0.01, 0.05])
def test_at_two_bits_optimisation_saves_a_fifth_of_the_error(outliers: float) -> None:
    weight = heavy_tailed(64, 512, outliers=outliers, seed=4)
    plain = quantize(weight, bits=2, iterations=0)
    fitted = quantize(weight, bits=2)
    assert error(weight, fitted) < 0.8 * error(weight, plain)
    x = torch.randn(32, 512, generator=torch.Generator().manual_seed(5))
    wanted = x @ weight.T
    assert (x @ fitted.dequantize().T - wanted).norm() < 0.8 * (x @ plain.dequantize().T - wanted).norm()


@settings(deadline=None)
@given(
    bits=st.sampled_from(WIDTHS),
    group_size=st.sampled_from([8, 16, 64]),
    rows=st.integers(1, 4),
    groups=st.integers(1, 3),
    outliers=st.floats(0, 0.2),
    seed=st.integers(0, 2**32 - 1),
)
def test_optimisation_worsens_no_group(
    bits: int, group_size: int, rows: int, groups: int, outliers: float, seed: int
) -> None:
    weight = heavy_tailed(rows, groups * group_size, outliers=outliers, seed=seed)

    def squared(quantized: QuantizedMatrix) -> Tensor:
        return (quantized.dequantize() - weight).square().view(rows, groups, -1).sum(-1)

    plain = quantize(weight, bits, group_size=group_size, iterations=0)
    assert (squared(quantize(weight, bits, group_size=group_size)) <= squared(plain) * (1 + 1e-5)).all()


@settings(deadline=None)
@given(bits=st.sampled_from(WIDTHS), seed=st.integers(0, 2**32 - 1), size=st.floats(1e-3, 1e3))
def test_plain_rounding_misses_by_half_a_step_at_most(bits: int, seed: int, size: float) -> None:
    weight = heavy_tailed(3, 128, outliers=0.05, seed=seed) * size
    quantized = quantize(weight, bits, iterations=0)
    scale, offset = (
        part.float().repeat_interleave(64, dim=1) for part in (quantized.scale, quantized.offset)
    )
    ends = 2.0**-11 * (offset.abs() + 2**bits * scale)  # float16 moves the ends of a group by this much
    # Below the least normal float16 the rounding is absolute instead.
    ends = ends + 2**bits * 2.0**-25
    assert ((quantized.dequantize() - weight).abs() <= 0.5 * scale * 1.001 + ends).all()


def test_more_bits_mean_less_error() -> None:
    weight = heavy_tailed(16, 256, outliers=0.02, seed=6)
    errors = [error(weight, quantize(weight, bits)) for bits in WIDTHS]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    weight = heavy_tailed(200, 2048, outliers=0.02, seed=9)  # more than one block
    whole, last = quantize(weight, bits=2), quantize(weight[-1:], bits=2)
    assert torch.equal(whole.dequantize()[-1:], last.dequantize())
    assert error(weight, whole) < 0.45


def test_equal_weights_are_kept_exactly() -> None:
    weight = torch.full((2, 64), 0.125)
    assert torch.equal(quantize(weight, bits=2).dequantize(), weight)


def test_two_bits_and_their_scales_take_two_and_a_half_bits() -> None:
    quantized = quantize(heavy_tailed(8, 256, outliers=0, seed=7), bits=2)
    assert quantized.shape == (8, 256)
    assert quantized.nbytes * 8 == 2.5 * 8 * 256


def test_a_matrix_can_be_half_precision_and_comes_back_in_any() -> None:
    weight = heavy_tailed(4, 64, outliers=0, seed=8)
    from_half = quantize(weight.bfloat16(), bits=8)
    assert from_half.dequantize(torch.bfloat16).dtype is torch.bfloat16
    assert error(weight, from_half) < 0.01


def test_shrinkage_forgives_large_errors_only() -> None:
    small, large = shrink(torch.tensor([0.1, 10.0]), beta=1.0)
    assert small == 0
    assert 9 < large < 10
    assert torch.equal(shrink(torch.tensor([-10.0]), beta=1.0), -large[None])


@pytest.mark.parametrize(
    ("weight", "bits", "code"),
    [
        (torch.zeros(2, 65), 2, "bad_group_size"),
        (torch.zeros(2, 64), 3, "unknown_bits"),
        (torch.zeros(64), 2, "not_a_matrix"),
        (torch.zeros(2, 64, dtype=torch.int32), 2, "not_a_matrix"),
        (torch.full((2, 64), torch.nan), 2, "weights_out_of_range"),
        (torch.full((2, 64), 1e5), 2, "weights_out_of_range"),
    ],
)
def test_weights_that_cannot_be_quantised_are_refused(weight: Tensor, bits: int, code: str) -> None:
    with pytest.raises(MoeError) as refused:
        quantize(weight, bits)
    assert refused.value.code == code
