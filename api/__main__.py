"""``python -m api``: the web process alone, on the settings' host and port or on a socket it inherits."""

from __future__ import annotations

import argparse
import socket

import uvicorn

from api.app import create_app, serve
from config import load_settings

GRACE_S = 3
"""How long answers that are on their way may take when the process is told to end."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--fd", type=int, help="a listening socket that the parent process has opened")
    given = parser.parse_args()
    settings = load_settings()
    if given.fd is None:
        serve(settings, settings.server.host, settings.server.port)
        return
    config = uvicorn.Config(
        create_app(settings), log_level=settings.log_level.lower(), timeout_graceful_shutdown=GRACE_S
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=given.fd)])


if __name__ == "__main__":
    main()
