"""What a file may be called, whoever named it."""

from __future__ import annotations

import re
import unicodedata

MOST = 200


def plain_name(name: str, otherwise: str = "file") -> str:
    """A file's name without folders, hidden marks, control or other unseen characters, 200 at most.

    The ending survives a cut, for it says what the file is.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    kept = re.sub(r'[<>:"|?*]', "_", seen).strip().lstrip(".").strip()
    if not kept:
        return otherwise
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 16:
        return kept[:MOST]
    return f"{stem[: MOST - len(ending) - 1]}.{ending}"
