"""``touchstone moe``: from a checkpoint to a measured store, and one line for what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.faults import told
from cli.moe import app


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


def test_what_goes_wrong_is_one_line(checkpoint: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert run("convert", checkpoint, store).exit_code == 0
    assert "at least" in refused("serve", store, "--memory", "1MiB", "--port", "0")
    assert "is no size" in refused("serve", store, "--memory", "plenty")
    assert "exists" in refused("convert", checkpoint, store)
    assert "is no store" in refused("inspect", checkpoint)
    assert "no policy" in refused("bench", store, "--policy", "guessing")
    assert "cannot be read" in refused("calibrate", store, "--text", tmp_path / "none.txt")


@pytest.mark.parametrize("words", [("convert", "--recipe", "int3"), ("serve", "--port", "-1")])
def test_what_is_misspelt_is_a_matter_of_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run(words[0], tmp_path, tmp_path, *words[1:]).exit_code == 2
