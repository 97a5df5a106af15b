"""From a checkpoint to a store, a layer at a time; stopped at any moment, it goes on where it was."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from moe.architecture import ExpertsLayer, empty_model, experts_modules, layer_of, read_config
from moe.errors import MoeError
from moe.recipes.recipe import Recipe
from moe.storing.atomic import Part, sync, write_json
from moe.storing.checkpoint import INDEX, Checkpoint, Converter
from moe.storing.store import (
    MANIFEST,
    Kept,
    RecordLayout,
    Report,
    Store,
    StoredLayer,
    layer_entry,
    layers_from,
    manifest_of,
    sha256_of,
)

PROGRESS = "progress.json"
WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".part", INDEX)
"""Ends of names that are not copied: weights, which the store holds in its own form."""
LARGEST_EXTRA = 64 << 20
"""Bytes of the largest file that is copied as it is: tokenizers reach 30 MB."""


def convert(
    checkpoint: Path,
    folder: Path,
    recipe: Recipe,
    report: Report = lambda stage, done, total: None,
) -> Store:
    """Write the store ``folder``, in memory of about the largest layer; returns it.

    It is built in ``folder.partial`` and takes its name when it is whole. Called again after it was stopped,
    with the same checkpoint and recipe, it keeps what is finished. Raises ``MoeError`` for a checkpoint that
    cannot be used, and for a ``folder`` that exists.
    """
    if folder.exists():
        raise MoeError("store_exists", f"{folder} exists: remove it or choose another name")
    config = read_config(checkpoint)
    source = Checkpoint.at(checkpoint)
    model = empty_model(config, source.dtype())
    converter = Converter(model, source)
    missing = converter.missing()
    if missing:
        raise MoeError(
            "incomplete_checkpoint", f"{missing[0]} is missing from {checkpoint} ({len(missing)} in all)"
        )
    for _, module in experts_modules(model):
        recipe.check(module)
    writing = _Writing(folder, {"recipe": recipe.name, "source": source.fingerprint})
    _copy_model(checkpoint, writing)
    dense = list(_dense_units(model))
    layers = [layer_of(name, module) for name, module in experts_modules(model)]
    total = len(dense) + len(layers)
    for done, (name, parameters) in enumerate(dense):
        report("Converting", done, total)
        if not writing.has(name):
            writing.dense(name, converter.read(parameters))
    for done, layer in enumerate(layers):
        report("Converting", len(dense) + done, total)
        file = f"experts/{done:03}.bin"
        if not writing.has(file):
            stacked = converter.read(f"{layer.name}.{name}" for name in layer.shapes)
            writing.experts(file, layer, recipe, stacked)
    report("Converting", total, total)
    return writing.finish(recipe, model.dtype, [name for name, _ in dense])


def _dense_units(model: PreTrainedModel) -> Iterator[tuple[str, list[str]]]:
    """Files and the parameters they hold: one for each layer, and one for what is outside of layers."""
    experts = {
        f"{name}.{key}" for name, module in experts_modules(model) for key in layer_of(name, module).shapes
    }
    units: dict[str, list[str]] = defaultdict(list)
    for name in model.state_dict():
        if name not in experts and name not in model.all_tied_weights_keys:
            number = re.search(r"\.(\d+)\.", name)
            units[f"dense/{int(number[1]):03}.safetensors" if number else "dense/rest.safetensors"].append(
                name
            )
    yield from sorted(units.items())


def _copy_model(checkpoint: Path, writing: _Writing) -> None:
    for path in sorted(checkpoint.iterdir()):
        if path.is_file() and not path.name.endswith(WEIGHTS) and path.stat().st_size <= LARGEST_EXTRA:
            name = f"model/{path.name}"
            if not writing.has(name):
                writing.copy(name, path)


class _Writing:
    """The store as far as it is written; each file is finished, or does not exist."""

    def __init__(self, folder: Path, source: dict[str, Any]) -> None:
        self._folder, self._source = folder, source
        self._partial = folder.with_name(folder.name + ".partial")
        self._files: dict[str, Kept] = {}
        self._layers: dict[str, StoredLayer] = {}
        self._resume()

    def has(self, name: str) -> bool:
        return name in self._files

    def dense(self, name: str, tensors: dict[str, Tensor]) -> None:
        with Part(self._partial / name) as part:
            save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, part)
        self._finished(name)

    def copy(self, name: str, path: Path) -> None:
        with Part(self._partial / name) as part:
            shutil.copyfile(path, part)
        self._finished(name)

    def experts(self, name: str, layer: ExpertsLayer, recipe: Recipe, stacked: dict[str, Tensor]) -> None:
        layout: RecordLayout | None = None
        resident: list[dict[str, Tensor]] = []
        with Part(self._partial / name) as part, part.open("wb") as file:
            for expert in range(layer.experts):
                weights = {key: stacked[f"{layer.name}.{key}"][expert] for key in layer.shapes}
                fields = recipe.encode(weights)
                resident.append(recipe.resident(weights))
                layout = layout or RecordLayout.of(fields)
                file.write(layout.record(fields).numpy().tobytes())
        if layout is None:
            raise MoeError("bad_checkpoint", f"{layer.name} has no experts")
        self._layers[name] = StoredLayer(layer, name, layout, self._resident(name, resident))
        self._finished(name)

    def _resident(self, name: str, experts: list[dict[str, Tensor]]) -> str:
        """Write what stays in memory of all experts of a layer; returns its file, if there is any."""
        if not experts[0]:
            return ""
        file = f"resident/{Path(name).stem}.safetensors"
        self.dense(file, {key: torch.stack([expert[key] for expert in experts]) for key in experts[0]})
        return file

    def finish(self, recipe: Recipe, dtype: torch.dtype, dense: list[str]) -> Store:
        layers = tuple(self._layers[name] for name in sorted(self._layers))
        files = tuple(self._files[name] for name in sorted(self._files))
        store = Store(self._partial, recipe, dtype, tuple(dense), layers, files)
        write_json(self._partial / MANIFEST, manifest_of(store))
        (self._partial / PROGRESS).unlink()
        sync(self._partial)
        self._partial.rename(self._folder)
        sync(self._folder.parent)
        return Store.at(self._folder)

    def _resume(self) -> None:
        kept = self._partial / PROGRESS
        if kept.is_file():
            progress = json.loads(kept.read_text())
            if progress["source"] == self._source:
                self._files = {entry["name"]: Kept(**entry) for entry in progress["files"]}
                self._layers = {stored.file: stored for stored in layers_from(progress["layers"])}
                return
        if self._partial.exists():
            shutil.rmtree(self._partial)
        self._partial.mkdir(parents=True)

    def _finished(self, name: str) -> None:
        path = self._partial / name
        self._files[name] = Kept(name, path.stat().st_size, sha256_of(path))
        progress = {
            "source": self._source,
            "files": [asdict(kept) for kept in self._files.values()],
            "layers": [layer_entry(stored) for stored in self._layers.values()],
        }
        write_json(self._partial / PROGRESS, progress)
