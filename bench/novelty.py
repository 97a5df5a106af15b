"""Whether novelty tells what is known from what is new, on a corpus of papers.

``python -m bench.novelty CORPUS.jsonl PROBLEMS.json``. A paper's title and the sentence of its abstract that
says what it shows stand for claims; their key points are read from them by rules. Each claim is held against
its own abstract (known), against all others (new, of the same corpus), and half of its key points are put
together with half of another's (new). The hypotheses of the problems are held against the papers that
inspired their authors and against all others. Only words and vectors are compared; nothing is searched.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from config import load_settings
from knowledge.chunking import passages, sentences
from knowledge.embedding import Embedder, load_embedder
from knowledge.novelty.overlap import Claim, Published, Rarity, compare, novelty, rarity, words_of
from simulator.free_text import decompose

SAYS = re.compile(r"\b[Hh]ere\b|\b[Ww]e (?:show|report|demonstrate|find|describe|present)\b")
OPENING = re.compile(
    r"^.{0,60}?\b(?:hypothes\w+|find\w*|idea|authors|paper)\b.{0,40}?\bthat\b ?(?:by )?", re.I
)


@dataclass(frozen=True, slots=True)
class Said:
    paper: str
    text: str
    parts: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("problems", type=Path)
    parser.add_argument("--claims", type=int, default=100, help="of each kind")
    asked = parser.parse_args()
    papers = [json.loads(line) for line in asked.corpus.read_text(encoding="utf-8").splitlines()]
    problems = json.loads(asked.problems.read_text(encoding="utf-8"))
    embedder = load_embedder(load_settings().embedding)
    published = _published(papers, embedder)
    rare = rarity([one.text for one in published])
    print(f"{'':28}{'10 %':>7}{'median':>8}{'90 %':>7}")
    for kind, claims in (("title", _titles(papers)), ("statement", _statements(papers))):
        _told(kind, claims[: asked.claims], published, rare, embedder)
    _problems(problems, published, rare, embedder)


def _told(
    kind: str, claims: Sequence[Said], published: Sequence[Published], rare: Rarity, embedder: Embedder
) -> None:
    draws = random.Random(0)
    own, others, mixed = [], [], []
    for one in claims:
        found = {o.paper_id: o.overlap for o in compare(_claim(one, embedder), published, rare)}
        own.append(novelty(found.pop(one.paper)))
        others.append(novelty(max(found.values())))
        other = draws.choice(claims)
        half = one.parts[: (len(one.parts) + 1) // 2] + other.parts[len(other.parts) // 2 :]
        put = Said("", ", ".join(half), half)
        mixed.append(compare(_claim(put, embedder), published, rare)[0].novelty)
    _row(f"{kind}, its own abstract", own)
    _row(f"{kind}, the nearest other", others)
    _row(f"{kind}, half of two", mixed)
    for name, new in (("other", others), ("half of two", mixed)):
        area = roc_auc_score([0] * len(own) + [1] * len(new), own + new)
        print(f"  own abstract or {name}: area under the curve {area:.3f}")


def _problems(
    problems: Sequence[dict[str, Any]], published: Sequence[Published], rare: Rarity, embedder: Embedder
) -> None:
    inspired, others = [], []
    for one in problems:
        text = OPENING.sub("", one["hypothesis"].partition("\n")[0])
        said = Said("", text, tuple(point.name for point in decompose(text)) or (text,))
        found = {o.paper_id: o.overlap for o in compare(_claim(said, embedder), published, rare)}
        inspired.append(novelty(max(found.get(title, 0.0) for title in one["inspirations"])))
        others.append(novelty(max(v for title, v in found.items() if title not in one["inspirations"])))
    _row("hypothesis, inspirations", inspired)
    _row("hypothesis, all others", others)


def _row(name: str, values: Sequence[float]) -> None:
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    print(f"{name:28}{low:7.2f}{middle:8.2f}{high:7.2f}")


def _published(papers: Sequence[dict[str, Any]], embedder: Embedder) -> list[Published]:
    pieces = [
        (paper["title"], paper["abstract"][start:end])
        for paper in papers
        for start, end in passages(paper["abstract"])
    ]
    vectors = embedder.embed([f"{title}. {text}" for title, text in pieces])
    return [
        Published(str(place), title, text, vector)
        for place, ((title, text), vector) in enumerate(zip(pieces, vectors, strict=True))
    ]


def _claim(said: Said, embedder: Embedder) -> Claim:
    vectors = embedder.embed([said.text, *said.parts])
    return Claim(said.parts, tuple(words_of(part) for part in said.parts), vectors)


def _titles(papers: Sequence[dict[str, Any]]) -> list[Said]:
    return _claims((paper["title"], paper["title"]) for paper in papers)


def _statements(papers: Sequence[dict[str, Any]]) -> list[Said]:
    def says(abstract: str) -> str:
        spans = [abstract[start:end] for start, end in sentences(abstract)] or [abstract]
        return next((one for one in spans if SAYS.search(one)), spans[-1])

    return _claims((paper["title"], says(paper["abstract"])) for paper in papers)


def _claims(pairs: Any) -> list[Said]:
    said = [Said(paper, text, tuple(point.name for point in decompose(text))) for paper, text in pairs]
    return [one for one in said if len(one.parts) >= 2]


if __name__ == "__main__":
    main()
