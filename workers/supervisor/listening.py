"""The socket that the web process serves on; the supervisor holds it, so no caller is refused meanwhile."""

from __future__ import annotations

import errno
import socket

from config import ApiSettings
from records.errors import BadInput
from workers.addresses import check_bind

BACKLOG = 512


def listen(host: str, port: int, settings: ApiSettings) -> socket.socket:
    """Listen there; port 0 is any that is free.

    Raises BadInput ``allowed_hosts_missing`` for an address that others can reach where no name was given
    for them, ``port_in_use``, ``bad_address``.
    """
    check_bind(host, settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise BadInput(
                "port_in_use", f"port {port} is in use; give another with --port, or 0 for any that is free"
            ) from error
        raise BadInput("bad_address", f"cannot listen on {host}:{port} ({error.strerror})") from error
    return opened
