"""The examples of docs/api.md, run in their order against a real server and a real worker."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples(language: str) -> str:
    text = (ROOT / "docs" / "api.md").read_text()
    return "\n".join(code for found, code in BLOCK.findall(text) if found == language)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_example_works(client, worker_log, tmp_path) -> None:
    environment = {
        **os.environ,
        "TOUCHSTONE_URL": str(client.base_url),
        "TOUCHSTONE_KEY": client.headers["authorization"].removeprefix("Bearer "),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    shell = ["bash", "-euo", "pipefail", "-c", examples("sh")]
    python = [sys.executable, "-c", examples("python")]
    for command in (shell, python):
        told = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=200
        )
        assert told.returncode == 0, f"{told.stdout}\n{told.stderr}\n{worker_log.read_text()[-3000:]}"
    assert "1. Guanidinium chloride" in told.stdout
    assert "{'added': 1, 'known': 0" in told.stdout
    assert "Thermocells with gelatin" in told.stdout
    assert "attachment" in told.stdout
