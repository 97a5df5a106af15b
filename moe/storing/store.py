"""A converted model on disk: dense weights as they are, experts in records that can be read one by one.

STORE/manifest.json    what follows, with sizes and SHA-256; written last
STORE/model/           configuration, tokenizer, chat template, as in the checkpoint
STORE/dense/           everything that is not an expert's, in the names of transformers' own model
STORE/experts/         one file a layer; an expert's record is contiguous and begins on a block of 4 KiB
STORE/resident/        what a recipe keeps in memory of a layer's experts
STORE/calibration-*    what calibration found, if there was one
STORE/predictor-*      matrices that tell a layer's experts from the state before it, if they were trained
STORE/low/             a low-precision copy of every expert, if they were made
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from moe.architecture import ExpertsLayer
from moe.errors import MoeError
from moe.recipes.choose import recipe_named
from moe.recipes.recipe import Field, Recipe
from moe.storing.disk import aligned

FORMAT = 1
MANIFEST = "manifest.json"
FIELD_ALIGNMENT = 64
"""Bytes; what vector instructions like."""

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a store."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RecordLayout:
    """Where an expert's fields lie in its record."""

    fields: tuple[Field, ...]

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        offsets, end = [], 0
        for field in self.fields:
            offsets.append(end)
            end = -(-(end + field.nbytes) // FIELD_ALIGNMENT) * FIELD_ALIGNMENT
        return tuple(offsets)

    @cached_property
    def nbytes(self) -> int:
        """Of a record, in whole blocks."""
        return aligned(self.offsets[-1] + self.fields[-1].nbytes)

    def view(self, record: Tensor) -> dict[str, Tensor]:
        """The fields in a record's bytes, without a copy."""
        return {
            field.name: record[offset : offset + field.nbytes].view(field.dtype).view(field.shape)
            for field, offset in zip(self.fields, self.offsets, strict=True)
        }

    def record(self, fields: Mapping[str, Tensor]) -> Tensor:
        """The bytes of a record with these fields."""
        record = torch.zeros(self.nbytes, dtype=torch.uint8)
        for name, place in self.view(record).items():
            place.copy_(fields[name])
        return record

    @classmethod
    def of(cls, fields: Mapping[str, Tensor]) -> RecordLayout:
        return cls(tuple(Field(name, field.dtype, tuple(field.shape)) for name, field in fields.items()))


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer's experts on disk."""

    layer: ExpertsLayer
    file: str
    layout: RecordLayout
    resident: str = ""
    """The file of what stays in memory of all its experts, if anything does."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store; the files themselves are opened by who reads them."""

    folder: Path
    recipe: Recipe
    dtype: torch.dtype
    dense: tuple[str, ...]
    layers: tuple[StoredLayer, ...]
    files: tuple[Kept, ...]
    calibration: str = ""
    """The file of what calibration found, once there was one."""
    predictor: str = ""
    """The file of trained predictors, likewise."""
    low: tuple[StoredLayer, ...] = ()
    """The same experts once more, in fewer bits (moe.offloading.low), or nothing."""

    @classmethod
    def at(cls, folder: Path) -> Store:
        """Raises ``MoeError`` if there is no store, or one of another version."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text())
        except FileNotFoundError:
            raise MoeError(
                "no_store", f"{folder} is no store: make one with touchstone moe convert"
            ) from None
        except ValueError as error:
            raise MoeError(
                "damaged_file", f"{folder / MANIFEST} is damaged: convert the checkpoint again"
            ) from error
        if manifest["format"] != FORMAT:
            raise MoeError("other_format", f"{folder} is of another version: convert the checkpoint again")
        store = cls(
            folder,
            recipe_named(manifest["recipe"]),
            getattr(torch, manifest["dtype"]),
            tuple(manifest["dense"]),
            layers_from(manifest["layers"]),
            tuple(Kept(**entry) for entry in manifest["files"]),
            manifest["calibration"],
            manifest.get("predictor", ""),
            layers_from(manifest.get("low", ())),
        )
        store._check_sizes()
        return store

    @property
    def model_folder(self) -> Path:
        return self.folder / "model"

    @property
    def dense_bytes(self) -> int:
        """Always in memory: dense weights, and what a recipe keeps there of experts."""
        resident = {self.calibration, self.predictor, *(stored.resident for stored in self.layers)}
        return sum(kept.bytes for kept in self.files if kept.name in self.dense or kept.name in resident)

    @property
    def expert_bytes(self) -> int:
        return sum(stored.layout.nbytes * stored.layer.experts for stored in self.layers)

    @property
    def largest_record(self) -> int:
        return max(stored.layout.nbytes for stored in self.layers)

    def verify(self, report: Report = lambda stage, done, total: None) -> None:
        """Read every file and compare its hash; raises ``MoeError`` naming the first that is damaged."""
        for done, kept in enumerate(self.files):
            report("Verifying", done, len(self.files))
            if sha256_of(self.folder / kept.name) != kept.sha256:
                raise _damaged(self.folder / kept.name)
        report("Verifying", len(self.files), len(self.files))

    def _check_sizes(self) -> None:
        for kept in self.files:
            path = self.folder / kept.name
            if not path.is_file() or path.stat().st_size != kept.bytes:
                raise _damaged(path)


def manifest_of(store: Store) -> dict[str, Any]:
    """What :meth:`Store.at` reads."""
    return {
        "format": FORMAT,
        "recipe": store.recipe.name,
        "dtype": _name(store.dtype),
        "dense": list(store.dense),
        "layers": [layer_entry(stored) for stored in store.layers],
        "files": [asdict(kept) for kept in store.files],
        "calibration": store.calibration,
        "predictor": store.predictor,
        "low": [layer_entry(stored) for stored in store.low],
    }


def layer_entry(stored: StoredLayer) -> dict[str, Any]:
    """A layer in plain types."""
    fields = [
        {"name": field.name, "dtype": _name(field.dtype), "shape": field.shape}
        for field in stored.layout.fields
    ]
    layer = stored.layer
    return {
        "name": layer.name,
        "experts": layer.experts,
        "shapes": layer.shapes,
        "file": stored.file,
        "resident": stored.resident,
        "fields": fields,
    }


def _layer(entry: dict[str, Any]) -> StoredLayer:
    fields = tuple(
        Field(field["name"], getattr(torch, field["dtype"]), tuple(field["shape"]))
        for field in entry["fields"]
    )
    shapes = {name: tuple(shape) for name, shape in entry["shapes"].items()}
    layer = ExpertsLayer(entry["name"], entry["experts"], shapes)
    return StoredLayer(layer, entry["file"], RecordLayout(fields), entry["resident"])


def layers_from(entries: Iterable[dict[str, Any]]) -> tuple[StoredLayer, ...]:
    """What :func:`layer_entry` made."""
    return tuple(_layer(entry) for entry in entries)


def sha256_of(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _damaged(path: Path) -> MoeError:
    return MoeError("damaged_file", f"{path} is missing or damaged: convert the checkpoint again")
