"""What a job may take, and how a worker ends: real workers, real signals."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from workers.commands import STOP

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_job_that_takes_too_long_is_told_to_stop_and_dies_of_it(yard) -> None:
    yard.start_worker()
    job = yard.ended(yard.order("too_long", max_attempts=2))
    assert (job.state, job.attempt) == ("dead", 2)
    assert "longer than its limit" in job.reason


def test_a_job_that_cannot_be_told_is_killed_and_its_attempts_are_counted(yard) -> None:
    yard.start_worker(TOUCHSTONE_WORKER__GRACE_S="1")
    deaf, echo = yard.order("deaf", max_attempts=2), yard.order("echo")
    job = yard.ended(deaf)
    assert (job.state, job.attempt) == ("dead", 2)
    assert "worker died" in job.reason
    assert yard.ended(echo).state == "done"


def test_a_job_that_eats_memory_fails_and_takes_nobody_with_it(yard) -> None:
    yard.start_worker(TOUCHSTONE_WORKER__MEMORY_MB="512")
    glutton = yard.ended(yard.order("glutton", max_attempts=2))
    assert (glutton.state, glutton.attempt) == ("dead", 2)
    assert "more than the 512 MB" in glutton.reason
    assert yard.ended(yard.order("echo")).state == "done"


@pytest.mark.parametrize("remap", [{}, {"REMAP_SIGTERM": "SIGQUIT"}], ids=["quit", "terminate"])
def test_a_worker_that_is_told_to_end_hands_its_job_back_at_once(yard, remap) -> None:
    first = yard.start_worker(TOUCHSTONE_WORKER__SOFT_SHUTDOWN_S="1", **remap)
    job_id = yard.order("hang_once", max_attempts=1)
    yard.until(lambda: yard.done() == ["begun"])
    first.send_signal(signal.SIGTERM if remap else STOP)
    first.wait(timeout=8)
    assert yard.job(job_id).state == "queued"
    yard.start_worker()
    job = yard.ended(job_id)
    assert (job.state, job.attempt) == ("done", 2)  # the attempt that was cut short did not count


def test_a_result_is_kept_and_the_log_tells_for_which_request(yard) -> None:
    yard.start_worker()
    job = yard.ended(yard.order("echo", request_id="request-7"))
    assert job.result == {"attempt": 1}
    lines = [json.loads(line) for line in yard.log().splitlines() if line.startswith("{")]
    said = next(line for line in lines if line["message"] == "echo says so")
    assert (said["logger"], said["level"]) == ("trial", "INFO")
    assert (said["request_id"], said["job_id"]) == ("request-7", job.id)


def test_only_a_child_that_needs_it_loads_the_language_models(yard) -> None:
    """The parent forks its children, so it must hold nothing that does not stand that."""
    worker = yard.start_worker("workers.app")
    yard.until(lambda: "ready" in yard.log())
    processes = [worker.pid, *children(worker.pid)]
    assert len(processes) >= 4  # the parent, two children, the schedule
    for pid in processes:
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert not any(name in maps for name in ("libtorch", "onnxruntime", "_multiarray_umath"))


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]
