"""What is added to a store after its conversion: new files first, then the manifest that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from moe.storing.atomic import Part, write_json
from moe.storing.store import MANIFEST, Kept, Store, manifest_of, sha256_of


def with_tensors(store: Store, field: str, content: Mapping[str, Tensor]) -> Store:
    """The store with ``content`` in the file that its ``field`` names, in the place of what was there.

    The name has the content's hash in it, so the old file stays until the manifest names the new one.
    """
    before: str = getattr(store, field)
    draft = store.folder / f"{field}.safetensors"
    with Part(draft) as part:
        save_file(dict(content), part)
    kept = kept_file(store, draft.name)
    name = f"{field}-{kept.sha256[:16]}.safetensors"
    draft.replace(store.folder / name)
    made = with_files(store, [replace(kept, name=name)], without=before, **{field: name})
    if before not in ("", name):
        (store.folder / before).unlink()
    return made


def with_files(store: Store, files: list[Kept], without: str = "", **changes: Any) -> Store:
    """The store with these files, and with ``changes`` in its manifest."""
    names = {kept.name for kept in files} | {without}
    others = tuple(kept for kept in store.files if kept.name not in names)
    write_json(store.folder / MANIFEST, manifest_of(replace(store, files=(*others, *files), **changes)))
    return Store.at(store.folder)


def kept_file(store: Store, name: str) -> Kept:
    """A file of the store's folder, as it is now."""
    path = store.folder / name
    return Kept(name, path.stat().st_size, sha256_of(path))
