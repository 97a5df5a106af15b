"""A server that is killed while it writes leaves its store whole, and its port free."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import httpx

from moe.server.run import Serving, listen, serve, service_for
from moe.storing.store import Store


def serving_child(serving: Serving) -> tuple[int, str]:
    """A process that serves, and its address."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            serve(serving, lambda url, _: os.write(writing, url.encode()) and None)
        finally:
            os._exit(1)
    os.close(writing)
    with open(reading, "rb", buffering=0) as pipe:
        return child, pipe.read(200).decode()


def test_killed_in_the_middle_of_an_answer_nothing_is_damaged(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    shutil.copytree(store.folder, folder)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    child, url = serving_child(Serving(folder, port=0, tokens=2048))
    asked = {"prompt": "The base", "max_tokens": 2000, "stream": True}
    with httpx.stream("POST", f"{url}/completions", json=asked, timeout=20) as answer:
        pieces = answer.iter_lines()
        assert json.loads(next(pieces).removeprefix("data: "))["object"] == "text_completion"
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == names
    Store.at(folder).verify()
    listen("127.0.0.1", int(url.split(":")[2].split("/")[0])).close()
    service_for(Serving(folder, tokens=64)).engine.close()
