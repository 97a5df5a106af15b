"""Reading a Hugging Face checkpoint piece by piece, in the names and shapes of transformers' own model.

Checkpoints come in many layouts (one matrix an expert, fused, transposed, other names). transformers converts
them while it loads a whole model; here the same conversion is run for a few parameters at a time, so that a
checkpoint far larger than the memory can be read.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    WeightConverter,
    WeightRenaming,
    convert_and_load_state_dict_in_model,
    rename_source_key,
)
from transformers.modeling_utils import LoadStateDictConfig

from moe.errors import MoeError

INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint's files, and which of them holds which tensor."""

    folder: Path
    places: dict[str, str]
    """File by tensor name, the checkpoint's own."""

    @classmethod
    def at(cls, folder: Path) -> Checkpoint:
        """Raises ``MoeError`` if a file is missing or cannot be read."""
        if (folder / INDEX).is_file():
            places = json.loads((folder / INDEX).read_text())["weight_map"]
        elif (folder / SINGLE).is_file():
            with _opened(folder / SINGLE) as file:
                places = dict.fromkeys(file.keys(), SINGLE)
        else:
            raise MoeError("no_weights", f"{folder} holds neither {INDEX} nor {SINGLE}")
        missing = sorted({file for file in places.values() if not (folder / file).is_file()})
        if missing:
            raise MoeError(
                "missing_shard", f"{missing[0]} is missing from {folder}: fetch the checkpoint again"
            )
        return cls(folder, places)

    @property
    def fingerprint(self) -> dict[str, int]:
        """Sizes of its files, to tell whether it is still the same."""
        return {file: (self.folder / file).stat().st_size for file in sorted(set(self.places.values()))}

    def dtype(self) -> torch.dtype:
        """The type of most of its tensors."""
        types: dict[torch.dtype, int] = defaultdict(int)
        for file in set(self.places.values()):
            with _opened(self.folder / file) as opened:
                for key in opened.keys():  # noqa: SIM118
                    types[_TYPES.get(opened.get_slice(key).get_dtype(), torch.float32)] += 1
        return max(types, key=lambda dtype: types[dtype])


_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class Converter:
    """Brings single parameters of a model in from a checkpoint; the model itself stays empty."""

    def __init__(self, model: PreTrainedModel, checkpoint: Checkpoint) -> None:
        self._model, self._checkpoint = model, checkpoint
        self._sources = _sources(model, checkpoint.places)

    def missing(self) -> list[str]:
        """Parameters that the checkpoint does not fill."""
        ignored = re.compile("|".join(self._model._keys_to_ignore_on_load_missing or ["$^"]))
        tied = self._model.all_tied_weights_keys
        lacking = self._model.state_dict().keys() - self._filled()
        return sorted(key for key in lacking if key not in tied and not ignored.search(key))

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """The parameters and buffers ``names`` of the model, converted."""
        wanted = set(names)
        sources = [key for target in self._sources if target in wanted for key in self._sources[target]]
        by_file: dict[str, list[str]] = defaultdict(list)
        for key in sources:
            by_file[self._checkpoint.places[key]].append(key)
        with ExitStack() as stack:
            raw: dict[str, Any] = {}
            for file, keys in by_file.items():
                opened = stack.enter_context(_opened(self._checkpoint.folder / file))
                raw |= {key: opened.get_slice(key) for key in keys}
            return self._converted(raw, wanted)

    def _converted(self, raw: dict[str, Any], wanted: set[str]) -> dict[str, Tensor]:
        empty = {name: self._model.get_parameter_or_buffer(name) for name in wanted}
        config = LoadStateDictConfig(
            dtype=self._model.dtype,
            dtype_plan=self._model._get_dtype_plan(self._model.dtype),
            weight_mapping=get_model_conversion_mapping(self._model),  # type: ignore[arg-type]
        )
        info, _ = convert_and_load_state_dict_in_model(self._model, raw, config)
        trouble = [*info.conversion_errors, *(key for key, *_ in info.mismatched_keys), *info.error_msgs]
        if trouble:
            raise MoeError("bad_checkpoint", f"{trouble[0]} in the checkpoint does not fit its configuration")
        filled = {name: self._model.get_parameter_or_buffer(name).detach() for name in wanted}
        for name, tensor in empty.items():
            place, _, leaf = name.rpartition(".")
            setattr(self._model.get_submodule(place), leaf, tensor)
        return {name: tensor for name, tensor in filled.items() if not tensor.is_meta}

    def _filled(self) -> set[str]:
        """What all sources together fill: one may fill more than the parameter that it is filed under."""
        filled = set(self._sources)
        for entry in get_model_conversion_mapping(self._model):
            if isinstance(entry, WeightConverter) and len(entry.target_patterns) > 1:
                first = entry.target_patterns[0]
                for target in self._sources:
                    if first in target:
                        filled |= {target.replace(first, other) for other in entry.target_patterns}
        return filled


def _sources(model: PreTrainedModel, keys: Iterable[str]) -> dict[str, list[str]]:
    """The checkpoint's tensors behind each of the model's parameters."""
    mapping = get_model_conversion_mapping(model)
    renamings = [entry for entry in mapping if isinstance(entry, WeightRenaming)]
    converters = [entry for entry in mapping if isinstance(entry, WeightConverter)]
    state = model.state_dict()
    found: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        name, _ = rename_source_key(key, renamings, converters, model.base_model_prefix, state)
        if name not in state and key in state:
            name = key
        if name in state:
            found[name].append(key)
    return found


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise MoeError("damaged_shard", f"{path} is damaged ({error}): fetch it again") from error
