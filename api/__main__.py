"""``python -m api``: the web process alone, on the settings' host and port or on a socket it inherits."""

from __future__ import annotations

import argparse
import socket

import uvicorn

from api.app import serve, server_config
from config import load_settings
from config.log import configure_logging


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m api")
    parser.add_argument("--fd", type=int, help="a listening socket that the parent process has opened")
    given = parser.parse_args()
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if given.fd is None:
        serve(settings, settings.server.host, settings.server.port)
        return
    uvicorn.Server(server_config(settings)).run(sockets=[socket.socket(fileno=given.fd)])


if __name__ == "__main__":
    main()
