"""The program that measures a GPU runs from end to end without one, in small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

pytest.importorskip("triton", reason="Triton has wheels for Linux on x86-64 only")

from bench.moe_gpu import SECTIONS, main, run
from bench.moe_gpu_parts.shape import SMALL, Scene
from moe.gpu.device import InOrder


def test_every_section_gives_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--smoke", "--out", str(tmp_path / "out.json")]) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert not found["failed"]
    assert set(found["seconds"]) == set(SECTIONS)
    figures = {row["what"]: row for row in found["rows"]}
    for what in (
        "channels of 2 experts chosen, 2 bits",
        "one large copy from pinned memory",
        "every few channels, read by a kernel from pinned memory",
        "tokens written a second",
        "accelerate, CPU offload, tokens written",
    ):
        assert figures[what]["value"] > 0
    assert figures["channels of an expert used"]["value"] == pytest.approx(20, abs=8)
    table = capsys.readouterr().out
    assert all(f"| {what} |" in table for what in figures)


def test_a_section_that_fails_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    too_little = Scene(InOrder(), SMALL, 1 << 20, tmp_path, "too little memory")
    with torch.inference_mode():
        report = run(too_little, ["model", "transfers"])
    assert "at least" in report.failed["model"]
    assert any("large copy" in row.what for row in report.rows)
    assert "| model | failed" in report.markdown()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert capsys.readouterr().out.startswith("No GPU")
