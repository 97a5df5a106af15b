"""Where papers lie: by what their passages mean, and by the words that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from knowledge.embedding import Embedder
from knowledge.topics.splitting import Floats
from records.repositories.topics import Topics

if TYPE_CHECKING:  # it brings a language model in
    from knowledge.topics.phrases import Phrases

WORDS = 0.4
"""Length of the words' part of a paper's vector beside 1 for the meaning's: a model that reads for meaning
puts all of physics together, and the names of a topic are words that its papers share."""
WORD_AXES = 64


def by_meaning(
    paper_ids: Sequence[str],
    vectors: Iterable[tuple[str, bytes]],
    dimension: int,
    of_titles: Callable[[Sequence[int]], Floats],
) -> Floats:
    """Unit vectors [papers, dimension]: the mean over a paper's passages, which are embedded with its title.

    ``vectors``: paper ids with passages' vectors, float32. A paper without any takes its title's
    (``of_titles``, asked for their places), so that every paper lies somewhere.
    """
    if not paper_ids:
        return np.zeros((0, dimension))
    places = {paper_id: place for place, paper_id in enumerate(paper_ids)}
    sums = np.zeros((len(paper_ids), dimension))
    for paper_id, vector in vectors:
        if (place := places.get(paper_id)) is not None:
            sums[place] += np.frombuffer(vector, dtype="<f4")
    bare = np.flatnonzero(~sums.any(axis=1)).tolist()
    if bare:
        sums[bare] = of_titles(bare)
    return np.asarray(normalize(sums))


def with_words(meaning: Floats, phrases: Phrases) -> Floats:
    """Unit vectors of the papers' meanings beside the principal axes of their phrases (TF-IDF, LSA)."""
    shared = np.flatnonzero(np.asarray(phrases.used.sum(axis=0)).ravel() >= 2)
    axes = min(WORD_AXES, len(shared) - 1, len(meaning) - 1)
    if axes < 2:
        return meaning
    rarity = diags(np.log(1.0 / phrases.share[shared]))
    weighted = normalize(csr_matrix(phrases.used)[:, shared] @ rarity)
    with np.errstate(invalid="ignore"):  # copies of one paper have no variance to explain
        words = normalize(TruncatedSVD(axes, random_state=0).fit_transform(weighted))
    return np.asarray(normalize(np.hstack([meaning, WORDS * words])))


def meanings(topics: Topics, embedder: Embedder, ids: Sequence[str], titles: Sequence[str]) -> Floats:
    """``by_meaning`` of the papers of a tree, which have these ids and titles."""

    def of_titles(wanted: Sequence[int]) -> Floats:
        return embedder.embed([titles[row] for row in wanted]).astype(np.float64)

    return by_meaning(ids, topics.vectors(embedder.name), embedder.dimension, of_titles)
