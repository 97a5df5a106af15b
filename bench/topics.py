"""Topics over many papers: how long a tree takes, and what it looks like.

``python -m bench.topics CORPUS.jsonl [COUNT...]``. More papers than the corpus holds are made of pairs of
its papers that are near to each other: half of each title, sentences of both abstracts, a vector between
theirs. Vectors are given; everything behind them is measured: phrases, tree, names.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config import load_settings
from knowledge.chunking import sentences
from knowledge.embedding import load_embedder
from knowledge.topics.naming import name_all
from knowledge.topics.phrases import phrases
from knowledge.topics.places import with_words
from knowledge.topics.tree import ROOT, grow

NEIGHBOURS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("counts", type=int, nargs="*", default=[300, 1_000, 3_000, 10_000])
    asked = parser.parse_args()
    papers = [json.loads(line) for line in asked.corpus.read_text(encoding="utf-8").splitlines()]
    embedder = load_embedder(load_settings().embedding)
    vectors = np.asarray(embedder.embed([f"{one['title']}. {one['abstract']}" for one in papers]), np.float64)
    print("  papers  seconds  topics  leaves  papers a leaf  deepest")
    for count in asked.counts:
        measure(papers, vectors, count)


def measure(papers: Sequence[dict[str, Any]], vectors: NDArray[np.float64], count: int) -> None:
    titles, abstracts, places = _made(papers, vectors, count)
    started = time.perf_counter()
    used = phrases(titles, abstracts)
    tree = grow(with_words(places, used))
    labels = name_all(tree, used, titles)
    seconds = time.perf_counter() - started
    children = tree.children()
    sizes = [len(some) for topic, some in enumerate(tree.papers()) if topic not in children]
    deepest = max(len(list(tree.above(home))) for home in tree.homes)
    spread = f"{min(sizes)} {median(sizes):.0f} {max(sizes)}"
    found = f"{len(tree):7} {len(sizes):7} {spread:>14} {deepest:8}"
    print(f"{count:8} {seconds:8.1f} {found}")
    print("   ", "; ".join(labels[topic].name for topic in children[ROOT]))


def _made(
    papers: Sequence[dict[str, Any]], vectors: NDArray[np.float64], count: int
) -> tuple[list[str], list[str], NDArray[np.float64]]:
    titles, abstracts = [one["title"] for one in papers[:count]], [one["abstract"] for one in papers[:count]]
    places = [*vectors[:count]]
    near = np.argsort(-(vectors @ vectors.T), axis=1)[:, 1 : NEIGHBOURS + 1]
    draws, noise = random.Random(0), np.random.default_rng(0)
    while len(titles) < count:
        one = draws.randrange(len(papers))
        other = int(draws.choice(near[one].tolist()))
        head, tail = papers[one]["title"].split(), papers[other]["title"].split()
        titles.append(" ".join([*head[: len(head) // 2], *tail[len(tail) // 2 :]]))
        pieces = [
            text[start:end]
            for text in (papers[one]["abstract"], papers[other]["abstract"])
            for start, end in sentences(text)
        ]
        draws.shuffle(pieces)
        abstracts.append(" ".join(pieces[:8]))
        between = draws.random() * vectors[one] + vectors[other] + 0.02 * noise.normal(size=vectors.shape[1])
        places.append(between / np.linalg.norm(between))
    return titles, abstracts, np.array(places)


if __name__ == "__main__":
    main()
