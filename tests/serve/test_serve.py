"""``touchstone serve``: all parts together, whatever is done to one of them."""

from __future__ import annotations

import os
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest
import redis

PARTS = {
    "broker": "valkey-server",
    "index": "chroma run",
    "index's keeper": "chroma_keeper.py",
    "api": "-m api",
    "worker": " worker ",
    "schedule": "--quiet beat",
    "guard": "reaper.py",
}


def test_it_starts_from_nothing_works_and_ends_in_good_order(service, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service_manager:
        service_manager.bind(f"\0touchstone-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@touchstone-test-{os.getpid()}")
        service.start()
        service_manager.settimeout(5)
        assert service_manager.recv(100) == b"READY=1"
    assert service.seconds < 15
    assert service.ready()
    assert httpx.get(f"{service.url}/health").json() == {"status": "ok"}
    service.does_jobs()
    found = {name: service.part(sign) for name, sign in PARTS.items()}
    assert all(found.values()), found

    assert service.stop() < 10
    assert service.processes() == {}
    assert service.said().count("ready at") == 1
    assert "started again" not in service.said()


def test_only_this_user_can_read_what_it_keeps_and_speak_to_its_broker(serving):
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (
            serving.data_dir,
            serving.data_dir / "serve.lock",
            serving.data_dir / "broker" / "broker.conf",
        )
    }
    assert modes == {"data": 0o700, "serve.lock": 0o600, "broker.conf": 0o600}
    with_password = serving.broker_url()
    without = f"redis://{with_password.rpartition('@')[2]}"
    with redis.Redis.from_url(without) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    password = with_password.partition(":")[2].rpartition("@")[0]
    assert password
    assert not any(password in command for command in serving.processes().values())


def test_a_second_start_on_the_same_directory_is_refused(serving):
    second = serving.run("serve", "--port", "0")
    assert second.returncode == 2
    (line,) = second.stderr.splitlines()
    assert f"already serves from {serving.data_dir} at {serving.url}" in line
    assert serving.ready()


def test_nobody_is_refused_while_the_web_process_is_started_again(serving):
    os.kill(serving.part("-m api")[0], signal.SIGKILL)
    began = time.monotonic()
    assert httpx.get(f"{serving.url}/health", timeout=20).is_success
    assert time.monotonic() - began < 10


def test_each_part_that_is_killed_comes_back_and_jobs_get_done(serving, wait_until):
    for name, sign in PARTS.items():
        before = serving.part(sign)
        os.kill(before[0], signal.SIGKILL)

        def anew(sign=sign, before=before) -> bool:
            return bool(set(serving.part(sign)) - set(before)) and before[0] not in serving.part(sign)

        wait_until(anew, 20, lambda name=name: f"{name} was not started again: {serving.said()}")
        wait_until(serving.ready, 20, serving.said)
    serving.does_jobs()
    told = {line.split()[0] for line in serving.said().splitlines() if "started again" in line}
    assert told == {"broker", "index", "api", "worker", "beat", "the"}, serving.said()  # "the guard"


def test_what_is_killed_outright_leaves_nothing_running(service, wait_until):
    service.start()
    before = service.processes()
    assert len(before) >= len(PARTS) + 1
    assert service.process is not None
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()

    def left() -> object:
        return service.processes() or [pid for pid in before if alive(pid)]

    wait_until(lambda: not left(), 5, lambda: str(left()))

    service.start()  # and it can be started again at once
    service.does_jobs()


def test_an_address_that_is_not_to_be_had_is_one_line(service):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        in_use = service.run("serve", "--port", port)
    assert (in_use.returncode, in_use.stderr.count("\n")) == (2, 1)
    assert f"port {port} is in use" in in_use.stderr
    open_to_all = service.run("serve", "--port", "0", "--host", "0.0.0.0")
    assert (open_to_all.returncode, open_to_all.stderr.count("\n")) == (2, 1)
    assert service.processes() == {}


def test_a_broker_that_somebody_else_runs_is_used(service, broker, broker_url, wait_until):
    service.settings["BROKER__URL"] = broker_url
    service.start()
    assert service.broker_url() == broker_url
    assert service.part("valkey-server") == [broker._process.pid] or not service.part("broker.conf")
    service.does_jobs()
    service.stop()

    broker.stop()
    refused = service.run("serve", "--port", "0")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "broker" in refused.stderr


def alive(pid: int) -> bool:
    """Whether there is such a process, and not only its exit code that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
