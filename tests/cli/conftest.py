"""The ``touchstone`` command as a process of its own, in an installation of this test alone."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command import DEMO, QUESTION, ROOT, SIMULATED, Installation, Whole
from warm import Warm, warm_command

# The fake language model of the reasoners' tests, as it is.
_spec = importlib.util.spec_from_file_location("agents_conftest", ROOT / "tests" / "agents" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_shared = sys.modules["agents_conftest"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
fake_language_model = _shared.fake_language_model


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with warm_command(tmp_path_factory.mktemp("warm")) as started:
        yield started


@pytest.fixture
def touchstone(tmp_path: Path, warm: Warm) -> Installation:
    """A new installation: nothing is kept yet."""
    return Installation(tmp_path / "data", warm)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, warm: Warm) -> Whole:
    """A run on the demo's literature and its hidden answer that nothing has disturbed."""
    home = tmp_path_factory.mktemp("whole")
    installation = Installation(home / "data", warm)
    started = time.monotonic()
    done = installation(
        "run", QUESTION, "--corpus", DEMO / "literature.jsonl", *SIMULATED, "--out", home / "out"
    )
    assert done.code == 0, done.err
    return Whole(installation, done, home / "out", time.monotonic() - started)


@pytest.fixture
def stocked(touchstone: Installation, whole: Whole) -> Installation:
    """An installation where the demo's papers are in the library and one run is done."""
    touchstone.data_dir.mkdir()
    for name in ("touchstone.db", "checkpoints.db"):
        shutil.copy(whole.installation.data_dir / name, touchstone.data_dir)
    return touchstone


@pytest.fixture
def papers(tmp_path: Path) -> Callable[[int], Path]:
    """A file of the demo's first so many papers."""

    def write(count: int) -> Path:
        lines = (DEMO / "literature.jsonl").read_text().splitlines(keepends=True)[:count]
        path = tmp_path / f"papers-{count}.jsonl"
        path.write_text("".join(lines))
        return path

    return write


@pytest.fixture
def bibliography(tmp_path: Path) -> Path:
    """Two entries that are whole, and between them one that is not."""
    path = tmp_path / "refs.bib"
    path.write_text(
        """
@article{freezing, title={Freezing aligns a gel}, year={2021},
  abstract={Directional freezing aligns the channels of a poly(vinyl alcohol) gel. Ions move faster in them.}}
@article{unfinished, title={An entry without end, abstract={Nobody closed it
@article{salting, title={Salting out toughens gels}, year={2020},
  abstract={Salting out with sulfate ions draws the chains together. It makes the gel strong and tough.}}
"""
    )
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A measured table of twelve reactions, one of which failed."""
    path = tmp_path / "yields.csv"
    rows = [
        f"{base},{temperature},{yields}"
        for base, figures in {
            "KOAc": (10, 35, 60, 41),
            "CsOPiv": (20, 55, 90, 66),
            "K2CO3": (5, 15, "", 12),
        }.items()
        for temperature, yields in zip((80, 90, 105, 120), figures, strict=True)
    ]
    path.write_text("\n".join(["base,temperature,yield", *rows]) + "\n")
    return path
