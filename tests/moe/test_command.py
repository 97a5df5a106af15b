"""``touchstone moe``: from a checkpoint to a measured store, and one line for what goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.faults import told
from cli.moe import app
from moe.storing.store import Store


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: str | Path) -> str:
    error = run(*arguments).exception
    assert isinstance(error, Exception)
    line = told(error)
    assert line is not None
    assert line[1] == 2
    assert "\n" not in line[0]
    return line[0]


def test_from_a_checkpoint_to_a_measured_store(checkpoint: Path, tmp_path: Path) -> None:
    store, text = tmp_path / "store", tmp_path / "text.txt"
    text.write_text("The base is stirred in water until the colour fades. " * 60)
    made = run("convert", checkpoint, store, "--recipe", "floe", "--calibration", text, "--sparsity", "0.9")
    assert made.exit_code == 0, made.output
    assert "16 in 2 layers" in made.output
    assert run("calibrate", store, "--text", text, "--sparsity", "0.5").exit_code == 0
    assert "as they were written" in run("verify", store).output
    looked = run("inspect", store, "--text", text).output
    assert "least memory" in looked
    assert "best cache" in looked
    measured = run("bench", store, "--memory", "64MiB", "--prompt", "8", "--written", "4")
    assert "64 MiB" in measured.output
    assert "16 of 16" in measured.output


def test_an_exact_store_learns_to_predict_and_gets_copies(store: Store, tmp_path: Path) -> None:
    folder, text = tmp_path / "store", tmp_path / "text.txt"
    shutil.copytree(store.folder, folder)
    text.write_text("The base is stirred in water until the colour fades. " * 250)
    learnt = run("train-predictor", folder, "--text", text).output
    assert "are predicted" in learnt
    assert "of what the experts take" in run("add-copies", folder).output
    assert "as they were written" in run("verify", folder).output


def test_what_goes_wrong_is_one_line(checkpoint: Path, tmp_path: Path) -> None:
    store, short = tmp_path / "store", tmp_path / "short.txt"
    short.write_text("The base is stirred.")
    assert run("convert", checkpoint, store).exit_code == 0
    assert "at least" in refused("serve", store, "--memory", "1MiB", "--port", "0")
    assert "is no size" in refused("serve", store, "--memory", "plenty")
    assert "exists" in refused("convert", checkpoint, store)
    assert "is no store" in refused("inspect", checkpoint)
    assert "add-copies" in refused("serve", store, "--on-miss", "low", "--port", "0")
    assert "yarn:4 say" in refused("serve", store, "--rope-scaling", "longer", "--port", "0")
    assert "4096 tokens at most" in refused(
        "serve", store, "--rope-scaling", "yarn:2", "--context", "5000", "--port", "0"
    )
    assert "2048 are needed" in refused("train-predictor", store, "--text", short)
    assert "no policy" in refused("bench", store, "--policy", "guessing")
    assert "cannot be read" in refused("calibrate", store, "--text", tmp_path / "none.txt")


@pytest.mark.parametrize("words", [("convert", "--recipe", "int3"), ("serve", "--port", "-1")])
def test_what_is_misspelt_is_a_matter_of_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run(words[0], tmp_path, tmp_path, *words[1:]).exit_code == 2
