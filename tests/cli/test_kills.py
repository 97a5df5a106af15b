"""Killed at any moment, a run goes on where it was and ends in the same ranking."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from subprocess import TimeoutExpired

from command import DEMO, QUESTION, SIMULATED, Installation, document, ranking, run_id_in

from agents.service import LLM_CALLS_AT_ONCE

KILLS = 2


def test_killed_again_and_again_a_run_ends_in_the_same_ranking(touchstone, whole, tmp_path):
    draw, out, run_id = random.Random(7), tmp_path / "out", None
    for part in reversed(range(KILLS)):  # of the run's length, so that no part of it is spared
        moment = whole.seconds * (part + draw.random()) / KILLS
        while True:
            code, told = _live(touchstone, run_id, out, moment)
            if code == -signal.SIGKILL:
                run_id = run_id or run_id_in(told)
                break
            # Faster than expected: it was done before it could be killed.
            assert code == 0, told
            assert ranking(out) == ranking(whole.out)
            run_id, moment = None, moment * 0.8
    code, told = _live(touchstone, run_id, out, None)
    assert code == 0, told
    assert ranking(out) == ranking(whole.out)


def _live(installation: Installation, run_id: str | None, out: Path, moment: float | None) -> tuple[int, str]:
    """Start or resume, and kill after so many seconds; the exit code and what standard error said."""
    new = (QUESTION, "--corpus", DEMO / "literature.jsonl", *SIMULATED)
    process = installation.begin("run", *(("--resume", run_id) if run_id else new), "--out", out)
    try:
        _, told = process.communicate(timeout=moment)
    except TimeoutExpired:
        process.kill()
        _, told = process.communicate()
    return process.returncode, told


def test_a_language_model_is_not_paid_twice(touchstone, fake_language_model, papers, tmp_path):
    touchstone.settings |= {"REASONER__BASE_URL": fake_language_model.url, "REASONER__MODEL": "fake"}
    request = ("run", QUESTION, "--reasoner", "llm", "--corpus", papers(8), *SIMULATED, "--out")
    done = touchstone(*request, tmp_path / "whole")
    assert done.code == 0, done.err
    price = fake_language_model.paid
    assert document(tmp_path / "whole")["costs"]["calls"] == price

    process = touchstone.begin(*request, tmp_path / "killed")
    while fake_language_model.paid < price + price // 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.kill()
    _, told = process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = touchstone("run", "--resume", run_id_in(told), "--out", tmp_path / "killed")
    assert done.code == 0, done.err
    assert ranking(tmp_path / "killed") == ranking(tmp_path / "whole")
    assert document(tmp_path / "killed")["costs"]["calls"] == price
    assert (
        price <= fake_language_model.paid - price <= price + LLM_CALLS_AT_ONCE
    )  # those in flight at the kill
