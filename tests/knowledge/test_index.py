from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from config import IndexSettings
from knowledge.index import BATCH, Index, open_index
from records.errors import BadInput, Failure

OpenIndex = Callable[[str], Index]
VECTORS = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "xy": (0.6, 0.8, 0.0)}


def rows(**papers: str) -> dict[str, tuple[str, bytes]]:
    """What the database would tell: passages by name, with their papers."""
    return {one: (paper, np.array(VECTORS[one], dtype="<f4").tobytes()) for one, paper in papers.items()}


def near(index: Index, vector: tuple[float, float, float], limit: int = 10, papers=None) -> list[str]:
    return [one for one, _ in index.nearest(np.array([vector], dtype=np.float32), limit, papers)[0]]


def sync(index: Index, known: dict[str, tuple[str, bytes]]) -> int:
    papers = {one: paper for one, (paper, _) in known.items()}
    return index.sync(papers, lambda ids: {one: known[one][1] for one in ids})


@pytest.fixture
def index(workspace_index: OpenIndex) -> Index:
    return workspace_index(uuid4().hex)


def test_the_nearest_come_first_with_their_likeness(index: Index) -> None:
    assert sync(index, rows(x="one", y="two", xy="two")) == 3
    found = index.nearest(np.array([(1, 0, 0)], dtype=np.float32), 10)[0]
    assert [one for one, _ in found] == ["x", "xy", "y"]
    assert [likeness for _, likeness in found] == pytest.approx([1, 0.6, 0], abs=1e-6)
    assert near(index, (0, 1, 0), limit=1) == ["y"]


def test_only_the_papers_that_are_named_are_searched(index: Index) -> None:
    sync(index, rows(x="one", y="two", xy="two"))
    assert near(index, (1, 0, 0), papers=["two"]) == ["xy", "y"]
    assert near(index, (1, 0, 0), papers=["one", "two"]) == ["x", "xy", "y"]
    assert near(index, (1, 0, 0), papers=["three"]) == near(index, (1, 0, 0), papers=[]) == []


def test_thousands_of_papers_may_be_named(index: Index) -> None:
    sync(index, rows(x="one", y="two"))
    many = [f"paper {number}" for number in range(40_000)]
    assert near(index, (1, 0, 0), papers=[*many, "two"]) == ["y"]


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert near(index, (1, 0, 0)) == near(index, (1, 0, 0), papers=["one"]) == []


def test_what_is_there_is_not_sent_again(index: Index) -> None:
    assert sync(index, {}) == 0
    assert sync(index, rows(x="one")) == 1
    assert sync(index, rows(x="one", y="two")) == 1
    assert sync(index, rows(x="one", y="two")) == 0


def test_rows_that_were_lost_are_healed(index: Index) -> None:
    known = rows(x="one", y="two", xy="two")
    sync(index, known)
    index._collection.delete(ids=["x", "xy"])  # as a server does that lost its disk
    assert near(index, (1, 0, 0)) == ["y"]
    assert sync(index, known) == 2
    assert near(index, (1, 0, 0)) == ["x", "xy", "y"]


def test_more_rows_than_a_request_takes_are_all_found(index: Index) -> None:
    vectors = np.random.default_rng(0).normal(size=(BATCH + 50, 3)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert sync(index, {f"{i}": ("one", vector.tobytes()) for i, vector in enumerate(vectors)}) == BATCH + 50
    for i in (0, BATCH - 1, BATCH, BATCH + 49):
        assert index.nearest(vectors[i : i + 1], 1)[0][0][0] == f"{i}"


def test_workspaces_and_models_see_nothing_of_each_other(index_url: str, workspace_index: OpenIndex) -> None:
    mine, stranger = uuid4().hex, uuid4().hex
    sync(workspace_index(mine), rows(x="one"))
    assert near(workspace_index(mine), (1, 0, 0)) == ["x"]
    assert near(workspace_index(stranger), (1, 0, 0)) == []
    settings = IndexSettings(url=index_url)
    with open_index(settings, Path("unused"), mine, "another-model") as other:
        assert near(other, (1, 0, 0)) == []


def test_where_nobody_answers_the_index_is_unreachable(tmp_path: Path) -> None:
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound_but_deaf.getsockname()[1]}"
        with (
            pytest.raises(Failure) as raised,
            open_index(IndexSettings(url=url), tmp_path, "w", "m"),
        ):
            pytest.fail("there is no index")
    assert raised.value.code == "index_unreachable"
    assert url in raised.value.message
    assert list(tmp_path.iterdir()) == []  # no server of our own in its place


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "chroma:8000", "ftp://127.0.0.1", "http://", "here", ""])
def test_what_is_no_url_is_refused(tmp_path: Path, url: str) -> None:
    with (
        pytest.raises(BadInput) as raised,
        open_index(IndexSettings(url=url), tmp_path, "w", "m"),
    ):
        pytest.fail("there is no index")
    assert raised.value.code == "bad_index_url"
