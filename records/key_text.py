"""The text of an API key: ``tsk_<prefix>_<secret>_<checksum>``.

The prefix names the key in lists and logs. The checksum tells a slip of the keyboard from a key that is not
known, and a scanner for leaked secrets a key from any other text.
"""

from __future__ import annotations

import base64
import re
import secrets
import zlib
from dataclasses import dataclass, field

from records.secrets import new_token

PREFIX_LENGTH = 12
_SHAPE = re.compile(rf"(tsk_([a-z2-7]{{{PREFIX_LENGTH}}})_[A-Za-z0-9_-]{{43}})_([a-z2-7]{{7}})")


@dataclass(frozen=True, slots=True)
class KeyText:
    prefix: str
    text: str = field(repr=False)


def new_key_text() -> KeyText:
    prefix = _base32(secrets.token_bytes(8))[:PREFIX_LENGTH]
    body = f"tsk_{prefix}_{new_token()}"
    return KeyText(prefix, f"{body}_{_checksum(body)}")


def read_key_text(text: str) -> KeyText | None:
    """The parts of a key, or None for what cannot be one: it has another shape, or a character is wrong."""
    found = _SHAPE.fullmatch(text)
    if found is None or found[3] != _checksum(found[1]):
        return None
    return KeyText(found[2], text)


def _checksum(body: str) -> str:
    return _base32(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
