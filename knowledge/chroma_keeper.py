"""Keeps one Chroma server running while somebody uses it: ``python knowledge/chroma_keeper.py DATA_DIR``."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

GRACE_S = 1.0
"""How long the server outlives its last user; a next command often follows at once."""


def main(data_dir: Path) -> int:
    """Start the server, say where it is, and end it when nobody holds the users' lock any more."""
    chroma = Path(sys.executable).with_name("chroma")
    users = (data_dir / "chroma.users").open("a")
    held = (data_dir / "chroma.held").open("a")
    # The server holds it too: one whose keeper was killed may still be on its way out.
    fcntl.flock(held, fcntl.LOCK_EX)
    port = _free_port()
    command = [
        str(chroma),
        "run",
        "--path",
        str(data_dir / "chroma"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    server = subprocess.Popen(command, env=environment, preexec_fn=_die_with_parent, pass_fds=[held.fileno()])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _announce(data_dir, port, server)
        while server.poll() is None:
            time.sleep(GRACE_S)
            if _unused(users):
                # The lock is held until this process ends, so that no one starts to use what is going.
                return 0
        return server.returncode or 0
    finally:
        (data_dir / "chroma.json").unlink(missing_ok=True)
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _announce(data_dir: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    """Write the server's place once it answers."""
    while server.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1).is_success:
                break
        except httpx.HTTPError:
            time.sleep(0.05)
    draft = data_dir / "chroma.json.new"
    draft.write_text(json.dumps({"host": "127.0.0.1", "port": port, "pid": server.pid}))
    draft.replace(data_dir / "chroma.json")


def _unused(users: object) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """On Linux a server whose keeper is killed gets SIGTERM; elsewhere it stays until stopped by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
