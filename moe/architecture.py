"""Which parts of a transformers model are experts, and what one expert of them consists of.

Every mixture-of-experts model of transformers 5 marks its experts' class with ``use_experts_implementation``:
a module that holds the weights of all experts of a layer, stacked along the first dimension. What is not
stacked so (attention, routers, shared experts, embeddings) stays resident; we call it *dense*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from moe.errors import MoeError


@dataclass(frozen=True, slots=True)
class ExpertsLayer:
    """One experts module: where it is, and the shape of each of an expert's tensors."""

    name: str
    """Its path in the model, ``model.layers.3.mlp.experts`` say."""
    experts: int
    shapes: dict[str, tuple[int, ...]]
    """Of one expert, by parameter name."""

    @property
    def numel(self) -> int:
        """Weights of one expert."""
        return sum(math.prod(shape) for shape in self.shapes.values())


def read_config(folder: Path) -> PretrainedConfig:
    """The configuration in ``folder``; raises ``MoeError`` if there is none, or one of no known model."""
    if not (folder / "config.json").is_file():
        raise MoeError("no_checkpoint", f"{folder} holds no config.json: give the folder of a checkpoint")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise MoeError(
            "unknown_model", f"the model in {folder} is not one that transformers knows: {reason}"
        ) from error
    method = (getattr(config, "quantization_config", None) or {}).get("quant_method")
    if method:
        raise MoeError(
            "quantised_checkpoint", f"the checkpoint is quantised ({method}): save it unquantised first"
        )
    checked: PretrainedConfig = config
    for part in (checked, checked.get_text_config()):
        if getattr(part, "output_router_logits", False):  # left on by a training, for a loss on them
            part.output_router_logits = False
    return checked


def empty_model(config: PretrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """The model without any weights (on the meta device); raises ``MoeError`` unless it has experts."""
    try:
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=dtype)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise MoeError("not_a_language_model", f"a {config.model_type} model does not write text") from error
    if not any(is_experts(module) for module in model.modules()):
        raise MoeError(
            "dense_model",
            f"this {config.model_type} model has no mixture of experts: serve it with another program",
        )
    model.train(False)
    return model


def is_experts(module: nn.Module) -> bool:
    """Whether transformers lets a registered function compute this module."""
    return hasattr(module, "is_transposed") and hasattr(module, "has_gate") and hasattr(module, "num_experts")


def experts_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Names and modules in the order of the layers."""
    return ((name, module) for name, module in model.named_modules() if is_experts(module))


def expert_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are stacked by expert."""
    own = module.named_parameters(recurse=False)
    return {name: parameter for name, parameter in own if len(parameter) == module.num_experts}


def layer_of(name: str, module: nn.Module) -> ExpertsLayer:
    """What one expert of ``module`` consists of."""
    shapes = {key: tuple(parameter.shape[1:]) for key, parameter in expert_parameters(module).items()}
    return ExpertsLayer(name, int(module.num_experts), shapes)  # type: ignore[arg-type]


def router_weight(model: nn.Module, layer: ExpertsLayer) -> Tensor | None:
    """The router's matrix [experts, hidden] beside a layer's experts, where there is such a one."""
    block = model.get_submodule(layer.name.rpartition(".")[0])
    for name, parameter in block.named_parameters():
        if parameter.ndim == 2 and len(parameter) == layer.experts and "expert" not in name.split(".")[0]:
            return parameter.detach()
    return None
