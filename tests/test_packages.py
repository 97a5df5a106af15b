"""The rooms are top-level packages, and some of their names are taken by other distributions too."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = "agents api cli config knowledge migrations moe ranking records simulator workers".split()

LOCATE = """
import importlib, json
print(json.dumps({name: importlib.import_module(name).__file__ for name in %r}))
"""


def test_every_room_is_this_repositorys_wherever_python_is_started():
    told = subprocess.run(
        [sys.executable, "-c", LOCATE % ROOMS], cwd="/", capture_output=True, text=True, check=True
    )
    found = json.loads(told.stdout)
    assert found == {name: str(ROOT / name / "__init__.py") for name in ROOMS}


def test_the_rooms_are_those_that_are_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert sorted(name for name in listed if "." not in name) == ROOMS
