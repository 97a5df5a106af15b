"""The installation's own secret, and what is kept in place of the secrets that it hands out."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Literal

from config import Settings
from records.errors import BadInput
from records.folder import make_private, unwritable

FILE = "secret.key"
SHORTEST = 32
"""Characters."""

Purpose = Literal["key", "session", "link"]


def installation_secret(settings: Settings) -> bytes:
    """The secret of the settings, or else of the file in the data directory, which is made at first.

    Raises BadInput ``secret_exposed`` where others may read the file, ``bad_secret`` where it holds none,
    ``not_writable`` and ``disk_full``.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.data_dir / FILE
    try:
        if not path.exists():
            make_private(settings.data_dir)
            _make(path)
        return _read(path)
    except OSError as error:
        raise unwritable(path, error) from error


def keyed_digest(secret: bytes, purpose: Purpose, token: str) -> str:
    """What is kept of a token: an HMAC-SHA256 in hex, another one for each purpose."""
    return hmac.new(secret, f"{purpose}:{token}".encode(), hashlib.sha256).hexdigest()


def new_token() -> str:
    """256 random bits, as text that fits into a URL or a cookie."""
    return secrets.token_urlsafe(32)


def _make(path: Path) -> None:
    """Write the file whole under another name first: whoever else starts now must not read half of it."""
    written = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(new_token() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(written, path)
    except FileExistsError:
        pass  # somebody was faster: theirs it is
    finally:
        written.unlink()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise BadInput("secret_exposed", f"others may read {path}; say: chmod 600 {path}")
        secret = file.read().strip()
    if len(secret) < SHORTEST:
        raise BadInput(
            "bad_secret", f"{path} holds no secret of {SHORTEST} characters; put it back from a backup"
        )
    return secret
