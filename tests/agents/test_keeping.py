"""Where a run's checkpoints and its lock are kept, embedded and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph

from agents.checkpoints import open_checkpoints
from agents.drafts import Brief
from agents.locks import sole_holder
from agents.state import State
from config import Settings
from records.errors import BadInput


@pytest.fixture
def either(database_url: str, tmp_path: Path) -> Settings:
    """An installation on SQLite or on PostgreSQL."""
    return Settings(data_dir=tmp_path, database_url=database_url)


CONFIG: Any = {"configurable": {"thread_id": "run-1"}}


def checkpoint_of(settings: Settings, state: State) -> dict[str, Any]:
    """What another process finds, after a graph of one node has left this state."""
    with open_checkpoints(settings) as saver:
        graph = StateGraph(State)
        graph.add_node("node", lambda _: state)
        graph.add_edge(START, "node")
        graph.add_edge("node", END)
        graph.compile(checkpointer=saver).invoke({"notes": []}, CONFIG, durability="sync")
    with open_checkpoints(settings) as saver:
        kept = saver.get_tuple(CONFIG)
    assert kept is not None
    return kept.checkpoint["channel_values"]


def test_a_checkpoint_outlives_the_connection_that_wrote_it(either):
    state: State = {"sources": [{"passage_id": "p", "score": 0.5}], "notes": ["kept"], "pending": 2}
    values = checkpoint_of(either, state)
    assert {name: values[name] for name in state} == state


def test_a_checkpoint_brings_back_plain_types_only(either):
    values = checkpoint_of(either, {"pending": Brief("How?")})
    assert not isinstance(values["pending"], Brief)


def test_one_holder_at_a_time(either):
    with sole_holder(either, "run-1"):
        with pytest.raises(BadInput, match="already being continued") as caught, sole_holder(either, "run-1"):
            pass
        assert caught.value.code == "run_busy"
        with sole_holder(either, "run-2"):
            pass
    with sole_holder(either, "run-1"):
        pass


def test_a_killed_holder_holds_nothing(either):
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from agents.locks import sole_holder\n"
        "from config import Settings\n"
        "settings = Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])\n"
        "with sole_holder(settings, 'run-1'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(either.data_dir), either.database]
    root = Path(__file__).parents[2]
    died = subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=False)
    assert died.returncode == -9
    with sole_holder(either, "run-1"):
        pass


def test_a_place_that_cannot_be_written_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("no folder")
    blocked = Settings(data_dir=tmp_path / "file")
    with pytest.raises(BadInput) as caught, open_checkpoints(blocked):
        pass
    assert caught.value.code == "not_writable"
    with pytest.raises(BadInput) as caught, sole_holder(blocked, "run-1"):
        pass
    assert caught.value.code == "not_writable"
