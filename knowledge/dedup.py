"""By what two records are known to be one paper."""

from __future__ import annotations

import re
import unicodedata

RESOLVER = re.compile(r"^(?:doi:\s*)?(?:(?:https?://)?(?:dx\.)?(?:www\.)?doi\.org/)?", re.IGNORECASE)
DOI = re.compile(r"^10\.\d{4,9}/\S+$")
LONGEST_DOI = 255
"""Characters that the database keeps."""

ARXIV = re.compile(
    r"^(?:arxiv:\s*|(?:https?://)?(?:www\.)?arxiv\.org/(?:abs|pdf|html)/|10\.48550/arxiv\.)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?$",
    re.IGNORECASE,
)
PREPRINTS = ("10.48550/", "10.26434/", "10.1101/", "10.20944/", "10.21203/", "10.2139/", "10.22541/")
"""DOI prefixes of arXiv, ChemRxiv, bioRxiv, Preprints.org, Research Square, SSRN and Authorea."""


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


def normal_arxiv(text: str | None) -> str | None:
    """The arXiv id, without its version, in an id, an address or arXiv's own DOI; None in anything else."""
    found = ARXIV.match((text or "").strip())
    return found.group(1).lower() if found else None


def of_preprint(doi: str | None) -> bool:
    """Whether the DOI was given by a preprint server."""
    return doi is not None and doi.startswith(PREPRINTS)


COMMONPLACE = re.compile(
    r"(?:graphical|table|list)?(?:abstracts?|contents?|contributors)|editorial.*|introduction.*|preface|foreword"
    r"|(?:front|back|inside|cover)+(?:matter|cover|picture|page)?.*|erratum.*|corrigendum.*|correction.*|retraction.*"
    r"|addendum.*|comment.*|reply.*|response.*|author.*|masthead|news|obituary|bookreviews?|supporting.*"
    r"|supplement.*|untitled|conclusions?|discussion|review|acknowledge?ments?|reviewers|issueinformation|index"
)
SHORTEST_TELLING = 15
"""Letters and digits of a title that two papers do not have by chance."""


def is_telling(key: str) -> bool:
    """Whether a title, by its key, says which paper it is: ``Editorial`` and ``Graphene`` do not."""
    return len(key) >= SHORTEST_TELLING and not COMMONPLACE.fullmatch(key)
