"""Training tells better which experts the next layer will use, and changes nothing of what is computed."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from moe.errors import MoeError
from moe.offloading import train_predictor as training
from moe.offloading.load import load
from moe.offloading.locality import look
from moe.offloading.predictor import read_corrections
from moe.offloading.train_predictor import Learnt, train_predictor
from moe.recipes.choose import recipe_named
from moe.storing.amend import with_tensors
from moe.storing.convert import convert
from moe.storing.store import Store

SENTENCE = [7, 11, 30, 42, 100, 200]


def text(count: int, seed: int) -> list[int]:
    """Tokens of which some are far likelier than others."""
    return random.Random(seed).choices(range(5, 200), weights=[1 / rank for rank in range(1, 196)], k=count)


@pytest.fixture(scope="module")
def plain(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store whose first layer changes much, so that the second's router is wrong when asked early."""
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    with torch.no_grad():
        model.model.layers[0].mlp.experts.down_proj *= 30
    folder = tmp_path_factory.mktemp("predictor")
    model.save_pretrained(folder / "checkpoint")
    return convert(folder / "checkpoint", folder / "plain", recipe_named("exact"))


@pytest.fixture(scope="module")
def trained(plain: Store) -> tuple[Store, list[Learnt]]:
    """The same store with a trained predictor."""
    folder = plain.folder.with_name("trained")
    shutil.copytree(plain.folder, folder)
    return train_predictor(folder, text(6000, seed=1))


def test_unseen_text_is_predicted_better(plain: Store, trained: tuple[Store, list[Learnt]]) -> None:
    made, learnt = trained
    assert [one.layer for one in learnt] == [1]
    assert learnt[0].kept
    before, after = (look(folder, text(512, seed=2))[1].predicted for folder in (plain.folder, made.folder))
    assert before is not None
    assert after is not None
    assert after > before + 0.1
    assert learnt[0].untrained == pytest.approx(before, abs=0.05)
    assert learnt[0].trained == pytest.approx(after, abs=0.05)


def test_what_is_computed_stays_the_same(plain: Store, trained: tuple[Store, list[Learnt]]) -> None:
    tokens = torch.tensor([SENTENCE])
    with closing(load(plain.folder)) as untrained, closing(load(trained[0].folder)) as ours, torch.no_grad():
        assert torch.equal(untrained.model(tokens).logits, ours.model(tokens).logits)
        assert untrained.budget.dense < ours.budget.dense  # it is counted


def test_it_is_a_file_of_the_store_like_any_other(
    trained: tuple[Store, list[Learnt]], tmp_path: Path
) -> None:
    shutil.copytree(trained[0].folder, tmp_path / "store")
    store = Store.at(tmp_path / "store")
    store.verify()
    both = with_tensors(store, "calibration", {"0.weight": torch.ones(2)})  # one does not cost the other
    assert both.predictor == store.predictor
    other = with_tensors(both, "predictor", {})
    assert not read_corrections(other)
    assert not (tmp_path / "store" / store.predictor).exists()
    assert other.calibration == both.calibration
    other.verify()


def test_what_does_not_predict_better_is_not_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store.folder, tmp_path / "store")
    monkeypatch.setattr(training, "STEPS", 0)
    made, learnt = train_predictor(tmp_path / "store", text(2048, seed=1))
    assert learnt[0].trained == learnt[0].untrained
    assert not read_corrections(made)


def test_a_short_text_is_refused(store: Store) -> None:
    with pytest.raises(MoeError, match="2048 are needed"):
        train_predictor(store.folder, text(2047, seed=1))
