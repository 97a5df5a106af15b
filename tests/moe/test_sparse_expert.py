"""A sparse expert is the whole expert less the channels that it leaves out, and reads no others."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from moe.calibrate import threshold_for
from moe.channels import ChannelStore
from moe.errors import MoeError
from moe.expert import Expert, SparseExpert
from moe.quantize import quantize

HIDDEN, CHANNELS = 128, 512


def random_expert(
    channels: int = CHANNELS, hidden: int = HIDDEN, seed: int = 1, dtype: torch.dtype = torch.float32
) -> Expert:
    source = torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=source, dtype=dtype) / columns**0.5

    return Expert(matrix(channels, hidden), matrix(channels, hidden), matrix(hidden, channels))


def tokens(count: int, hidden: int = HIDDEN, seed: int = 2, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, hidden, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def store_of(expert: Expert) -> ChannelStore:
    return ChannelStore.of(expert.gate, expert.down)


@settings(deadline=None)
@given(
    channels=st.integers(1, 40),
    hidden=st.integers(1, 40),
    count=st.integers(0, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_with_exact_up_and_no_sparsity_it_is_the_whole_expert(
    channels: int, hidden: int, count: int, seed: int
) -> None:
    whole = random_expert(channels, hidden, seed, torch.float64)
    x = tokens(count, hidden, seed, torch.float64)
    sparse = SparseExpert(whole.up, store_of(whole), threshold=0.0)
    torch.testing.assert_close(sparse(x).output, whole(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("bits", [2, None])
def test_calibration_reaches_the_wanted_sparsity_on_unseen_tokens(wanted: float, bits: int | None) -> None:
    whole = random_expert()
    up = whole.up if bits is None else quantize(whole.up, bits)
    threshold = threshold_for(up, tokens(256, seed=3), wanted)
    kept = SparseExpert(up, store_of(whole), threshold)(tokens(256, seed=4)).kept
    assert 1 - kept.float().mean().item() == pytest.approx(wanted, abs=0.01)


def test_calibration_leaves_out_exactly_the_share_it_was_shown() -> None:
    up, x = torch.eye(10), torch.arange(1.0, 11.0)[None]
    threshold = threshold_for(up, x, 0.8)
    assert (x > threshold).sum() == 2
    assert threshold_for(up, x, 0.0) == 0.0


def test_the_bytes_read_are_those_of_the_channels_kept() -> None:
    whole = random_expert()
    store = store_of(whole)
    assert store.chunk_bytes == 2 * HIDDEN * 4
    sparse = SparseExpert(whole.up, store, threshold_for(whole.up, tokens(64), 0.8))
    one = sparse(tokens(1, seed=5))
    assert 0 < one.kept.sum() < CHANNELS
    assert one.bytes_read == int(one.kept.sum()) * store.chunk_bytes
    several = sparse(tokens(3, seed=6))
    assert several.bytes_read == int(several.kept.any(0).sum()) * store.chunk_bytes


def test_channels_left_out_are_not_touched() -> None:
    whole = random_expert()
    sparse = SparseExpert(whole.up, store_of(whole), threshold_for(whole.up, tokens(64), 0.9))
    x = tokens(2, seed=7)
    clean = sparse(x)
    sparse.store.chunks[~clean.kept.any(0)] = torch.nan
    assert torch.equal(sparse(x).output, clean.output)


def test_a_channel_is_one_piece_of_memory() -> None:
    whole = random_expert(channels=3, hidden=5)
    chunks = store_of(whole).chunks
    assert chunks.is_contiguous()
    torch.testing.assert_close(chunks[1].flatten(), torch.cat([whole.gate[1], whole.down[:, 1]]))


def test_a_token_does_not_depend_on_its_neighbours() -> None:
    whole = random_expert(dtype=torch.float64)
    up = quantize(whole.up, bits=2)
    sparse = SparseExpert(up, store_of(whole), threshold=1.0)
    x = tokens(5, seed=8, dtype=torch.float64)
    alone = torch.cat([sparse(token[None]).output for token in x])
    torch.testing.assert_close(sparse(x).output, alone)


@pytest.mark.parametrize("bits", [2, None])
def test_the_sparser_the_further_from_the_whole_expert(bits: int | None) -> None:
    whole, calibration, x = random_expert(), tokens(256, seed=9), tokens(64, seed=10)
    up = whole.up if bits is None else quantize(whole.up, bits)
    errors, reads = [], []
    for sparsity in (0.0, 0.5, 0.7, 0.8, 0.9, 0.99):
        out = SparseExpert(up, store_of(whole), threshold_for(up, calibration, sparsity))(x)
        errors.append((out.output - whole(x)).norm().item())
        reads.append(out.kept.sum().item())
    assert errors == sorted(errors)
    assert errors[-1] > errors[0]
    assert reads == sorted(reads, reverse=True)


def test_a_threshold_above_everything_gives_zeros_and_reads_nothing() -> None:
    whole = random_expert(channels=8, hidden=4)
    out = SparseExpert(whole.up, store_of(whole), threshold=1e9)(tokens(3, hidden=4))
    assert out.output.shape == (3, 4)
    assert not out.output.any()
    assert out.bytes_read == 0


def test_matrices_that_do_not_fit_are_refused() -> None:
    whole = random_expert(channels=8, hidden=4)
    with pytest.raises(MoeError, match="one shape"):
        Expert(whole.gate, whole.up, whole.down.T)
    with pytest.raises(MoeError, match="as the store"):
        SparseExpert(whole.up[:4], store_of(whole), threshold=0.0)
    with pytest.raises(MoeError, match="0 or more"):
        SparseExpert(whole.up, store_of(whole), threshold=float("nan"))
    with pytest.raises(MoeError, match=r"\[n, 4\]"):
        SparseExpert(whole.up, store_of(whole), threshold=0.0)(tokens(1, hidden=5))


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, float("nan")])
def test_a_sparsity_outside_its_range_is_refused(sparsity: float) -> None:
    with pytest.raises(MoeError) as refused:
        threshold_for(torch.eye(4), torch.ones(2, 4), sparsity)
    assert refused.value.code == "bad_sparsity"


def test_calibration_says_when_it_cannot_tell() -> None:
    with pytest.raises(MoeError) as poisoned:
        threshold_for(torch.eye(4), torch.full((2, 4), torch.inf), 0.5)
    assert poisoned.value.code == "not_finite"
    with pytest.raises(MoeError) as starved:
        threshold_for(torch.eye(4), torch.ones(1, 4), 0.95)
    assert starved.value.code == "too_few_activations"
