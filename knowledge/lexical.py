"""Search by words: BM25 over a set of passages, in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

import bm25s
import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

TOKEN = re.compile(r"[^\W_]+(?:[-–+./()\[\]][^\W_]+)*[+)\]]*", re.UNICODE)

COMMON = ENGLISH_STOP_WORDS - frozenset("co empty fill fire full mill thick thin".split())
"""Words that are not searched for; those taken out mean something in a laboratory."""


class LexicalIndex:
    """BM25 (bm25s, Lucene's variant) over texts; built in milliseconds per thousand."""

    def __init__(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        self._ids = list(ids)
        self._bm25: bm25s.BM25 | None = None
        corpus = [tokens(text) for text in texts]
        if any(corpus):
            self._bm25 = bm25s.BM25(method="lucene")
            self._bm25.index(corpus, show_progress=False)

    def nearest(self, text: str, limit: int) -> list[tuple[str, float]]:
        """Ids with their scores, best first; passages that share no word are not among them."""
        if self._bm25 is None:
            return []
        known = [token for token in dict.fromkeys(tokens(text)) if token in self._bm25.vocab_dict]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [(self._ids[i], float(scores[i])) for i in order if scores[i] > 0]


def tokens(text: str) -> list[str]:
    """Words without the common ones; a compound counts whole and by its parts: salting-out, salting, out."""
    found: list[str] = []
    for match in TOKEN.finditer(text.lower()):
        word = match.group()
        parts = [part for part in re.split(r"[-–/]", word) if part] if re.search(r"[-–/]", word) else []
        found.extend(_stem(one) for one in (word, *parts) if len(one) > 1 and one not in COMMON)
    return found


def _stem(word: str) -> str:
    """A plural as its singular; more would make one word of two chemicals."""
    if len(word) > 4 and word.isalpha() and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
