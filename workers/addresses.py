"""Addresses to serve on: this machine's own, and those that others can reach."""

from __future__ import annotations

import ipaddress

from config import ApiSettings
from records.errors import BadInput

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_bind(host: str, settings: ApiSettings) -> None:
    """BadInput ``allowed_hosts_missing`` where others can reach the address and no name was given."""
    if is_loopback(host) or settings.allowed_hosts:
        return
    raise BadInput(
        "allowed_hosts_missing",
        f"others can reach {host}: name what they will type, as in "
        "TOUCHSTONE_API__ALLOWED_HOSTS=touchstone.example.org,192.0.2.7",
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
