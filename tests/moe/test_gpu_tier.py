"""Experts reach a device in time, whatever is there already, and never more than was allowed.

The devices here are the processor itself: one that copies at once, and one that copies as late as it may.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

pytest.importorskip("triton", reason="Triton has wheels for Linux on x86-64 only")

from moe.architecture import read_config
from moe.errors import MoeError
from moe.gpu.budget import DeviceBudget
from moe.gpu.channels import ChannelPool, Way
from moe.gpu.device import Device, InOrder, Mark, device_named
from moe.gpu.experts import ExpertPool
from moe.gpu.host import AllInMemory, Staging
from moe.gpu.layers import SparseLayer
from moe.gpu.load import DeviceModel, load_on
from moe.offloading.cache import Counts
from moe.offloading.load import OffloadedModel
from moe.offloading.load import load as load_store
from moe.offloading.measure import measure
from moe.offloading.policies import LeastRecentlyUsed
from moe.offloading.predict import Guesses
from moe.recipes.choose import recipe_named
from moe.recipes.thresholds import calibrate
from moe.server.run import Serving, service_for
from moe.storing.convert import convert
from moe.storing.store import Store
from moe.writing.answer import Answer, Finished, Piece
from moe.writing.engine import Engine
from moe.writing.sampling import Sampling
from moe.writing.tokenizer import read_tokenizer

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
    made = convert(checkpoint, tmp_path_factory.mktemp("gpu") / "floe", recipe_named("floe"))
    tokens = torch.randint(3, 512, (1024,), generator=torch.Generator().manual_seed(2)).tolist()
    return calibrate(made.folder, tokens, sparsity=0.6)


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
        counts, guesses = model.tier.counts, model.tier.guesses
    assert 0 < guesses.right <= guesses.asked == len(WRITTEN) * 2
    assert counts.prefetched >= counts.prefetched_used > 0
    assert counts.hits > 0
    assert counts.bytes_read == (counts.misses + counts.prefetched) * store.largest_record


def test_other_recipes_compute_on_the_device_as_well(int4: Store, reference: PreTrainedModel) -> None:
    with closing(load(int4, Late(), None, None, None)) as model:
        error = written(model.model) - written(reference)
    assert error.norm() / written(reference).norm() < 0.05


@pytest.fixture(scope="module")
def sparse(floe: Store) -> Tensor:
    """What the processor computes with the same channels left out."""
    with closing(load_store(floe.folder, tokens=64)) as model:
        return written(model.model)


@pytest.mark.parametrize(
    ("way", "host"), [(Way.gather, "all in memory"), (Way.read, "all in memory"), (None, "partly in memory")]
)
def test_sparse_experts_are_what_the_processor_computes_wherever_channels_are(
    floe: Store, sparse: Tensor, way: Way | None, host: str
) -> None:
    on_host = least(floe, 1 << 40, 1) if host == "partly in memory" else None
    with closing(load(floe, Late(), least(floe, 1, None), on_host, way)) as model:
        torch.testing.assert_close(written(model.model), sparse, rtol=0, atol=1e-4)
        counts, tier = model.tier.counts, model.tier
    assert tier.channels is not None
    assert 0 < tier.guesses.right <= tier.guesses.asked == len(WRITTEN) * 2
    assert tier.channels.guesses.recall > 0.5
    assert counts.prefetched > 0
    assert 0 < counts.channels_missing < counts.channels_asked
    experts = len(WRITTEN) * 2 * 2
    assert counts.channels_asked / (experts * 96) == pytest.approx(0.4, abs=0.15)


def test_channels_for_which_there_is_no_room_come_with_whole_experts(floe: Store, sparse: Tensor) -> None:
    with closing(load(floe, Late(), least(floe, 1, None), None, Way.gather)) as model:
        assert model.tier.channels is not None
        model.tier.channels.hot.put = lambda *_: False  # type: ignore[method-assign]
        torch.testing.assert_close(written(model.model), sparse, rtol=0, atol=1e-4)


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


def test_channels_are_written_over_only_after_they_were_computed_with(floe: Store) -> None:
    device = Journal()
    ids = np.arange(0, 96, 2, dtype=np.int32)
    with closing(AllInMemory(floe, device)) as host:
        pool = ChannelPool(floe, device, host, Staging(device), 96, Counts(), Guesses())
        for expert in range(4):
            [slots] = pool.bring(0, [(expert, ids)]) or []
            [record] = host.visit(0, [expert])
            fields = floe.layers[0].layout.view(record)
            assert torch.equal(pool.rows[slots], fields["chunks"][ids])
            assert torch.equal(pool.scale[slots], fields["scale"][ids])
            pool.used()
    assert device.after == [None, 1, 2, 3]


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


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_one_clear_line(store: Store) -> None:
    asked: list[Callable[[], object]] = [
        lambda: load_store(store.folder, device="cuda"),
        lambda: measure(store.folder, None, range(20), 4, device="cuda"),
        lambda: service_for(Serving(store.folder, device="cuda")),
    ]
    for ask in asked:
        with pytest.raises(MoeError, match="no GPU cuda"):
            ask()
    with pytest.raises(MoeError, match="no GPU cuda:63"):
        device_named("cuda:63")
    with pytest.raises(MoeError, match="use cpu, cuda"):
        device_named("tpu")


def test_answers_are_written_together_on_a_device(store: Store, reference: PreTrainedModel) -> None:
    memory = least(store, 1, None) + 3 * store.largest_record
    made = load(store, Late(), memory, None, None)
    model = OffloadedModel(made.model, store, made.tier.budget.device, made.tier, None, tier=made.tier)
    done: queue.SimpleQueue[tuple[int, Piece | Finished]] = queue.SimpleQueue()
    prompts = [[*range(5, 20), 30 + number] for number in range(2)]
    engine = Engine(model, read_tokenizer(store.model_folder), tokens=64, sequences=2, queue=2)
    with closing(engine):
        engine.submit(
            [
                Answer(prompt, 6, Sampling(0.0), lambda event, number=number: done.put((number, event)))
                for number, prompt in enumerate(prompts)
            ]
        )
        written: list[list[int]] = [[], []]
        ended = 0
        while ended < 2:
            number, event = done.get(timeout=30)
            if isinstance(event, Finished):
                assert event.reason in ("length", "stop")
                ended += 1
            else:
                written[number].append(event.drawn.token)
    for prompt, tokens in zip(prompts, written, strict=True):
        wanted = reference.generate(
            torch.tensor([prompt]), max_new_tokens=6, do_sample=False, attention_mask=torch.ones(1, 16)
        )
        assert tokens == wanted[0, 16 : 16 + len(tokens)].tolist()
