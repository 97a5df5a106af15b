"""Names for topics, from the phrases that their own papers use and their siblings' do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from knowledge.topics.phrases import Phrases
from knowledge.topics.tree import ROOT, Tree

MOST_TERMS = 8
IN_A_NAME = 3
ENOUGH = 0.12
"""Of a topic's papers: a further phrase in its name must speak for so many that those before it do not."""
REPEATED = 0.5
"""For a phrase by which a node above is called already."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    terms: tuple[str, ...]
    """The topic's own phrases, the most telling first."""


def name_all(
    tree: Tree, phrases: Phrases, titles: Sequence[str], called: Mapping[int, str] | None = None
) -> list[Label]:
    """A label for every topic; no two siblings have the same name, what people ``called`` them included.

    A topic whose papers share no phrase is called by the title of its first paper.
    """
    labels = [Label("", ())] * len(tree)
    namer = _Namer(phrases, titles, tree.papers(), tree.children(), called or {}, labels)
    namer.below(ROOT, range(len(titles)), frozenset())
    return namer.labels


@dataclass(frozen=True, slots=True)
class _Namer:
    phrases: Phrases
    titles: Sequence[str]
    papers: Sequence[Sequence[int]]
    children: Mapping[int, Sequence[int]]
    called: Mapping[int, str]
    labels: list[Label]

    def below(self, parent: int, papers: Sequence[int], taken: frozenset[int]) -> None:
        """Name what is below a topic with these papers; ``taken``: the phrases that name those above."""
        children = self.children.get(parent, ())
        used = {self.called[child].casefold() for child in children if child in self.called}
        for child in children:
            members = self.papers[child]
            chosen = _telling(members, papers, self.phrases, taken)
            parts = _covering(chosen, members, self.phrases)
            shown = [self.phrases.shown[place] for place in chosen]
            name = _capital(", ".join(self.phrases.shown[place] for place in parts)) or self._title(members)
            name = next(one for one in chain([name], _longer(name, shown)) if one.casefold() not in used)
            used.add(name.casefold())
            self.labels[child] = Label(name, tuple(shown[:MOST_TERMS]))
            self.below(child, members, taken | set(parts))

    def _title(self, members: Sequence[int]) -> str:
        return self.titles[members[0]] if members else "Empty"


def _telling(
    members: Sequence[int], around: Sequence[int], phrases: Phrases, taken: frozenset[int]
) -> list[int]:
    """Phrases that many papers here use and few elsewhere, best first.

    The share here times the logarithm of its ratio to the share among the siblings, or in the whole
    collection where that is larger: the phrase's part in the Kullback-Leibler divergence between the two.
    """
    inside = _counts(phrases, members)
    outside = _counts(phrases, around) - inside
    here, there = len(members), len(around) - len(members)
    share = inside / max(1, here)
    other = np.maximum((outside + 0.5) / (there + 1.0), phrases.share * (there > 0))
    worth = share * np.log(np.maximum(share, 1e-9) / np.maximum(other, 1e-9)) * phrases.weight
    worth[list(taken)] *= REPEATED
    wanted = np.flatnonzero((inside >= (2 if here >= 4 else 1)) & (worth > 0))
    order = wanted[np.argsort(-np.round(worth[wanted], 9), kind="stable")]
    return _distinct([int(place) for place in order], phrases, inside)


def _distinct(order: Sequence[int], phrases: Phrases, inside: Counts) -> list[int]:
    """Without phrases that repeat a word of a better one."""
    kept: list[int] = []
    for place in order:
        words = set(phrases.keys[place].split())
        twin = next((one for one in kept if words & set(phrases.keys[one].split())), None)
        if twin is None:
            kept.append(place)
        elif words > set(phrases.keys[twin].split()) and inside[place] >= 0.6 * inside[twin]:
            kept[kept.index(twin)] = place  # the longer one is what the shorter one mostly stands in
        if len(kept) == 2 * MOST_TERMS:
            break
    return kept


def _covering(chosen: Sequence[int], members: Sequence[int], phrases: Phrases) -> list[int]:
    """The best phrase, and those that speak for papers which it leaves out; a single word needs another."""
    rows = np.array(members, dtype=np.int64)
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
    yield from (f"{name} {number}" for number in count(2))
