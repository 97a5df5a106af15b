"""A 4-bit copy stands in for an expert that is missing and matters little."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor

from moe.errors import MoeError
from moe.offloading.load import OffloadedModel, load
from moe.offloading.low import add_copies, copies_of, shared_out
from moe.recipes.choose import recipe_named
from moe.storing.convert import convert
from moe.storing.store import MANIFEST, Store


@pytest.fixture(scope="module")
def doubled(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The exact store, with copies."""
    folder = tmp_path_factory.mktemp("low") / "store"
    shutil.copytree(store.folder, folder)
    return add_copies(folder)


@pytest.fixture(scope="module")
def small(doubled: Store) -> Iterator[OffloadedModel]:
    """A model with copies and room for a quarter of its experts."""
    with closing(load(doubled.folder, tokens=64)) as model:
        memory = model.budget.total - doubled.expert_bytes * 3 // 4
    with closing(load(doubled.folder, memory, tokens=64, copies=True, look_ahead=False)) as model:
        yield model


def logits(model: OffloadedModel, tokens: range) -> Tensor:
    """Read one by one, as in writing."""
    past, seen = None, []
    with torch.no_grad():
        for token in tokens:
            out = model.model(torch.tensor([[token]]), past_key_values=past, use_cache=True)
            past = out.past_key_values
            seen.append(out.logits[0, 0])
    return torch.stack(seen)


def test_copies_are_files_like_the_others(doubled: Store) -> None:
    assert [stored.layer for stored in doubled.low] == [stored.layer for stored in doubled.layers]
    assert 5 * copies_of(doubled).largest_record < 2 * doubled.largest_record
    doubled.verify()
    (doubled.folder / doubled.low[1].file).rename(doubled.folder / "lost")
    with pytest.raises(MoeError, match=r"low/001\.bin is missing"):
        Store.at(doubled.folder)
    (doubled.folder / "lost").rename(doubled.folder / doubled.low[1].file)


def test_with_copies_less_is_read_and_nearly_the_same_said(doubled: Store, small: OffloadedModel) -> None:
    with closing(load(doubled.folder, small.budget.total, tokens=64, look_ahead=False)) as waiting:
        wanted, read = logits(waiting, range(5, 45)), waiting.bytes_read
    said = logits(small, range(5, 45))
    assert small.copies is not None
    assert small.copies.used > 10
    assert small.bytes_read < read
    assert 0 < (said - wanted).norm() < 0.1 * wanted.norm()


def test_what_holds_most_of_a_tokens_weight_is_exact(small: OffloadedModel) -> None:
    copies = small.copies
    assert copies is not None
    choice, share = torch.tensor([[4, 6]]), torch.tensor([[0.3, 0.7]])
    assert copies.dispensable(choice, share) == {4}
    assert copies.dispensable(choice, torch.tensor([[0.45, 0.55]])) == set()
    both = torch.tensor([[4, 6], [1, 4]])
    assert copies.dispensable(both, torch.tensor([[0.3, 0.7], [0.9, 0.1]])) == {4}
    assert copies.dispensable(both, torch.tensor([[0.3, 0.7], [0.1, 0.9]])) == {1}  # here 4 matters to one
    prompt = torch.tensor([[4, 6]]).expand(8, 2), torch.tensor([[0.1, 0.9]]).expand(8, 2)
    assert copies.dispensable(*prompt) == set()


@pytest.mark.parametrize("slots", [4, 5, 8, 16])
def test_places_for_copies_come_out_of_the_memory_for_experts(doubled: Store, slots: int) -> None:
    copies = copies_of(doubled)
    exact, low = shared_out(slots, doubled, copies)
    assert min(exact, low) >= 2
    taken = exact * doubled.largest_record + low * copies.largest_record
    assert taken <= slots * doubled.largest_record


def test_stopped_while_copying_the_store_is_as_before(store: Store, tmp_path: Path) -> None:
    shutil.copytree(store.folder, tmp_path / "store")

    def stop(stage: str, done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_copies(tmp_path / "store", stop)
    assert (tmp_path / "store" / MANIFEST).read_bytes() == (store.folder / MANIFEST).read_bytes()
    Store.at(tmp_path / "store").verify()
    assert add_copies(tmp_path / "store").low


def test_copies_that_are_not_there_or_cannot_be_made_are_one_line(
    checkpoint: Path, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(MoeError, match="add-copies"):
        load(store.folder, copies=True)
    eight = convert(checkpoint, tmp_path / "int8", recipe_named("int8"))
    with pytest.raises(MoeError, match="does not do"):
        shared_out(2, store, store)
    with pytest.raises(MoeError, match="is int8"):
        add_copies(eight.folder)
