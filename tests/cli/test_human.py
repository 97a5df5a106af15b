"""A chemist measures: the run waits, takes each result, and goes on."""

from __future__ import annotations

import re

from command import QUESTION, document

NOWHERE = "019a0000-0000-7000-8000-000000000000"


def test_a_run_waits_for_each_result_and_ranks_by_it(stocked, tmp_path):
    out = tmp_path / "out"
    request = ("--lab", "human", "--hypotheses", 3, "--budget", 2, "--out", out)
    done = stocked("run", QUESTION, *request)
    assert done.code == 0, done.err
    first = _awaited(done.out)
    resume = f"touchstone run --resume {done.run_id}"
    assert resume in done.out
    assert document(out)["run"]["state"] == "waiting"
    # No corpus was named, so the whole library was read.
    assert document(out)["corpus"]["papers"] == stocked.count("paper")

    told = stocked("result", first, "--score", 0.42, "--sem", 0.02, "--unit", "mV/K", "--by", "A. Chemist")
    assert (told.code, told.out, told.err) == (0, "Kept.\n", "")
    again = stocked("result", first, "--score", 0.99)
    assert again.code == 2
    assert again.err == "this experiment already has another result; amend that one, or withdraw it first\n"

    done = stocked("run", "--resume", done.run_id, "--out", out)
    assert done.code == 0, done.err
    second = _awaited(done.out)
    assert second != first
    assert stocked("result", second, "--failed", "--note", "it dried out").code == 0

    done = stocked(*resume.split()[1:], "--out", out)
    assert done.code == 0, done.err
    assert "The run waits" not in done.out
    run = document(out)
    assert run["run"]["state"] == "done"
    assert [(point["score"], point["status"]) for point in run["trace"]] == [(0.42, "done"), (None, "failed")]
    (tested,) = (one for one in run["hypotheses"] if one["tested"] and not one["failed"])
    assert tested["results"][0]["source"] == "A. Chemist"


def _awaited(out: str) -> str:
    """The experiment whose result the command asks for."""
    (found,) = re.findall(r"^  touchstone result ([0-9a-f-]{36}) --score VALUE   # .+$", out, re.MULTILINE)
    return str(found)


def test_a_result_of_an_experiment_that_nobody_knows_is_refused(stocked):
    before = stocked.dump()
    done = stocked("result", NOWHERE, "--score", 1)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"there is no experiment {NOWHERE} in this workspace\n"
    assert stocked.dump() == before
