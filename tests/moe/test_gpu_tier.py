"""Experts reach a device in time, whatever is there already, and never more than was allowed.

The devices here are the processor itself: one that copies at once, and one that copies as late as it may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

pytest.importorskip("triton", reason="Triton has wheels for Linux on x86-64 only")

from moe.architecture import read_config
from moe.choose import recipe_named
from moe.convert import convert
from moe.errors import MoeError
from moe.gpu.budget import DeviceBudget
from moe.gpu.channels import Way
from moe.gpu.device import Device, InOrder, Mark, device_named
from moe.gpu.experts import ExpertPool
from moe.gpu.host import AllInMemory, Staging
from moe.gpu.layers import SparseLayer
from moe.gpu.load import DeviceModel, load_on
from moe.policies import LeastRecentlyUsed
from moe.store import Store

PROMPT, WRITTEN = torch.arange(5, 25)[None], (7, 8)


class Late(InOrder):
    """Copies only when somebody waits for it: what was not waited for is not there."""

    def __init__(self) -> None:
        self.queue: list[Callable[[], None]] = []
        self.done = 0

    def copies(self, work: Callable[[], None], after: Mark | None) -> Mark:
        self.queue.append(work)
        return len(self.queue)

    def hold(self, mark: Mark) -> None:
        while self.done < mark:
            self.queue[self.done]()
            self.done += 1

    def wait(self, mark: Mark) -> None:
        self.hold(mark or len(self.queue))


class Journal(InOrder):
    """Notes what follows what."""

    def __init__(self) -> None:
        self.marks = 0
        self.after: list[Mark] = []

    def copies(self, work: Callable[[], None], after: Mark | None) -> Mark:
        work()
        self.after.append(after)
        return None

    def computed(self) -> Mark:
        self.marks += 1
        return self.marks


def least(store: Store, memory: int, host: int | None) -> int:
    """As the refusal of too little says."""
    with pytest.raises(MoeError, match="at least") as refused:
        DeviceBudget.plan(store, read_config(store.model_folder), memory, host, 64, 1)
    return int(str(refused.value).split("at least ")[1].split()[0].replace(",", ""))


def load(store: Store, device: Device, memory: int | None, host: int | None, way: Way | None) -> DeviceModel:
    return load_on(device, store, read_config(store.model_folder), memory, host, tokens=64, way=way)


def written(model: PreTrainedModel) -> Tensor:
    """Logits after a prompt, and after each of some tokens more."""
    with torch.no_grad():
        out = model(PROMPT, use_cache=True)
        logits = [out.logits[:, -1]]
        for token in WRITTEN:
            out = model(torch.tensor([[token]]), past_key_values=out.past_key_values, use_cache=True)
            logits.append(out.logits[:, -1])
    return torch.cat(logits)


@pytest.fixture(scope="module")
def floe(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return convert(checkpoint, tmp_path_factory.mktemp("gpu") / "floe", recipe_named("floe"))


@pytest.fixture(scope="module")
def int4(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return convert(checkpoint, tmp_path_factory.mktemp("gpu") / "int4", recipe_named("int4"))


@pytest.mark.parametrize("host", ["all in memory", "partly in memory"])
@pytest.mark.parametrize("more", [0, 3, 100])
def test_exact_is_what_transformers_computes(
    store: Store, reference: PreTrainedModel, host: str, more: int
) -> None:
    memory = least(store, 1, None) + more * store.largest_record
    on_host = least(store, 1 << 40, 1) if host == "partly in memory" else None
    with closing(load(store, Late(), memory, on_host, None)) as model:
        assert model.tier.host.pinned == (on_host is None)
        torch.testing.assert_close(written(model.model), written(reference), rtol=0, atol=1e-5)
        assert model.tier.experts.slots == min(2 + more, 16)


def test_whole_experts_are_copied_ahead_and_found(store: Store) -> None:
    with closing(load(store, Late(), least(store, 1, None) + 4 * store.largest_record, None, None)) as model:
        written(model.model)
        counts = model.tier.counts
    assert counts.prefetched >= counts.prefetched_used > 0
    assert counts.hits > 0
    assert counts.bytes_read == (counts.misses + counts.prefetched) * store.largest_record


def test_other_recipes_compute_on_the_device_as_well(int4: Store, reference: PreTrainedModel) -> None:
    with closing(load(int4, Late(), None, None, None)) as model:
        error = written(model.model) - written(reference)
    assert error.norm() / written(reference).norm() < 0.05


@pytest.fixture(scope="module")
def sparse(floe: Store) -> Iterator[tuple[DeviceModel, Tensor]]:
    """With everything on the device, and half of the channels left out."""
    with closing(load(floe, InOrder(), None, None, Way.gather)) as model:
        leave_out(model)
        yield model, written(model.model)


def leave_out(model: DeviceModel) -> None:
    """As calibration would say, so that about half of the channels matter."""
    modules = [module for module in model.model.modules() if hasattr(module, "_offloaded")]
    for module in modules:
        layer = module._offloaded
        assert isinstance(layer, SparseLayer)
        layer.up.threshold.fill_(0.06)


@pytest.mark.parametrize(
    ("way", "host"), [(Way.gather, "all in memory"), (Way.read, "all in memory"), (None, "partly in memory")]
)
def test_sparse_results_do_not_depend_on_what_is_where(
    floe: Store, sparse: tuple[DeviceModel, Tensor], way: Way | None, host: str
) -> None:
    on_host = least(floe, 1 << 40, 1) if host == "partly in memory" else None
    with closing(load(floe, Late(), least(floe, 1, None), on_host, way)) as model:
        leave_out(model)
        torch.testing.assert_close(written(model.model), sparse[1], rtol=0, atol=1e-6)
        assert model.tier.channels is not None
        counts = model.tier.counts
        assert counts.prefetched > 0
        assert 0 < counts.channels_missing < counts.channels_asked


def test_only_channels_that_matter_are_brought(sparse: tuple[DeviceModel, Tensor]) -> None:
    asked = sparse[0].tier.counts.channels_asked
    experts = len(WRITTEN) * 2 * 2
    assert 0.2 < asked / (experts * 96) < 0.8


def test_channels_for_which_there_is_no_room_come_with_whole_experts(
    floe: Store, sparse: tuple[DeviceModel, Tensor]
) -> None:
    with closing(load(floe, Late(), least(floe, 1, None), None, Way.gather)) as model:
        leave_out(model)
        assert model.tier.channels is not None
        model.tier.channels.hot.put = lambda *_: False  # type: ignore[method-assign]
        torch.testing.assert_close(written(model.model), sparse[1], rtol=0, atol=1e-5)


def test_the_faster_way_is_found_by_trying(floe: Store) -> None:
    with closing(load(floe, Late(), None, None, None)) as model:
        speeds = model.tier.speeds
        assert model.tier.channels is not None
        assert model.tier.channels.way == max(speeds, key=lambda way: speeds[way])
    assert set(speeds) == set(Way)


def test_a_buffer_is_filled_anew_only_after_it_was_sent() -> None:
    device = Late()
    source = torch.arange(40_000, dtype=torch.int32).view(torch.uint8)
    into = torch.zeros_like(source)
    device.hold(Staging(device, size=4096).copy(source, into, None))
    assert torch.equal(into, source)


def test_a_place_is_filled_anew_only_after_it_was_computed_with(store: Store) -> None:
    device = Journal()
    with closing(AllInMemory(store, device)) as host:
        pool = ExpertPool(store, device, host, Staging(device), 2, LeastRecentlyUsed(2, 8))
        for expert, record in pool.visit(0, range(6)):
            [wanted] = host.visit(0, [expert])
            assert torch.equal(record, wanted)
    assert device.after == [None, None, 1, 2, 3, 4]


@pytest.mark.parametrize("recipe", ["exact", "floe"])
def test_what_is_on_the_device_is_no_more_than_its_budget(store: Store, floe: Store, recipe: str) -> None:
    one = floe if recipe == "floe" else store
    memory = least(one, 1, None) + 200_000
    with closing(load(one, InOrder(), memory, None, None)) as model:
        tier = model.tier
        held = [*model.model.parameters(), *model.model.buffers(), tier.experts._arena]
        if tier.channels is not None:
            held += [tier.channels.rows, tier.channels.scale]
            for module in model.model.modules():
                if isinstance(layer := getattr(module, "_offloaded", None), SparseLayer):
                    up = layer.up
                    held += [up.packed, up.scale, up.offset, up.weight, up.threshold, up.shared]
        budget = tier.budget.device
        assert sum(tensor.nbytes for tensor in held) <= budget.total - budget.context - budget.working
        assert tier.budget.host >= sum(one.nbytes for one in tier.staging._buffers) + one.expert_bytes


def test_a_gpu_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(MoeError, match="no GPU cuda:63"):
        device_named("cuda:63")
    with pytest.raises(MoeError, match="use cpu, cuda"):
        device_named("tpu")
