from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import EmbeddingSettings
from knowledge import embedding
from knowledge.embedding import LIKE, SHORT, Embedder, like_lengths, load_embedder
from records.errors import BadInput, Failure

LOAD = load_embedder.__wrapped__
"""Loads as in a fresh process: none is there yet."""


def test_texts_become_unit_vectors(model: Embedder) -> None:
    vectors = model.embed(["A gel slows convection.", "", "热电池", "x " * 5_000])
    assert vectors.shape == (4, model.dimension) == (4, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_no_texts_are_no_vectors(model: Embedder) -> None:
    assert model.embed([]).shape == (0, 384)


def test_what_means_the_same_lies_nearer(model: Embedder) -> None:
    heat, warmth, court = model.embed(
        ["Waste heat is turned into electricity.", "Thermocells harvest warmth.", "The court was adjourned."]
    )
    assert heat @ warmth > heat @ court + 0.2


def test_a_text_has_one_vector_whatever_it_stands_beside(model: Embedder) -> None:
    alone = model.embed(["A gel."])[0]
    beside = model.embed(["A much longer text about gels and salts and cells.", "A gel."])[1]
    assert alone == pytest.approx(beside, abs=1e-5)


def test_a_process_loads_a_model_once(model: Embedder) -> None:
    assert load_embedder(EmbeddingSettings()) is model
    assert model.name == "all-MiniLM-L6-v2"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights of a package that stands in the bundled one's place; small, and as published."""
    package = tmp_path / "small_weights"
    weights = package / "model" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    (package / "__init__.py").touch()
    weights.write_bytes(b"as published")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(embedding, "BUNDLED_PACKAGE", "small_weights")
    monkeypatch.setattr(embedding, "BUNDLED_DIGEST", hashlib.sha256(b"as published").hexdigest())
    return weights


def test_weights_as_published_are_taken(bundle: Path) -> None:
    assert LOAD(EmbeddingSettings()).name == "all-MiniLM-L6-v2"


def test_weights_that_somebody_changed_are_refused(bundle: Path) -> None:
    bundle.write_bytes(b"as publishes")
    with pytest.raises(Failure) as raised:
        LOAD(EmbeddingSettings())
    assert raised.value.code == "bad_embedding_weights"
    assert str(bundle) in raised.value.message


def test_weights_that_are_gone_are_refused(bundle: Path) -> None:
    bundle.unlink()
    with pytest.raises(Failure) as raised:
        LOAD(EmbeddingSettings())
    assert raised.value.code == "bad_embedding_weights"


def test_a_package_that_is_not_installed_is_missed(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BUNDLED_PACKAGE", "no_such_package_of_weights")
    with pytest.raises(Failure) as raised:
        LOAD(EmbeddingSettings())
    assert raised.value.code == "no_embedding_model"


@pytest.mark.parametrize("place", ["/no/such/folder", "./no-such-folder", "../no-such-folder"])
def test_a_folder_that_is_not_there_is_refused(place: str) -> None:
    with pytest.raises(BadInput) as raised:
        LOAD(EmbeddingSettings(model=place))
    assert raised.value.code == "no_embedding_model"
    assert place.lstrip("./") in raised.value.message


def test_a_folder_without_a_model_fails_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("No model.")
    with pytest.raises(Failure) as raised:
        LOAD(EmbeddingSettings(model=str(tmp_path))).embed(["A gel."])
    assert raised.value.code == "no_embedding_model"
    assert str(tmp_path) in raised.value.message


def test_what_is_on_this_machine_needs_no_network(model: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    model.embed(["Loaded, as it was asked for first."])
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("there is no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    folder = embedding._bundled()
    copy = LOAD(EmbeddingSettings(model=str(folder)))
    assert copy.embed(["A gel."])[0] == pytest.approx(model.embed(["A gel."])[0], abs=1e-5)
    assert copy.name == folder.name
    assert asked == []
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"


@given(st.lists(st.text(max_size=300), max_size=30), st.integers(1, 8))
def test_batches_hold_each_text_once_and_little_padding(texts: list[str], most: int) -> None:
    batches = like_lengths(texts, most)
    assert sorted(place for batch in batches for place in batch) == list(range(len(texts)))
    for batch in batches:
        lengths = [len(texts[place]) for place in batch]
        assert len(batch) <= most
        assert max(lengths) <= LIKE * min(lengths) + SHORT
