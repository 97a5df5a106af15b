"""One server for all who use a data folder, as long as they do; by real processes, some of them killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from config import IndexSettings
from knowledge.chroma_server import chroma_server, running
from knowledge.index import Index, open_index
from records.errors import BadInput, Failure

UntilGone = Callable[[Path], None]
USER = Path(__file__).with_name("trial_user.py")
X = np.array([1, 0, 0], dtype="<f4").tobytes()


def add(index: Index, passage_id: str) -> int:
    """Give the index a passage; how many it lacked."""
    return index.sync({passage_id: "paper"}, lambda ids: dict.fromkeys(ids, X))


@pytest.fixture
def data_dir(tmp_path: Path, until_gone: UntilGone) -> Iterator[Path]:
    """A data folder that has no server any more when the test is over."""
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder
    until_gone(folder)


ENDING_S = 9.0
"""For a server to end by itself once its last user went; after ten seconds the keeper kills it."""


def server_of(data_dir: Path) -> int:
    pid: int = json.loads((data_dir / "chroma.json").read_text())["pid"]
    return pid


def keeper_of(data_dir: Path) -> int:
    parent = subprocess.run(
        ["ps", "-o", "ppid=", "-p", str(server_of(data_dir))], capture_output=True, text=True, check=True
    )
    return int(parent.stdout)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/heartbeat").is_success
    except httpx.HTTPError:
        return False


def use_once(data_dir: Path, urls: list[str]) -> None:
    with chroma_server(data_dir) as url:
        if answers(url):
            urls.append(url)


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.02)


def free_for_users(data_dir: Path) -> bool:
    with (data_dir / "chroma.users").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_all_users_share_a_server_and_the_last_one_ends_it(data_dir: Path, until_gone: UntilGone) -> None:
    with chroma_server(data_dir) as url:
        assert url.startswith("http://127.0.0.1:")
        assert running(data_dir) == url
        with chroma_server(data_dir) as again:
            assert again == url
        assert answers(url)
    until_gone(data_dir)
    assert not answers(url)
    assert running(data_dir) is None
    assert not (data_dir / "chroma.json").exists()


def test_users_that_are_killed_leave_nothing_running(data_dir: Path, until_gone: UntilGone) -> None:
    users = [
        subprocess.Popen(
            [sys.executable, USER, "hold", data_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        urls = {user.stdout.readline().strip() for user in users}
        assert len(urls) == 1
        users[0].kill()
        users[0].wait()
        assert answers(*urls)
    finally:
        for user in users:
            user.kill()
            user.communicate()
    until_gone(data_dir)
    assert not answers(*urls)
    assert running(data_dir) is None


def test_while_a_server_is_on_its_way_out_nobody_comes_to_use_it(data_dir: Path) -> None:
    """Else the next user would start a second server on the same files, which loses vectors."""
    with chroma_server(data_dir) as url:
        server = server_of(data_dir)
        os.kill(server, signal.SIGSTOP)  # so that it takes its time to end
    try:
        wait_until(lambda: not (data_dir / "chroma.json").exists())
        assert not free_for_users(data_dir)
    finally:
        os.kill(server, signal.SIGCONT)
    with chroma_server(data_dir) as another:
        assert server_of(data_dir) != server
        assert answers(another)
        assert another == url or not answers(url)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a server outlives a keeper that is killed")
def test_after_a_killed_keeper_the_server_goes_and_the_next_user_has_another(
    data_dir: Path, until_gone: UntilGone
) -> None:
    with chroma_server(data_dir):
        server = server_of(data_dir)
        os.kill(keeper_of(data_dir), signal.SIGKILL)
        until_gone(data_dir)
        assert running(data_dir) is None
    with chroma_server(data_dir) as url:
        assert server_of(data_dir) != server
        assert answers(url)


def test_a_new_keeper_waits_for_the_server_of_a_killed_one(data_dir: Path) -> None:
    with (data_dir / "chroma.held").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as a server does until it has gone
        urls: list[str] = []
        user = threading.Thread(target=use_once, args=(data_dir, urls))
        user.start()
        wait_until((data_dir / "chroma.log").exists)  # the keeper was started
        user.join(timeout=1)
        assert urls == []
    user.join(timeout=30)
    assert len(urls) == 1


def test_a_client_that_lives_on_does_not_hold_up_the_end(data_dir: Path, until_gone: UntilGone) -> None:
    """A worker opens an index for each job; the server would wait for connections that it left open."""
    with open_index(IndexSettings(), data_dir, "workspace", "three-dimensions") as index:
        add(index, "x")
    began = time.monotonic()
    until_gone(data_dir)
    assert time.monotonic() - began < ENDING_S  # at which the keeper kills it
    assert index is not None


def test_a_server_that_dies_in_use_is_unreachable_and_the_next_user_has_another(data_dir: Path) -> None:
    settings = IndexSettings()
    with open_index(settings, data_dir, "workspace", "three-dimensions") as index:
        add(index, "x")
        os.kill(server_of(data_dir), signal.SIGKILL)
        wait_until(lambda: running(data_dir) is None)
        for use in (lambda: add(index, "y"), lambda: index.nearest(np.ones((1, 3), np.float32), 1)):
            with pytest.raises(Failure) as raised:
                use()
            assert raised.value.code == "index_unreachable"
    with open_index(settings, data_dir, "workspace", "three-dimensions") as index:
        assert add(index, "x") == 0


def test_what_lies_in_the_users_folder_is_not_imported(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("httpx", "knowledge", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not mine')")
    monkeypatch.chdir(tmp_path)
    with chroma_server(Path("data")) as url:  # relative to it, also
        assert answers(url)


def test_a_note_of_a_server_that_is_none_is_not_believed(tmp_path: Path) -> None:
    for note in ("", "{}", "[]", '{"host": "127.0.0.1", "port": 9}', "\0"):
        (tmp_path / "chroma.json").write_text(note)
        assert running(tmp_path) is None


def test_a_server_that_cannot_start_says_why(tmp_path: Path, until_gone: UntilGone) -> None:
    (tmp_path / "chroma").write_text("a file where the server wants its folder")
    with pytest.raises(Failure) as raised, chroma_server(tmp_path):
        pytest.fail("there is no server")
    assert raised.value.code == "no_index_server"
    assert str(tmp_path / "chroma.log") in raised.value.message
    until_gone(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput) as raised, chroma_server(tmp_path / "file" / "data"):
        pytest.fail("there is no server")
    assert raised.value.code == "not_writable"
