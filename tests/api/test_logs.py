"""What the web process says of its requests: as a process of its own, as it is run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_request_is_a_line_with_its_id_and_without_what_may_be_secret(settings) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        environment = os.environ | {
            "TOUCHSTONE_DATA_DIR": str(settings.data_dir),
            "TOUCHSTONE_BROKER__URL": settings.broker.url,
            "TOUCHSTONE_LOG_LEVEL": "INFO",
            "TOUCHSTONE_LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "api", "--fd", str(listening.fileno())]
        server = subprocess.Popen(
            command, env=environment, pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True
        )
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    give_up = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/sign-in?token=mine", headers={"X-Request-ID": "r-1"}, timeout=10)
            break
        except httpx.HTTPError:
            assert time.monotonic() < give_up
    server.terminate()
    said = server.communicate(timeout=30)[1]
    lines = [json.loads(line) for line in said.splitlines()]
    (asked,) = [line for line in lines if line.get("request_id") == "r-1"]
    assert asked["message"].startswith("GET /sign-in: 403 in ")
    assert "mine" not in said
