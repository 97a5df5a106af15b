"""The GPU's kernels, run by Triton's interpreter, do what the reference and the CPU's kernels do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

pytest.importorskip("triton", reason="Triton has wheels for Linux on x86-64 only")

from moe.gpu import launch, reference
from moe.gpu.launch import Projection
from moe.recipes.floe import Floe, FloeLayer
from moe.recipes.quantize import quantize

EXPERTS = 3


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def projection(channels: int, hidden: int, group: int, threshold: float) -> Projection:
    up = [quantize(random(channels, hidden, seed=expert), 2, group_size=group) for expert in range(EXPERTS)]
    return Projection(
        torch.stack([matrix.packed for matrix in up]),
        torch.stack([matrix.scale for matrix in up]),
        torch.stack([matrix.offset for matrix in up]),
        random(EXPERTS, channels, seed=9).abs(),
        torch.tensor([threshold, -1.0, threshold]),  # the second stays whole
        torch.tensor([1.0, 1.0, 0.0]),
    )


@pytest.mark.parametrize(
    ("channels", "hidden", "group"), [(96, 128, 64), (75, 192, 64), (33, 48, 16), (70, 1088, 64)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_channels_chosen_are_those_above_the_threshold(
    channels: int, hidden: int, group: int, dtype: torch.dtype
) -> None:
    up = projection(channels, hidden, group, threshold=0.3 * hidden**0.5)
    x, share = random(2, hidden, seed=5).to(dtype), random(2, 2, seed=6).abs().to(dtype)
    choice = torch.tensor([[2, 0], [1, EXPERTS]])  # the last chooses none
    ids, totals = launch.choose_channels(up, x, choice, share)
    for pair, (expert, length) in enumerate(zip(choice.flatten().tolist(), totals.tolist(), strict=True)):
        wanted = []
        if expert < EXPERTS:
            token, own = x[pair // 2, None], share.view(-1, 1)[pair, None]
            wanted = reference.kept(up, expert, token, own)[0].nonzero().flatten().tolist()
            assert len(wanted) == channels if expert == 1 else 0 < len(wanted) < channels
        assert ids[pair, :length].tolist() == wanted


def test_slack_lets_more_channels_through() -> None:
    up = projection(96, 128, 64, threshold=4.0)
    x, share, choice = random(1, 128, seed=5), torch.ones(1, 1), torch.zeros(1, 1, dtype=torch.long)
    few, more = (int(launch.choose_channels(up, x, choice, share, slack)[1]) for slack in (1.0, 0.5))
    assert few < more


@pytest.mark.parametrize(("hidden", "lengths"), [(128, [40, 3]), (80, [17, 0]), (272, [64, 33])])
@pytest.mark.parametrize("dtype", [torch.int8, torch.bfloat16])
def test_gates_and_sums_are_the_reference(hidden: int, lengths: list[int], dtype: torch.dtype) -> None:
    rows = (random(100, 3, hidden) * 40).to(dtype)
    scale, x = random(100, 3, seed=2).abs() / 300, random(1, hidden, seed=3)
    slots = torch.randperm(100, generator=torch.Generator().manual_seed(4))[: 2 * max(lengths) // 2].int()
    slots = torch.stack((slots, slots.flip(0)))
    length = torch.tensor(lengths, dtype=torch.int32)
    out = launch.experts_output(rows, scale, slots, length, x)
    torch.testing.assert_close(
        out, reference.experts_output(rows, scale, slots, length, x), rtol=1e-4, atol=1e-4
    )
    assert torch.equal(out, launch.experts_output(rows, scale, slots, length, x))


def test_an_expert_is_what_the_cpu_computes() -> None:
    channels, hidden = 96, 128
    weights = {
        "gate_up_proj": random(2 * channels, hidden, seed=3) / hidden**0.5,
        "down_proj": random(hidden, channels, seed=4) / channels**0.5,
    }
    fields, resident = Floe().encode(weights), Floe().resident(weights)
    resident["threshold"] = torch.tensor(0.3)
    up = Projection(
        *(resident[name][None] for name in ("packed", "scale", "offset", "weight", "threshold", "shared"))
    )
    x, share = random(3, hidden, seed=5), random(3, 1, seed=6).abs()
    ids, totals = launch.choose_channels(up, x, torch.zeros(3, 1, dtype=torch.long), share)
    out = launch.experts_output(fields["chunks"], fields["scale"], ids, totals, x)
    cpu = FloeLayer({name: tensor[None] for name, tensor in resident.items()})
    wanted = cpu(0, fields)(x, share)
    assert cpu.used == int(totals.sum())
    torch.testing.assert_close(out, wanted, rtol=1e-4, atol=1e-5)


def test_rows_come_from_anywhere_in_a_block_of_bytes_to_their_slots() -> None:
    source = torch.arange(4096, dtype=torch.int64).to(torch.uint8)
    rows = torch.zeros(6, 3, 16, dtype=torch.int8)
    begins, slots = torch.tensor([64, 2048, 1600]), torch.tensor([5, 0, 3])
    launch.copy_rows(source, begins, rows, slots)
    for begin, slot in zip(begins.tolist(), slots.tolist(), strict=True):
        assert torch.equal(rows[slot].flatten().view(torch.uint8), source[begin : begin + 48])
    assert not rows[[1, 2, 4]].any()


def test_every_kernel_compiles_for_a_gpu_and_adds_in_a_fixed_order(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.moe.compile_gpu_kernels"],
        env={**os.environ, "TRITON_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    compiled = json.loads(done.stdout)
    for assembly in compiled.values():
        assert "atom." not in assembly
        assert "red.global" not in assembly
    for name in ("gate_channels", "sum_channels", "copy_rows"):  # 16 bytes at a time
        assert "ld.global.v4.b32" in compiled[name]
