"""Search by words: texts as counted words, which grow as papers come, scored by BM25."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, vstack
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

TOKEN = re.compile(r"[^\W_]+(?:[-–+./()\[\]][^\W_]+)*[+)\]]*", re.UNICODE)

COMMON = ENGLISH_STOP_WORDS - frozenset("co empty fill fire full mill thick thin".split())
"""Words that are not searched for; those taken out mean something in a laboratory."""

SATURATION, LENGTH = 1.5, 0.75
"""BM25's k1 and b, as Lucene and bm25s have them."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class Vocabulary:
    """A number for every word; collections that share it can be scored together."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []
        self._of_written: dict[str, tuple[int, ...]] = {}
        """A word as it is written, with the numbers of its tokens: most words have been seen before."""

    def __len__(self) -> int:
        return len(self._words)

    def all(self, text: str) -> list[int]:
        """The numbers of those words of the text that some text had before, as often as it has them."""
        numbers = (self._numbers.get(token) for token in tokens(text))
        return [number for number in numbers if number is not None]

    def known(self, text: str) -> list[int]:
        """The same, each once."""
        return list(dict.fromkeys(self.all(text)))

    def add(self, text: str) -> list[int]:
        """The numbers of the text's words, as often as it has them; new words get a number."""
        found: list[int] = []
        for written in TOKEN.findall(text.lower()):
            numbers = self._of_written.get(written)
            if numbers is None:
                numbers = self._of_written[written] = tuple(map(self._number, _tokens(written)))
            found.extend(numbers)
        return found

    def _number(self, token: str) -> int:
        number = self._numbers.setdefault(token, len(self._words))
        if number == len(self._words):
            self._words.append(token)
        return number

    def word(self, number: int) -> str:
        return self._words[number]


class Counts:
    """How often each of some texts has each word: a row a text, in the order in which they came."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._parts: list[csr_matrix] = []
        self._columns: csc_matrix | None = None
        self.lengths = np.zeros(0, dtype=np.float32)
        """Words of each text."""

    def __len__(self) -> int:
        return len(self.lengths)

    def append(self, texts: Sequence[str]) -> None:
        if texts:
            counted = count(self.vocabulary, texts)
            self._parts.append(counted)
            self.lengths = np.append(self.lengths, _sums(counted))
            self._columns = None

    def keep(self, rows: Rows) -> None:
        """Only these rows, in this order."""
        self._parts = [self.rows()[rows]]
        self.lengths = self.lengths[rows]
        self._columns = None

    def rows(self) -> csr_matrix:
        """All of them, a column a word."""
        width = len(self.vocabulary)
        parts = [widened(part, width) for part in self._parts] or [count(self.vocabulary, [])]
        self._parts = [parts[0] if len(parts) == 1 else csr_matrix(vstack(parts, format="csr"))]
        return self._parts[0]

    def columns(self) -> csc_matrix:
        if self._columns is None or self._columns.shape[1] < len(self.vocabulary):
            self._columns = csc_matrix(self.rows().tocsc())
        return self._columns


def count(vocabulary: Vocabulary, texts: Sequence[str]) -> csr_matrix:
    """The texts' words, counted, a row a text; new words get a number."""
    return _counted([vocabulary.add(text) for text in texts], len(vocabulary))


def count_known(vocabulary: Vocabulary, text: str) -> csr_matrix:
    """A query's words, counted, one row; words that no text has are left out."""
    return _counted([vocabulary.all(text)], len(vocabulary))


def _counted(numbers: Sequence[Sequence[int]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *map(len, numbers)])
    flat = np.fromiter((one for row in numbers for one in row), dtype=np.int32, count=int(ends[-1]))
    made = csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(numbers), max(width, 1)))
    made.sum_duplicates()
    return made


def _sums(rows: csr_matrix) -> Floats:
    return np.asarray(rows.sum(axis=1), dtype=np.float32).ravel()


def widened(rows: csr_matrix, width: int) -> csr_matrix:
    """The same counts with columns for words that came later."""
    if rows.shape[1] >= width:
        return rows
    return csr_matrix((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], width))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a query's words are worth over several collections."""

    weights: dict[int, float]
    """By the word's number: how rare it is."""
    mean_length: float


def weigh(text: str, collections: Sequence[Counts]) -> Weighed:
    """How rare the text's words are in the collections taken together, which share a vocabulary."""
    numbers = collections[0].vocabulary.known(text) if collections else []
    texts = sum(map(len, collections))
    if not numbers or not texts:
        return Weighed({}, 1.0)
    columns = [one.columns() for one in collections]
    held = np.sum([np.diff(one.indptr)[numbers] for one in columns], axis=0)
    rare = np.log1p((texts - held + 0.5) / (held + 0.5))
    total = sum(float(one.lengths.sum()) for one in collections)
    weights = {number: float(weight) for number, weight, n in zip(numbers, rare, held, strict=True) if n > 0}
    return Weighed(weights, max(total / texts, 1e-9))


def bm25(weighed: Weighed, collection: Counts) -> Floats:
    """The score of each text of a collection (Robertson and Zaragoza 2009, in Lucene's form)."""
    columns = collection.columns()
    scores = np.zeros(columns.shape[0], dtype=np.float32)
    if not weighed.weights:
        return scores
    norm = SATURATION * (1 - LENGTH + LENGTH * collection.lengths / weighed.mean_length)
    for number, weight in weighed.weights.items():
        held = slice(columns.indptr[number], columns.indptr[number + 1])
        rows, often = columns.indices[held], columns.data[held]
        scores[rows] += weight * often / (often + norm[rows])
    return scores


def best(scores: Floats, limit: int, allowed: NDArray[np.bool_] | None = None) -> Rows:
    """The rows that share a word at all, best first; the earlier one of equals."""
    if allowed is not None:
        scores = np.where(allowed, scores, 0)
    if limit < len(scores):  # to sort all is what takes long
        least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        rows = np.flatnonzero((scores > 0) & (scores >= least))
    else:
        rows = np.flatnonzero(scores > 0)
    return rows[np.argsort(-scores[rows], kind="stable")][:limit]


def shared(weighed: Weighed, collection: Counts, row: int, most: int) -> tuple[str, ...]:
    """The words that a text shares with the query, the rarest first."""
    counted = collection.rows()
    held = counted.indices[counted.indptr[row] : counted.indptr[row + 1]]
    numbers = [int(number) for number in held if int(number) in weighed.weights]
    numbers.sort(key=lambda number: (-weighed.weights[number], collection.vocabulary.word(number)))
    return tuple(collection.vocabulary.word(number) for number in numbers[:most])


def tokens(text: str) -> list[str]:
    """Words without the common ones; a compound counts whole and by its parts: salting-out, salting, out."""
    return [token for written in TOKEN.findall(text.lower()) for token in _tokens(written)]


def _tokens(written: str) -> list[str]:
    parts = re.split(r"[-–/]", written)
    words = [written, *filter(None, parts)] if len(parts) > 1 else parts
    return [_stem(word) for word in words if len(word) > 1 and word not in COMMON]


def _stem(word: str) -> str:
    """A plural as its singular; more would make one word of two chemicals."""
    if len(word) > 5 and word.isalpha() and word.endswith("ies") and word not in ("series", "species"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.isalpha() and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
