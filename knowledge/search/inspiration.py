"""Which papers might bring the missing idea: all parts of a problem are held against all fields of a paper.

A paper that repeats the question is near to all of it at once. One that inspires an answer is often near to
one sentence of the survey alone ("salting-in weakens the gel"), and says so in its title. So the problem is
looked at as a whole and sentence by sentence, the paper by its text and its title, by meaning and by words.
What is surprising for this problem counts, not what is likely anyway: each score is taken in standard
deviations of its own distribution over the papers, and papers that are near to many others lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from knowledge.chunking import sentences
from knowledge.embedding import Embedder
from knowledge.lexical import Vocabulary, count_known, widened

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PARTS = ("meaning", "nearest sentence", "title", "words", "title's words")
"""What a paper's score is the sum of; all weigh the same: weights fitted to other problems did worse."""

CROWD, CROWDED = 10, 0.2
"""How many neighbours tell how crowded a paper's place is, and what that costs in standard deviations."""

NEIGHBOURS, NEIGHBOURLY = 5, 0.15
"""Papers nearest to one, and their share in its score: what inspires stands among its like."""

DIVERSE, REPEATED = 60, 1.0
"""So many of the best are spread out; standard deviations that one loses which repeats a better one."""

SHORTEST_VIEW = 25
"""Characters of a sentence that is worth a look of its own."""

MOST_VIEWS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and its background survey, as they are looked at."""

    texts: tuple[str, ...]
    """The question, and the survey's sentences."""
    whole: Floats
    """[dimension]"""
    views: Floats
    """[texts, dimension]"""
    words: csr_matrix
    """Of all the text, one row."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Papers among which is chosen."""

    texts: Floats
    """What a paper's passages mean, [papers, dimension], unit vectors."""
    titles: Floats
    words: csr_matrix
    """Of the text with its title, counted, [papers, vocabulary]."""
    title_words: csr_matrix


@dataclass(frozen=True, slots=True)
class Scored:
    total: Doubles
    """[papers]"""
    parts: Doubles
    """[papers, PARTS], in standard deviations from the mean paper."""
    view: NDArray[np.int64]
    """Of each paper, the place in the problem's texts of the one that is nearest to it."""


def split(question: str, survey: str) -> tuple[str, ...]:
    """The question, and the sentences of the survey, headings left out."""
    found = [question]
    for line in survey.splitlines():
        found += [line[start:end] for start, end in sentences(line) if end - start >= SHORTEST_VIEW]
    return tuple(text for text in dict.fromkeys(found) if text.strip())[:MOST_VIEWS]


def read_problem(question: str, survey: str, embedder: Embedder, vocabulary: Vocabulary) -> Problem:
    """Look at a question and its survey; at least one of the two says something."""
    whole = f"{question} {survey}".strip()
    texts = split(question, survey) or (whole,)
    vectors = embedder.embed([whole, *texts])
    return Problem(texts, vectors[0], vectors[1:], count_known(vocabulary, whole))


def score(problem: Problem, pool: Pool) -> Scored:
    """How likely each paper brings what the problem lacks; higher is better, about 0 for the mean paper."""
    by_view = problem.views @ pool.texts.T
    words = widened(pool.words, problem.words.shape[1])
    rare = _rarity(words)
    query = _weighted(problem.words, rare)
    text_words = _weighted(words, rare)
    parts = np.stack(
        [
            pool.texts @ problem.whole,
            by_view.max(axis=0),
            (problem.views @ pool.titles.T).max(axis=0),
            (text_words @ query.T).toarray().ravel(),
            (_weighted(pool.title_words, rare) @ query.T).toarray().ravel(),
        ],
        axis=1,
    ).astype(np.float64)
    parts = _standard(parts)
    likeness = _likeness(pool.texts, text_words)
    total = _standard(parts.sum(axis=1)) - CROWDED * _standard(_crowd(likeness))
    return Scored(_with_neighbours(_standard(total), likeness), parts, by_view.argmax(axis=0))


def ranking(scored: Scored, pool: Pool) -> NDArray[np.int64]:
    """Places of the papers, best first; of equals the earlier one.

    Among the best, a paper that means what a better one means stands back (maximal marginal relevance): an
    answer often needs two ideas, and two papers with the same one are no use.
    """
    order = np.argsort(-scored.total, kind="stable")
    left = order[:DIVERSE]
    said = np.zeros(len(left))
    first = []
    while len(left):
        place = int((scored.total[left] - REPEATED * said).argmax())
        first.append(left[place])
        said = np.maximum(said, pool.texts[left] @ pool.texts[left[place]])
        left, said = np.delete(left, place), np.delete(said, place)
    return np.concatenate([np.array(first, dtype=np.int64), order[DIVERSE:]])


def paper_vectors(passages: Floats, starts: Sequence[int]) -> Floats:
    """The direction of each paper's passages, which lie one after another and begin at ``starts``."""
    sums = np.add.reduceat(passages, np.asarray(starts, dtype=np.int64), axis=0)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), np.float32)


def _rarity(words: csr_matrix) -> Doubles:
    """Inverse document frequency, smoothed as if one more paper had every word."""
    held = np.bincount(words.indices, minlength=words.shape[1])
    return np.asarray(np.log((1 + words.shape[0]) / (1 + held)) + 1)


def _weighted(words: csr_matrix, rare: Doubles) -> csr_matrix:
    """TF-IDF with damped counts, rows of length 1."""
    made = csr_matrix(widened(words, len(rare)), dtype=np.float64)
    made.data = (1 + np.log(made.data)) * rare[made.indices]
    lengths = np.sqrt(np.asarray(made.multiply(made).sum(axis=1)).ravel())
    made.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(made.indptr))
    return made


def _likeness(texts: Floats, words: csr_matrix) -> Doubles:
    """How near papers are to each other by meaning and by words, each to its most; none to itself."""
    made = np.zeros((len(texts), len(texts)))
    for one in (np.asarray(texts @ texts.T, np.float64), (words @ words.T).toarray()):
        np.fill_diagonal(one, 0)
        made += one / max(one.max(initial=0), 1e-12)
    np.fill_diagonal(made, -np.inf)
    return made


def _crowd(likeness: Doubles) -> Doubles:
    count = min(CROWD, len(likeness) - 1)
    if count < 1:
        return np.zeros(len(likeness))
    return np.asarray(np.partition(likeness, -count, axis=1)[:, -count:].mean(axis=1))


def _with_neighbours(total: Doubles, likeness: Doubles) -> Doubles:
    count = min(NEIGHBOURS, len(likeness) - 1)
    if count < 1:
        return total
    nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
    weights = np.maximum(np.take_along_axis(likeness, nearest, axis=1), 1e-12)
    theirs = (weights * total[nearest]).sum(axis=1) / weights.sum(axis=1)
    return np.asarray((1 - NEIGHBOURLY) * total + NEIGHBOURLY * theirs)


def _standard(values: Doubles) -> Doubles:
    """In standard deviations from the mean, a column at a time; zeros where all are alike."""
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0))
