"""Which findings belong together: near to the question, complementary, and no two pairs alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.drafts import Brief
from agents.reasoners.extractive import words
from agents.reasoners.extractive.aim import Aim
from agents.reasoners.extractive.findings import Finding
from knowledge.embedding import Embedder

SHORT_LIST = 40
"""Findings that are paired; the square of it is the work."""

SERVES = 0.22
"""Cosine from which an effect is taken to bear on a goal."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two findings of different papers: the nearer one to the question first."""

    core: Finding
    inspiration: Finding
    core_goal: str | None
    inspiration_goal: str | None
    """The goal that each serves, where one stands out and they differ."""


@dataclass(frozen=True, slots=True)
class _Scored:
    findings: list[Finding]
    relevance: NDArray[np.float64]
    alike: NDArray[np.float64]
    """Cosine between every two, [n, n]."""
    goals: NDArray[np.float64]
    """Cosine of each effect with each goal, [n, goals]."""


def choose_pairs(
    brief: Brief, aim: Aim, found: Sequence[Finding], count: int, seed: int, embedder: Embedder
) -> list[Pair]:
    """Up to ``count`` pairs, best first; the same for the same arguments."""
    scored = _score(brief, aim, found, embedder)
    n = len(scored.findings)
    value = scored.relevance[:, None] + scored.relevance[None, :] - 0.6 * np.maximum(scored.alike - 0.30, 0)
    if aim.goals and n:
        served = scored.goals.argmax(axis=1)
        apart = (served[:, None] != served[None, :]) & (
            np.minimum.outer(*[scored.goals.max(axis=1)] * 2) > SERVES
        )
        value = value + 0.08 * apart
    if seed:
        jitter = np.random.default_rng(seed).normal(0, 0.02, size=(n, n))
        value = value + (jitter + jitter.T) / 2
    return [_pair(scored, aim, i, j) for i, j in _spread(scored, value, count)]


def _score(brief: Brief, aim: Aim, found: Sequence[Finding], embedder: Embedder) -> _Scored:
    """Relevance to the question and its aim, less what makes a finding say little.

    Passages come best first, so the place of a finding's paper says how well the whole paper fits.
    """
    texts = [f"{f.means} {f.effect}" for f in found]
    vectors = embedder.embed(
        [brief.question, aim.text, *aim.goals, *texts, *(f.effect for f in found)]
    ).astype(float)
    goals, first = vectors[2 : 2 + len(aim.goals)], 2 + len(aim.goals)
    own, effects = vectors[first : first + len(found)], vectors[first + len(found) :]
    papers = list(dict.fromkeys(f.source.paper_id for f in found))
    nearness = np.array([1 - papers.index(f.source.paper_id) / len(papers) for f in found])
    relevance = 0.35 * own @ vectors[0] + 0.35 * own @ vectors[1] + 0.35 * nearness
    if aim.goals:
        relevance = relevance + 0.25 * (effects @ goals.T).max(axis=1)
    relevance = relevance - np.array([_vagueness(f) for f in found])
    known = _content(brief.question)
    relevance = relevance - np.array([0.12 * (len(_content(f.means) - known) == 0) for f in found])
    order = np.argsort(-relevance, kind="stable")[:SHORT_LIST]
    return _Scored(
        [found[i] for i in order],
        relevance[order],
        own[order] @ own[order].T,
        effects[order] @ goals.T if len(aim.goals) else np.zeros((len(order), 0)),
    )


def _vagueness(finding: Finding) -> float:
    """How much a finding leaves open, on the scale of a cosine."""
    vague = 0.12 * (
        finding.verb in words.WEAK_VERBS
        or finding.verb in {"exceed", "give"}
        or finding.rest.startswith("access")
    )
    last = finding.means.split(" of ")[0].split(" with ")[0].split()[-1].lower()
    vague += 0.2 * (last.rstrip("s") in words.APPLICATIONS)
    vague += 0.08 * (len(finding.rest.split()) < 3) + 0.10 * (len(finding.means.split()) < 2)
    vague += 0.06 * bool(re.search(r"\b(its|their)\b", finding.rest))
    return vague


def _content(text: str) -> set[str]:
    return set(re.findall(r"[\w–-]{4,}", text.lower()))


def _spread(scored: _Scored, value: NDArray[np.float64], count: int) -> list[tuple[int, int]]:
    """Greedy choice: the best pair that is left, where every use of a finding and of a paper has a price."""
    papers = [f.source.paper_id for f in scored.findings]
    names = [f.means.lower() for f in scored.findings]
    open_pairs = {
        (i, j)
        for i in range(len(papers))
        for j in range(i + 1, len(papers))
        if papers[i] != papers[j] and names[i] != names[j]
    }
    used: Counter[int] = Counter()
    read: Counter[frozenset[str]] = Counter()
    chosen: list[tuple[int, int]] = []
    while open_pairs and len(chosen) < count:
        best = max(
            open_pairs,
            key=lambda p: (
                value[p]
                - 0.03 * (used[p[0]] ** 1.5 + used[p[1]] ** 1.5)
                - 0.06 * read[frozenset((papers[p[0]], papers[p[1]]))],
                (-p[0], -p[1]),
            ),
        )
        open_pairs.discard(best)
        chosen.append(best)
        used.update(best)
        read[frozenset((papers[best[0]], papers[best[1]]))] += 1
    return chosen


def _pair(scored: _Scored, aim: Aim, i: int, j: int) -> Pair:
    goals: list[str | None] = [None, None]
    if aim.goals:
        a, b = int(scored.goals[i].argmax()), int(scored.goals[j].argmax())
        if a != b and min(scored.goals[i, a], scored.goals[j, b]) > SERVES:
            goals = [aim.goals[a], aim.goals[b]]
    return Pair(scored.findings[i], scored.findings[j], goals[0], goals[1])
