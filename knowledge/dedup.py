"""By what two records are known to be one paper."""

from __future__ import annotations

import re
import unicodedata

RESOLVER = re.compile(r"^(?:doi:\s*)?(?:(?:https?://)?(?:dx\.)?(?:www\.)?doi\.org/)?", re.IGNORECASE)
DOI = re.compile(r"^10\.\d{4,9}/\S+$")
LONGEST_DOI = 255
"""Characters that the database keeps."""


def normal_doi(text: str | None) -> str | None:
    """The DOI in lower case without a resolver's prefix, or None where there is none."""
    doi = RESOLVER.sub("", (text or "").strip()).lower().rstrip(".,; ")
    while doi.endswith(")") and doi.count("(") < doi.count(")"):  # of the sentence that it stood in
        doi = doi[:-1].rstrip(".,; ")
    return doi if DOI.match(doi) and len(doi) <= LONGEST_DOI else None


def title_key(title: str) -> str:
    """The title's letters and digits alone, in one case; at most 500 characters."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:500]
