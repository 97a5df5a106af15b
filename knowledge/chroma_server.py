"""The vector index's server: started by whoever needs it first, shared by all, gone when nobody is left.

Two processes must never open one Chroma folder (vectors are lost without an error), so a server stands
between. Every user holds a shared lock on ``chroma.users``; the keeper (``knowledge.chroma_keeper``) ends the
server when it can lock that file alone. The kernel drops a dead process's locks, so a kill leaves nothing
running.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from records.errors import BadInput, Failure
from records.faults import disk_full, is_full

START_TIMEOUT_S = 60.0
KEEPER = Path(__file__).with_name("chroma_keeper.py")


@contextmanager
def chroma_server(data_dir: Path) -> Iterator[str]:
    """The URL of the data folder's server, which is there for as long as the context lasts."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        users = (data_dir / "chroma.users").open("a")
    except OSError as error:
        raise BadInput("not_writable", f"{data_dir} cannot be written to: {error.strerror}") from None
    with users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (data_dir / "chroma.starting").open("a") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            url = running(data_dir) or _start(data_dir)
        yield url


def running(data_dir: Path) -> str | None:
    """The URL of the server, if there is one and it answers."""
    try:
        place = json.loads((data_dir / "chroma.json").read_text())
        url = f"http://{place['host']}:{place['port']}"
        return url if httpx.get(f"{url}/api/v2/heartbeat", timeout=5).is_success else None
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError):
        return None


def _start(data_dir: Path) -> str:
    (data_dir / "chroma.json").unlink(missing_ok=True)
    log = data_dir / "chroma.log"
    with log.open("w") as output:
        keeper = subprocess.Popen(
            # By its path and with -P: whatever the user's current folder holds, it is not imported.
            [sys.executable, "-P", str(KEEPER), str(data_dir.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the command, not for a server that others may use
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        url = running(data_dir)
        if url is not None:
            return url
        if keeper.poll() is not None:
            break
        time.sleep(0.05)
    tail = " ".join(log.read_text(errors="replace").split()[-40:])
    if is_full(tail):
        raise disk_full(str(data_dir / "chroma"))
    raise Failure("no_index_server", f"the index's server did not start; the end of {log}: {tail}")
