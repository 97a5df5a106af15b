"""The sparse expert on a GPU, in Triton: which channels, their gates, their sum.

A *pair* is a token and one of its experts; every kernel's first grid dimension counts pairs. Sums are in
single precision and in a fixed order: there are no atomics, so results are the same every time.
``moe.gpu.reference`` says the same in plain PyTorch; ``moe.gpu.launch`` calls these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import triton
import triton.language as tl


def _kernel(function: Callable[..., None]) -> Any:
    """Compiled by Triton when it is first launched, or interpreted where there is no GPU.

    How many channels there are changes with every token, and must not have it compiled anew.
    """
    return triton.jit(function, do_not_specialize=["most", "span"])


@_kernel
def score_channels(
    packed: tl.tensor,  # [experts, channels, groups * SIZE] bytes of four 2-bit codes
    scale: tl.tensor,  # [experts, channels, groups]
    offset: tl.tensor,  # [experts, channels, groups]
    weight: tl.tensor,  # [experts, channels]
    threshold: tl.tensor,  # [experts]
    shared: tl.tensor,  # [experts]: whether the share counts
    x: tl.tensor,  # [tokens, hidden]
    share: tl.tensor,  # [pairs]
    expert_of: tl.tensor,  # [pairs]; from ``experts`` on: none
    keep: tl.tensor,  # [pairs, channels] bytes, out
    counts: tl.tensor,  # [pairs, blocks], out
    per_token: tl.tensor,
    experts: tl.tensor,
    channels: tl.tensor,
    groups: tl.tensor,
    SIZE: tl.constexpr,
    CHANNELS: tl.constexpr,
    GROUPS: tl.constexpr,
) -> None:
    """Keep a channel where ``share * weight * |W_up x|`` is above its expert's threshold."""
    pair, block = tl.program_id(0), tl.program_id(1)
    chosen = tl.load(expert_of + pair)
    expert = tl.minimum(chosen, experts - 1).to(tl.int64)
    row = block * CHANNELS + tl.arange(0, CHANNELS)
    inside = row < channels
    line = expert * channels + row
    x += (pair // per_token).to(tl.int64) * (groups * SIZE * 4)
    up = tl.zeros((CHANNELS,), dtype=tl.float32)
    for start in range(0, groups, GROUPS):
        group = start + tl.arange(0, GROUPS)
        there = group < groups
        byte = group[:, None] * SIZE + tl.arange(0, SIZE)[None, :]
        both = inside[:, None] & there[None, :]
        code = tl.load(
            packed + line[:, None, None] * (groups * SIZE) + byte[None, :, :], mask=both[:, :, None], other=0
        ).to(tl.int32)
        dot = tl.zeros((CHANNELS, GROUPS), dtype=tl.float32)
        total = tl.zeros((GROUPS,), dtype=tl.float32)
        for lane in tl.static_range(4):
            part = tl.load(x + 4 * byte + lane, mask=there[:, None], other=0).to(tl.float32)
            total += tl.sum(part, axis=1)
            dot += tl.sum(((code >> (2 * lane)) & 3).to(tl.float32) * part[None, :, :], axis=2)
        at = line[:, None] * groups + group[None, :]
        slope = tl.load(scale + at, mask=both, other=0).to(tl.float32)
        base = tl.load(offset + at, mask=both, other=0).to(tl.float32)
        up += tl.sum(dot * slope + total[None, :] * base, axis=1)
    counted = tl.where(tl.load(shared + expert) != 0, tl.load(share + pair).to(tl.float32), 1.0)
    score = counted * tl.load(weight + line, mask=inside, other=0) * tl.abs(up)
    kept = ((score > tl.load(threshold + expert)) & inside & (chosen < experts)).to(tl.int32)
    tl.store(keep + pair.to(tl.int64) * channels + row, kept.to(tl.int8), mask=inside)
    tl.store(counts + pair * tl.num_programs(1) + block, tl.sum(kept, axis=0))


@_kernel
def compact_channels(
    keep: tl.tensor,  # [pairs, channels] bytes
    counts: tl.tensor,  # [pairs, blocks]
    ids: tl.tensor,  # [pairs, channels], out: the kept channels, ascending
    totals: tl.tensor,  # [pairs], out
    channels: tl.tensor,
    blocks: tl.tensor,
    CHANNELS: tl.constexpr,
    BLOCKS: tl.constexpr,
) -> None:
    """List the kept channels; each block's place in the list follows from the counts before it."""
    pair, block = tl.program_id(0), tl.program_id(1)
    other = tl.arange(0, BLOCKS)
    count = tl.load(counts + pair * blocks + other, mask=other < blocks, other=0)
    before = tl.sum(tl.where(other < block, count, 0), axis=0)
    row = block * CHANNELS + tl.arange(0, CHANNELS)
    line = pair.to(tl.int64) * channels
    kept = tl.load(keep + line + row, mask=row < channels, other=0).to(tl.int32)
    place = before + tl.cumsum(kept, axis=0) - kept
    tl.store(ids + line + place, row, mask=kept != 0)
    tl.store(totals + pair, tl.sum(count, axis=0), mask=block == 0)


@_kernel
def gate_channels(
    rows: tl.tensor,  # [slots, 3, hidden]: gate row, up row and down column
    scale: tl.tensor,  # [slots, 3]
    slots: tl.tensor,  # [pairs, most]: where a pair's channels are
    lengths: tl.tensor,  # [pairs]
    x: tl.tensor,  # [tokens, hidden]
    inner: tl.tensor,  # [pairs, most], out
    per_token: tl.tensor,
    most: tl.tensor,
    hidden: tl.tensor,
    ENTRIES: tl.constexpr,
    HIDDEN: tl.constexpr,
) -> None:
    """``SiLU(gate x) * (up x)`` of a pair's channels, times the scale of their down columns."""
    pair, block = tl.program_id(0), tl.program_id(1)
    entry = block * ENTRIES + tl.arange(0, ENTRIES)
    there = entry < tl.load(lengths + pair)
    slot = tl.load(slots + pair * most + entry, mask=there, other=0).to(tl.int64)
    x += (pair // per_token).to(tl.int64) * hidden
    gate = tl.zeros((ENTRIES,), dtype=tl.float32)
    up = tl.zeros((ENTRIES,), dtype=tl.float32)
    for start in range(0, hidden, HIDDEN):
        column = start + tl.arange(0, HIDDEN)
        within = column < hidden
        part = tl.load(x + column, mask=within, other=0).to(tl.float32)
        at = rows + slot[:, None] * (3 * hidden) + column[None, :]
        both = there[:, None] & within[None, :]
        gate += tl.sum(tl.load(at, mask=both, other=0).to(tl.float32) * part[None, :], axis=1)
        up += tl.sum(tl.load(at + hidden, mask=both, other=0).to(tl.float32) * part[None, :], axis=1)
    gate *= tl.load(scale + slot * 3, mask=there, other=0)
    up *= tl.load(scale + slot * 3 + 1, mask=there, other=0)
    down = tl.load(scale + slot * 3 + 2, mask=there, other=0)
    tl.store(inner + pair * most + entry, gate / (1 + tl.exp(-gate)) * up * down, mask=there)


@_kernel
def sum_channels(
    rows: tl.tensor,  # [slots, 3, hidden]
    slots: tl.tensor,  # [pairs, most]
    lengths: tl.tensor,  # [pairs]
    inner: tl.tensor,  # [pairs, most]
    parts: tl.tensor,  # [pairs, splits, hidden], out
    most: tl.tensor,
    hidden: tl.tensor,
    span: tl.tensor,
    ENTRIES: tl.constexpr,
    HIDDEN: tl.constexpr,
) -> None:
    """Add up down columns times ``inner``; each split has ``span`` channels, and its own part of the sum."""
    pair, block, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    length = tl.load(lengths + pair)
    column = block * HIDDEN + tl.arange(0, HIDDEN)
    within = column < hidden
    out = tl.zeros((HIDDEN,), dtype=tl.float32)
    for start in range(0, span, ENTRIES):
        within_split = start + tl.arange(0, ENTRIES)
        entry = split * span + within_split
        there = (within_split < span) & (entry < length)
        slot = tl.load(slots + pair * most + entry, mask=there, other=0).to(tl.int64)
        factor = tl.load(inner + pair * most + entry, mask=there, other=0)
        down = tl.load(
            rows + slot[:, None] * (3 * hidden) + 2 * hidden + column[None, :],
            mask=there[:, None] & within[None, :],
            other=0,
        )
        out += tl.sum(down.to(tl.float32) * factor[:, None], axis=0)
    line = (pair * tl.num_programs(2) + split).to(tl.int64)
    tl.store(parts + line * hidden + column, out, mask=within)


@_kernel
def copy_rows(
    source: tl.tensor,  # words; may be pinned memory of the host
    begins: tl.tensor,  # [n] where in it each row begins, a multiple of ALIGNED words
    rows: tl.tensor,  # [slots, width] words
    slots: tl.tensor,  # [n]
    width: tl.tensor,
    ALIGNED: tl.constexpr,
    WIDTH: tl.constexpr,
) -> None:
    """Bring rows of 32-bit words to their slots, a row a program; so the GPU itself reads across the bus."""
    row = tl.program_id(0)
    begin = tl.multiple_of(tl.load(begins + row), ALIGNED)
    slot = tl.load(slots + row).to(tl.int64)
    for start in range(0, width, WIDTH):
        word = start + tl.arange(0, WIDTH)
        tl.store(
            rows + slot * width + word, tl.load(source + begin + word, mask=word < width), mask=word < width
        )
