"""The socket that the web process serves on; the supervisor holds it, so no caller is refused meanwhile."""

from __future__ import annotations

import errno
import ipaddress
import socket

from records.errors import BadInput

BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """Listen there; port 0 is any that is free.

    Raises BadInput ``not_loopback`` for an address that others can reach, ``port_in_use``, ``bad_address``.
    """
    if not is_loopback(host):
        raise BadInput(
            "not_loopback", f"--host {host} can be reached by others; only 127.0.0.1 can be served"
        )
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


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
