"""By what two records are known to be one paper."""

from __future__ import annotations

import re
import unicodedata

RESOLVER = re.compile(r"^(?:https?://)?(?:dx\.)?(?:www\.)?doi\.org/|^doi:\s*", re.IGNORECASE)
DOI = re.compile(r"^10\.\d{4,9}/\S+$")


def normal_doi(text: str | None) -> str | None:
    """The DOI in lower case without a resolver's prefix, or None where there is none."""
    doi = RESOLVER.sub("", (text or "").strip()).strip().rstrip(".,;").lower()
    return doi if DOI.match(doi) else None


def title_key(title: str) -> str:
    """The title's letters and digits alone, in one case; at most 500 characters."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:500]
