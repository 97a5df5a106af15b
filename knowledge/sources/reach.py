"""A way out that leads to public addresses only, for an address that a user gave.

Else a feed could be made to read what only this machine can reach: a database, a cloud's metadata.
The address is checked where the connection is made, so that neither a redirect nor a name that resolves
differently the second time leads around it. Where a proxy leads out (``HTTPS_PROXY``), it has to refuse.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx


class PublicTransport(httpx.HTTPTransport):
    """httpx's transport, its connections made by PublicBackend."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        super().__init__(verify=trusted)
        # httpx has no parameter for it, httpcore has.
        self._pool = httpcore.ConnectionPool(ssl_context=trusted, network_backend=PublicBackend())


class PublicBackend(httpcore.NetworkBackend):
    """Connects to a host if all of its addresses are public; others are no address that it supports."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"there is no host {host}") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not all(is_public(address) for address in addresses):
            raise httpcore.UnsupportedProtocol(f"{host} is in a private network, where feeds may not lead")
        return self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.UnsupportedProtocol("feeds may not lead to a socket of this machine")


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address belongs to the open network, also where IPv6 wraps an IPv4 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return parsed.is_global and not parsed.is_multicast
