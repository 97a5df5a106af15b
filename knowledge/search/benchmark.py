"""How many of the papers that inspired published work are found from its question and survey alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from knowledge.chunking import passages
from knowledge.dedup import title_key
from knowledge.embedding import Embedder
from knowledge.lexical import Counts, Vocabulary, bm25, count, weigh, widened
from knowledge.parsing import ParsedPaper, parse
from knowledge.search.fusion import fuse
from knowledge.search.inspiration import Pool, paper_vectors, ranking, read_problem, score
from knowledge.search.texts import in_context
from records.errors import BadInput

Progress = Callable[[str, int, int], None]
Places = NDArray[np.int64]
"""All papers of the corpus, best first."""

SHARES = {"top_20": 0.2, "top_4": 0.04, "top_0_8": 0.008}
BATCH = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A published problem; what its authors found is not among what is known of it here."""

    name: str
    question: str
    survey: str
    inspirations: tuple[str, ...]
    """Title keys; only ranks are told by them."""


@dataclass(frozen=True, slots=True)
class Found:
    """At which places, from 1, a problem's inspirations came."""

    problem: Asked
    ranks: tuple[int, ...]


def read_problems(path: Path) -> list[Asked]:
    """The problems of a file (BadInput that names the first thing that is wrong with it)."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput("not_json", f"{path} is no JSON: {error}") from None
    if not isinstance(data, list) or not data:
        raise BadInput("bad_problems", f"{path} should hold a list of problems")
    return [_problem(item, place, path) for place, item in enumerate(data)]


def _problem(item: Any, place: int, path: Path) -> Asked:
    try:
        titles = item["inspirations"]
        if not isinstance(titles, list) or not titles:
            raise KeyError("inspirations")
        return Asked(
            name=str(item.get("problem", place)),
            question=str(item["question"]),
            survey=str(item.get("survey") or ""),
            inspirations=tuple(dict.fromkeys(title_key(str(title)) for title in titles)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput("bad_problems", f"problem {place} of {path} lacks something: {error}") from None


def read_corpus(path: Path, problems: Sequence[Asked]) -> list[ParsedPaper]:
    """The papers of a file, each title once; BadInput ``not_in_corpus`` where an inspiration is not there."""
    papers = list({title_key(paper.title): paper for paper in parse(path).papers}.values())
    known = {title_key(paper.title) for paper in papers}
    for problem in problems:
        if missing := set(problem.inspirations) - known:
            raise BadInput(
                "not_in_corpus",
                f"problem {problem.name} has an inspiration that {path} has not: {missing.pop()}",
            )
    return papers


class Corpus:
    """A corpus in memory, looked at as the library looks at its papers; and what it is compared with."""

    def __init__(self, papers: Sequence[ParsedPaper], embedder: Embedder, progress: Progress) -> None:
        self.keys = [title_key(paper.title) for paper in papers]
        self._embedder = embedder
        self._progress = progress
        self._vocabulary = Vocabulary()
        self._wholes = [in_context(paper.title, paper.abstract) for paper in papers]
        self._pool = self._looked_at(papers)

    def _looked_at(self, papers: Sequence[ParsedPaper]) -> Pool:
        spans = [passages(paper.abstract) for paper in papers]
        texts = [
            in_context(paper.title, paper.abstract[start:end])
            for paper, own in zip(papers, spans, strict=True)
            for start, end in own
        ]
        titles = [paper.title for paper in papers]
        counts = np.array([len(own) for own in spans])
        vectors = self._embed(texts + titles, "Embedding the corpus")
        words, title_words = count(self._vocabulary, texts), count(self._vocabulary, titles)
        owners = np.repeat(np.arange(len(papers)), counts)
        owner = csr_matrix((np.ones(len(texts), np.float32), (owners, np.arange(len(texts)))))
        return Pool(
            texts=paper_vectors(vectors[: len(texts)], (np.cumsum(counts) - counts).tolist()),
            titles=vectors[len(texts) :],
            words=owner @ widened(words, len(self._vocabulary)),
            title_words=title_words,
        )

    def _embed(self, texts: Sequence[str], stage: str) -> NDArray[np.float32]:
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        made = np.empty((len(texts), self._embedder.dimension), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            self._progress(stage, start, len(texts))
            batch = order[start : start + BATCH]
            made[batch] = self._embedder.embed([texts[place] for place in batch])
        self._progress(stage, len(texts), len(texts))
        return made

    def inspiration(self, asked: Asked) -> Places:
        """The product's own way."""
        problem = read_problem(asked.question, asked.survey, self._embedder, self._vocabulary)
        return ranking(score(problem, self._pool), self._pool)

    def rivals(self, asked: Asked) -> dict[str, Places]:
        """TF-IDF, BM25, the embedding model alone, and TF-IDF and the model fused by their ranks."""
        text = f"{asked.question} {asked.survey}"
        plain = self._rivals
        dense = _best(plain.vectors @ self._embedder.embed([text])[0])
        tfidf = _best((plain.tfidf @ plain.vectoriser.transform([text]).T).toarray().ravel())
        fused = fuse([dense.tolist(), tfidf.tolist()], dense.tolist())
        return {
            "TF-IDF": tfidf,
            "BM25": _best(bm25(weigh(text, [plain.counts]), plain.counts)),
            self._embedder.name: dense,
            "both fused (RRF)": np.array([place for place, _ in fused]),
        }

    @cached_property
    def _rivals(self) -> _Plain:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectoriser = TfidfVectorizer(stop_words="english", sublinear_tf=True)
        counts = Counts(self._vocabulary)
        counts.append(self._wholes)
        return _Plain(
            vectors=self._embed(self._wholes, "Embedding whole abstracts"),
            counts=counts,
            tfidf=vectoriser.fit_transform(self._wholes),
            vectoriser=vectoriser,
        )


@dataclass(frozen=True, slots=True)
class _Plain:
    """What the rivals know of a corpus: a paper is its title and abstract in one."""

    vectors: NDArray[np.float32]
    counts: Counts
    tfidf: Any
    vectoriser: Any


def _best(scores: NDArray[Any]) -> Places:
    return np.argsort(-scores, kind="stable")


def found(corpus: Corpus, problem: Asked, places: Places) -> Found:
    """The ranks of a problem's inspirations, in their order."""
    ranks = {corpus.keys[place]: rank for rank, place in enumerate(places.tolist(), 1)}
    return Found(problem, tuple(ranks[key] for key in problem.inspirations))


def taken(share: float, papers: int) -> int:
    """So many papers are a share of a corpus: the nearest whole number, at least one."""
    return max(1, int(share * papers + 0.5))


def summary(answers: Sequence[Found], papers: int) -> Mapping[str, float]:
    """The share of inspirations within each share of the corpus, in percent, and the mean reciprocal rank."""
    ranks = np.array([rank for answer in answers for rank in answer.ranks])
    shares = {
        name: round(100 * float(np.mean(ranks <= taken(share, papers))), 1) for name, share in SHARES.items()
    }
    return {**shares, "mrr": round(float(np.mean(1 / ranks)), 4)}
