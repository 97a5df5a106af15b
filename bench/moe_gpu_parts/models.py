"""A Mixtral's shape with random weights under a cap: by channels, and by accelerate's offload to the host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import torch
from accelerate import cpu_offload, dispatch_model, infer_auto_device_map
from safetensors.torch import save_file
from torch import Tensor
from transformers import MixtralForCausalLM, PreTrainedModel
from transformers.models.mixtral.modeling_mixtral import MixtralRotaryEmbedding

from bench.moe_gpu_parts.shape import Row, Scene, Shape, random_projection, random_rows
from moe.architecture import empty_model, experts_modules, layer_of
from moe.gpu import reference
from moe.gpu.budget import DeviceBudget
from moe.gpu.device import Device
from moe.gpu.host import AllInMemory
from moe.gpu.layers import SparseLayer
from moe.gpu.load import plug_in, run_on
from moe.gpu.tier import DeviceTier
from moe.offloading.cache import Counts
from moe.offloading.load import fill
from moe.recipes.choose import recipe_named
from moe.recipes.recipe import Field
from moe.storing.store import Kept, RecordLayout, Store, StoredLayer

RIVAL_WRITES, ROOM = 2, 0.9
"""Tokens, and the share of the GPU's memory that accelerate may plan with: it needs some to compute in."""
SAMPLE = 1024
"""Channels of an expert that thresholds are found with."""
DTYPE = torch.bfloat16


def floe_store(shape: Shape, work: Path | None = None) -> Store:
    """A store of which at most the dense weights are on disk, in ``work``."""
    model = empty_model(shape.config, DTYPE)
    chunks = Field("chunks", torch.int8, (shape.channels, 3, shape.hidden))
    layout = RecordLayout((chunks, Field("scale", torch.float32, (shape.channels, 3))))
    layers = tuple(StoredLayer(layer_of(name, module), "", layout) for name, module in experts_modules(model))
    names = tuple(stored.layer.name for stored in layers)
    if work is None:
        return Store(Path(), recipe_named("floe"), DTYPE, (), layers, ())
    file = work / "dense.safetensors"
    dense = ((name, weight) for name, weight in model.named_parameters() if not name.startswith(names))
    save_file({name: _random(tuple(weight.shape)) for name, weight in dense}, file)
    kept = Kept(file.name, file.stat().st_size, "")
    return Store(work, recipe_named("floe"), DTYPE, (file.name,), layers, (kept,))


class RandomHost(AllInMemory):
    """Experts of random weights in pinned memory: each has its own place, all have the same bytes."""

    def __init__(self, store: Store, device: Device) -> None:
        self._lay_out(store, device)
        layout = store.layers[0].layout
        channels, _, hidden = layout.fields[0].shape
        rows, scale = random_rows(channels, hidden, torch.device("cpu"))
        record = layout.record({"chunks": rows, "scale": scale})
        for begin in range(0, len(self.bytes), len(record)):
            self.bytes[begin : begin + len(record)] = record
        device.pin(self.bytes)


def ours(scene: Scene) -> list[Row]:
    """Tokens a second with only the channels that matter, beside what the bytes that they move allow."""
    shape, device, peak = scene.shape, scene.device, scene.peak()
    scene.clean()
    store = floe_store(shape, scene.work)
    tokens = shape.prompt + shape.warm + shape.written
    budget = DeviceBudget.plan(store, shape.config, scene.memory, None, tokens, 1)
    device.limit(budget.device.total)
    model = empty_model(shape.config, DTYPE)
    fill(model, store, str(device.name))
    ups = [random_projection(shape, device.name) for _ in range(shape.layers)]
    with closing(DeviceTier.make(store, budget, device, RandomHost(store, device))) as tier:
        plug_in(model, store, tier, ups)
        _leave_out(model, shape)
        run_on(model, device.name)
        prefill, times = _write(model, shape, tier)
    scene.found["ours"] = median(times)
    counts, written = tier.counts, len(times)
    moved, asked = counts.bytes_read / written, counts.channels_asked
    used = asked / (written * 2 * shape.layers * shape.channels)
    rows = [
        Row("tokens read a second", prefill, "tokens/s"),
        Row("tokens written a second", 1 / median(times), "tokens/s", peak / moved if moved else None),
        Row("over the bus, a token", moved / 1e6, "MB"),
        Row("channels found on the GPU", 100 * (1 - counts.channels_missing / max(1, asked)), "%"),
        Row("experts predicted", 100 * tier.guesses.right / max(1, tier.guesses.asked), "%"),
        Row("channels of an expert used", 100 * used, "%"),
        Row("places for channels", budget.channels, ""),
        *(Row(f"start-up trial: {way}", speed / 1e9, "GB/s") for way, speed in tier.speeds.items()),
    ]
    if scene.on_gpu:
        reserved = torch.cuda.max_memory_reserved(device.name)
        rows.append(Row("GPU memory, at most", reserved / 2**30, "GiB", scene.memory / 2**30))
    return rows


def accelerate_offload(scene: Scene) -> list[Row]:
    """The same shape in 16 bits, as much of it on the GPU as fits under the same cap, by accelerate."""
    shape = scene.shape
    model = _whole_model(shape)
    if scene.on_gpu:
        scene.device.limit(scene.memory)
        room = {0: int(ROOM * scene.memory), "cpu": 1 << 50}
        places = infer_auto_device_map(model, room, no_split_module_classes=["MixtralDecoderLayer"])
        dispatch_model(model, places)
    else:
        cpu_offload(model, scene.device.name)
    tokens = torch.randint(shape.vocabulary, (1, 8), device=scene.device.name)
    times = []
    out = model(tokens, use_cache=True)
    for _ in range(RIVAL_WRITES):
        scene.wait()
        began = time.perf_counter()
        token = out.logits[:, -1].argmax(-1, keepdim=True)
        out = model(token, past_key_values=out.past_key_values, use_cache=True)
        scene.wait()
        times.append(time.perf_counter() - began)
    rows = [Row("accelerate, CPU offload, tokens written", 1 / median(times), "tokens/s")]
    if "ours" in scene.found:
        rows.append(Row("ours, times as fast", median(times) / scene.found["ours"], "times"))
    return rows


def _write(model: PreTrainedModel, shape: Shape, tier: DeviceTier) -> tuple[float, list[float]]:
    """Tokens a second of the prompt, and seconds of each token written; the counts are those of these."""
    prompt = torch.randint(shape.vocabulary, (1, shape.prompt))
    model(prompt, use_cache=True)  # compiles, and touches all memory once
    began = time.perf_counter()
    out = model(prompt, use_cache=True, logits_to_keep=1)
    prefill = shape.prompt / (time.perf_counter() - began)
    times = []
    for step in range(shape.warm + shape.written):
        if step == shape.warm:
            tier.counts = Counts()
        began = time.perf_counter()
        token = torch.randint(shape.vocabulary, (1, 1))  # a random model would repeat itself
        out = model(token, past_key_values=out.past_key_values, use_cache=True)
        times.append(time.perf_counter() - began)
    return prefill, times[shape.warm :]


def _leave_out(model: PreTrainedModel, shape: Shape) -> None:
    """Set thresholds, layer after layer, that leave out the wanted share on random tokens."""

    def calibrated(layer: SparseLayer) -> Any:
        def compute(hidden: Tensor, choice: Tensor, share: Tensor) -> Tensor:
            for expert in range(len(layer.up.threshold)):
                some = reference.dequantized(layer.up, expert, slice(SAMPLE))
                scores = (hidden.float() @ some.T).abs() * share.float().mean()
                layer.up.threshold[expert] = scores.flatten().quantile(shape.sparsity)
            return layer(hidden, choice, share)

        return compute

    layers = list(_sparse_layers(model))
    for module, layer in layers:
        module._offloaded = calibrated(layer)
    model(torch.randint(shape.vocabulary, (1, 32), device=model.device), use_cache=False)
    for module, layer in layers:
        module._offloaded = layer


def _sparse_layers(model: PreTrainedModel) -> Iterator[tuple[Any, SparseLayer]]:
    for _, module in experts_modules(model):
        layer = module._offloaded
        assert isinstance(layer, SparseLayer)
        yield module, layer


def _whole_model(shape: Shape) -> PreTrainedModel:
    """In the host's memory, random."""
    with torch.device("meta"):
        model = MixtralForCausalLM._from_config(shape.config, dtype=DTYPE)  # type: ignore[no-untyped-call]
    model.to_empty(device="cpu")
    model.model.rotary_emb = MixtralRotaryEmbedding(shape.config)
    for weight in model.parameters():
        weight.requires_grad_(False)
        _fill_random(weight)
    model.train(False)
    made: PreTrainedModel = model
    return made


def _random(size: tuple[int, ...]) -> Tensor:
    made = torch.empty(size, dtype=DTYPE)
    _fill_random(made)
    return made


def _fill_random(weight: Tensor) -> None:
    """Norms are 1; of matrices, the same random block again and again: making more of it takes minutes."""
    if weight.ndim == 1:
        weight.fill_(1)
        return
    flat, block = weight.view(-1), torch.randn(1 << 22).to(weight.dtype) * 0.02
    for begin in range(0, len(flat), len(block)):
        part = flat[begin : begin + len(block)]
        part.copy_(block[: len(part)])
