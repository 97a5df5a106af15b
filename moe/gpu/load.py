"""A store as a model that computes on a device: dense weights there, experts brought as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from moe.architecture import empty_model, experts_modules, router_weight
from moe.gpu.budget import DeviceBudget
from moe.gpu.channels import Way
from moe.gpu.device import Device
from moe.gpu.launch import Projection
from moe.gpu.layers import Router, SparseLayer, WholeLayer, whole_compute
from moe.gpu.tier import DeviceTier, host_for
from moe.offloading.load import NAME, fill
from moe.offloading.predict import experts_per_token
from moe.recipes.recipe import CALIBRATED
from moe.storing.store import Store


@dataclass(slots=True, eq=False)
class DeviceModel:
    """A model ready to compute on a device; ``close`` it when done."""

    model: PreTrainedModel
    store: Store
    tier: DeviceTier

    def close(self) -> None:
        self.tier.close()


def load_on(
    device: Device,
    store: Store,
    config: PretrainedConfig,
    memory: int | None = None,
    host: int | None = None,
    *,
    tokens: int = 2048,
    sequences: int = 1,
    policy: str = "anticipating",
    way: Way | None = None,
) -> DeviceModel:
    """The store in at most ``memory`` bytes of ``device`` (None: all that is free) and ``host`` of the host.

    Raises ``MoeError`` if either does not do.
    """
    budget = DeviceBudget.plan(
        store, config, device.free if memory is None else memory, host, tokens, sequences
    )
    device.limit(budget.device.total)
    model = empty_model(config, store.dtype)
    fill(model, store, str(device.name))
    ups = projections(store, device) if budget.channels else []
    tier = DeviceTier.make(store, budget, device, host_for(store, budget, device, policy), policy, way)
    plug_in(model, store, tier, ups)
    run_on(model, device.name)
    return DeviceModel(model, store, tier)


def plug_in(model: PreTrainedModel, store: Store, tier: DeviceTier, ups: Sequence[Projection]) -> None:
    """Let ``model``, whose dense weights are on the device, compute its experts there.

    ``ups`` are the layers' up projections, where channels are brought one by one.
    """
    model.set_experts_implementation(NAME)
    modules = dict(experts_modules(model))
    count = experts_per_token(model.config)
    routers = [_router(model, stored.layer, count) for stored in store.layers]
    if tier.channels is None:
        for index, stored in enumerate(store.layers):
            module = modules[stored.layer.name]
            compute = whole_compute(store.recipe, module, store.dtype)
            following = routers[index + 1] if index + 1 < len(routers) else None
            _set(module, WholeLayer(index, stored, compute, tier.experts, following))
        return
    for index, stored in enumerate(store.layers):
        router = routers[index + 1] if index + 1 < len(routers) else None
        next_ = None if router is None else (router, ups[index + 1])
        layer = SparseLayer(index, stored, ups[index], tier.experts, tier.channels, next_)
        _set(modules[stored.layer.name], layer)


def projections(store: Store, device: Device) -> list[Projection]:
    """Every layer's, on the device; scales come in half precision, as they were fitted."""
    found = load_file(store.folder / store.calibration) if store.calibration else {}
    ups = []
    for index, stored in enumerate(store.layers):
        resident = load_file(store.folder / stored.resident)
        resident |= {name: found[f"{index}.{name}"] for name in CALIBRATED if f"{index}.{name}" in found}
        parts = [resident["packed"], resident["scale"].half(), resident["offset"].half()]
        parts += [resident[name].float() for name in ("weight", "threshold", "shared")]
        ups.append(Projection(*(part.contiguous().to(device.name) for part in parts)))
    return ups


def run_on(model: PreTrainedModel, device: torch.device) -> None:
    """Let ``model`` take tensors from the host, and give logits back to it."""

    def before(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        if device.type == "cuda":
            torch.cuda.set_device(device)  # of this thread
        return tuple(_moved(one, device) for one in given), {
            name: _moved(one, device) for name, one in named.items()
        }

    def after(_: nn.Module, __: tuple[Any, ...], out: Any) -> Any:
        out.logits = out.logits.cpu()
        return out

    model.register_forward_pre_hook(before, with_kwargs=True)
    model.register_forward_hook(after)


def _router(model: PreTrainedModel, layer: Any, count: int) -> Router | None:
    weight = router_weight(model, layer)
    return None if weight is None else Router(weight, count)


def _moved(one: Any, device: torch.device) -> Any:
    return one.to(device) if isinstance(one, Tensor) else one


def _set(module: nn.Module, layer: WholeLayer | SparseLayer) -> None:
    module._offloaded = layer  # type: ignore[assignment]
