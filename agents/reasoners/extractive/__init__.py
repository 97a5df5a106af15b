"""The reasoner without a language model: it lifts statements from passages and puts hypotheses together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from agents.drafts import Brief, Draft, KeyPoint, Source
from agents.reasoners.extractive import words
from agents.reasoners.extractive.aim import read_aim
from agents.reasoners.extractive.compose import compose
from agents.reasoners.extractive.findings import Finding, findings
from agents.reasoners.extractive.naming import shortened
from agents.reasoners.extractive.selection import choose_pairs
from knowledge.embedding import Embedder


class ExtractiveReasoner:
    """Deterministic: the same passages and seed give the same hypotheses, word for word."""

    name = "extractive"
    model = "en_core_web_sm 3.8"
    prompt_version = "extractive-1"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def propose(self, brief: Brief, sources: Sequence[Source], count: int, seed: int) -> list[Draft]:
        """Up to ``count`` hypotheses, each on findings of two papers."""
        aim = read_aim(brief.question)
        pairs = choose_pairs(brief, aim, findings(sources), count, seed, self._embedder)
        return [compose(aim, pair) for pair in pairs]

    def decompose(self, brief: Brief, draft: Draft, sources: Sequence[Source]) -> list[KeyPoint]:
        """What each cited finding brings in, and then the materials that it acts on."""
        cited = self._cited(draft, sources)
        found = [KeyPoint(f.means, f"{words.gerund(f.verb)} {f.rest}") for f in cited]
        found += [KeyPoint(thing, f"acted on by {f.means}") for f in cited for thing in f.things]
        points: dict[str, KeyPoint] = {}
        for point in found:
            points.setdefault(point.name.lower(), point)
        return list(points.values())

    def _cited(self, draft: Draft, sources: Sequence[Source]) -> list[Finding]:
        """The findings that a draft was composed of: those of its quotes whose words it uses."""
        by_id = {source.passage_id: source for source in sources}
        cited = [by_id[i] for i in dict.fromkeys(draft.inspirations) if i in by_id]
        said = draft.statement.lower()
        quotes = {evidence.quote for clause in draft.clauses for evidence in clause.evidence}
        return [f for f in findings(cited) if f.evidence[-1].quote in quotes and f.means.lower() in said]

    def name_cluster(self, key_points: Sequence[KeyPoint]) -> str:
        """The key point whose words the others use most, without its tail where it is long."""
        counts = Counter(word for point in key_points for word in set(point.name.lower().split()))

        def shared(point: KeyPoint) -> tuple[float, int, str]:
            parts = point.name.lower().split()
            return sum(counts[w] for w in parts) / len(parts) ** 0.5, -len(parts), point.name

        return shortened(max(key_points, key=shared).name)
