"""Names for topics, from the phrases that their own papers use and their siblings' do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.topics.phrases import Phrases
from knowledge.topics.tree import Node

MOST_TERMS = 8
IN_A_NAME = 3
ENOUGH = 0.12
"""Of a topic's papers: a further phrase in its name must speak for so many that those before it do not."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    terms: tuple[str, ...]
    """The topic's own phrases, the most telling first."""


def name_all(root: Node, phrases: Phrases, titles: Sequence[str]) -> dict[Node, Label]:
    """A label for every node below the root; no two siblings have the same name.

    A topic whose papers share no phrase is called by the title of its first paper.
    """
    labels: dict[Node, Label] = {}
    _name_below(root, phrases, titles, frozenset(), labels)
    return labels


def _name_below(
    parent: Node, phrases: Phrases, titles: Sequence[str], taken: frozenset[str], labels: dict[Node, Label]
) -> None:
    """``taken``: stems of the phrases that name the nodes above."""
    used: set[str] = set()
    for child in parent.children:
        chosen = _telling(child, parent, phrases, taken)
        parts = _covering(chosen, child, phrases)
        shown = [phrases.shown[place] for place in chosen]
        name = _capital(", ".join(phrases.shown[place] for place in parts) or titles[child.members[0]])
        name = next(one for one in (name, *_longer(name, shown)) if one.casefold() not in used)
        used.add(name.casefold())
        labels[child] = Label(name, tuple(shown[:MOST_TERMS]))
        below = taken | {word for place in parts for word in phrases.keys[place].split()}
        _name_below(child, phrases, titles, below, labels)


def _telling(child: Node, parent: Node, phrases: Phrases, taken: frozenset[str]) -> list[int]:
    """Phrases that many papers here use and few elsewhere, best first.

    The share here times the logarithm of its ratio to the share among the siblings, or in the whole
    collection where that is larger: the phrase's part in the Kullback-Leibler divergence between the two.
    """
    inside = _counts(phrases, child.members)
    outside = _counts(phrases, parent.members) - inside
    here, there = len(child.members), len(parent.members) - len(child.members)
    share = inside / here
    other = np.maximum((outside + 0.5) / (there + 1.0), phrases.share)
    worth = share * np.log(np.maximum(share, 1e-9) / np.maximum(other, 1e-9)) * phrases.weight
    wanted = np.flatnonzero((inside >= (2 if here >= 4 else 1)) & (worth > 0))
    order = wanted[np.argsort(-np.round(worth[wanted], 9), kind="stable")]
    return _distinct([int(place) for place in order], phrases, inside, taken)


def _distinct(order: Sequence[int], phrases: Phrases, inside: Counts, taken: frozenset[str]) -> list[int]:
    """Without phrases that repeat a word of a better one, or of what a node above is called."""
    kept: list[int] = []
    for place in order:
        words = set(phrases.keys[place].split())
        if words <= taken:
            continue
        twin = next((one for one in kept if words & set(phrases.keys[one].split())), None)
        if twin is None:
            kept.append(place)
        elif words > set(phrases.keys[twin].split()) and inside[place] >= 0.6 * inside[twin]:
            kept[kept.index(twin)] = place  # the longer one is what the shorter one mostly stands in
        if len(kept) == 2 * MOST_TERMS:
            break
    return kept


def _covering(chosen: Sequence[int], child: Node, phrases: Phrases) -> list[int]:
    """The best phrase, and those that speak for papers which it leaves out; a single short word needs more."""
    rows = np.array(child.members)
    parts: list[int] = []
    covered = np.zeros(len(rows), dtype=bool)
    for place in chosen:
        has = np.asarray(phrases.used[:, [place]].todense())[rows, 0] > 0
        bare = len(parts) == 1 and len(phrases.keys[parts[0]].split()) == 1
        if not parts or bare or (has & ~covered).sum() >= max(2, ENOUGH * len(rows)):
            parts.append(place)
            covered |= has
        if len(parts) == IN_A_NAME:
            break
    return parts


def _counts(phrases: Phrases, members: Sequence[int]) -> Counts:
    chosen = np.zeros(phrases.used.shape[0])
    chosen[list(members)] = 1.0
    return np.asarray(phrases.used.T @ chosen, dtype=np.float64)


def _capital(name: str) -> str:
    """With a capital where the first word is a plain one: "Zinc ions", but "pH sensors"."""
    plain = name[:2].islower() or (name[:1].islower() and name[1:2] in ("", "-", " "))
    return f"{name[:1].upper()}{name[1:]}" if plain and not name.startswith("pH") else name


def _longer(name: str, terms: Sequence[str]) -> Iterator[str]:
    yield from (f"{name}, {term}" for term in terms)
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1
