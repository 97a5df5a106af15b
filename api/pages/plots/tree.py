"""The cluster tree: clusters that share hypotheses are joined first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.pages.plots import svg
from api.pages.plots.gathering import Seen
from api.pages.plots.picture import Picture
from api.pages.plots.scales import shortened
from records.written import number

ROW = 30.0
WIDTH, LABELS, TOP, BOTTOM = 460.0, 225.0, 8.0, 40.0


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster, or two nodes that were joined."""

    members: tuple[int, ...]
    """Numbers of the clusters below it, from top to bottom as they are drawn."""
    distance: float = 0.0
    """At which its parts were joined: 0 where they share all, 1 where they share nothing."""
    parts: tuple[Node, ...] = ()


def cluster_tree(seen: Seen) -> Picture | None:
    """None for fewer than two clusters."""
    if len(seen.clusters) < 2:
        return None
    root = joined([cluster.members for cluster in seen.clusters])
    place_of = {member: n for n, member in enumerate(root.members)}
    height = TOP + ROW * len(seen.clusters) + BOTTOM
    lines: list[Markup] = []
    _branches(root, place_of, lines)
    means = _best_means(seen)
    drawn = svg.drawing(
        WIDTH,
        height,
        "Cluster tree",
        *_scale(height),
        *lines,
        *(_leaf(seen, member, place, means) for member, place in place_of.items()),
    )
    return Picture(
        "tree",
        "Cluster tree",
        "Clusters are joined the further left the more hypotheses they share: at 0 all of them, at 1 none.",
        drawn,
        ("cluster", "hypotheses", "best expected score", "key points"),
        tuple(
            (one.name, len(one.members), means.get(member), ", ".join(one.key_points[:8]))
            for member in root.members
            for one in (seen.clusters[member],)
        ),
    )


def joined(clusters: Sequence[Mapping[str, float]]) -> Node:
    """The tree of average linkage over 1 - weighted Jaccard overlap of the members."""
    between = {
        (a, b): 1.0 - _overlap(clusters[a], clusters[b]) for a in range(len(clusters)) for b in range(a)
    }
    nodes = [Node((n,)) for n in range(len(clusters))]
    while len(nodes) > 1:
        pairs = [
            (_distance(x, y, between), i, j) for j, y in enumerate(nodes) for i, x in enumerate(nodes[:j])
        ]
        distance, i, j = min(pairs)
        one, other = nodes[i], nodes[j]
        rest = [node for n, node in enumerate(nodes) if n not in (i, j)]
        nodes = [*rest[:i], Node(one.members + other.members, distance, (one, other)), *rest[i:]]
    return nodes[0]


def _overlap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    members = one.keys() | other.keys()
    shared = sum(min(one.get(key, 0.0), other.get(key, 0.0)) for key in members)
    whole = sum(max(one.get(key, 0.0), other.get(key, 0.0)) for key in members)
    return shared / whole if whole else 0.0


def _distance(one: Node, other: Node, between: Mapping[tuple[int, int], float]) -> float:
    found = [between[max(a, b), min(a, b)] for a in one.members for b in other.members]
    return sum(found) / len(found)


def _x(distance: float) -> float:
    return LABELS + 10 + distance * (WIDTH - LABELS - 30)


def _branches(node: Node, place_of: Mapping[int, int], lines: list[Markup]) -> float:
    """Draw what is below the node; the height at which it hangs."""
    if not node.parts:
        return TOP + ROW * place_of[node.members[0]] + ROW / 2
    heights = [_branches(part, place_of, lines) for part in node.parts]
    x = _x(node.distance)
    for part, y in zip(node.parts, heights, strict=True):
        lines.append(svg.line(_x(part.distance), y, x, y, "branch"))
    lines.append(svg.line(x, min(heights), x, max(heights), "branch"))
    return sum(heights) / len(heights)


def _scale(height: float) -> list[Markup]:
    y = height - BOTTOM
    marks = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        marks += [svg.line(_x(tick), TOP, _x(tick), y, "rule")]
        marks += [svg.text(_x(tick), y + 16, f"{tick:g}", "soft", "middle")]
    return [*marks, svg.text(_x(0.5), y + 32, "share of hypotheses not in common", "soft", "middle")]


def _leaf(seen: Seen, member: int, place: int, means: Mapping[int, float]) -> Markup:
    cluster = seen.clusters[member]
    y = TOP + ROW * place + ROW / 2
    size = f"{len(cluster.members)} hypotheses"
    if member in means:
        size += f", best {number(means[member])}"
    return svg.link(
        f"/runs/{seen.run_id}?cluster={cluster.id}",
        svg.dot(12, y, 6, f"spot c{member % 12}"),
        svg.text(26, y, shortened(cluster.name, 30)),
        svg.text(26, y + 13, size, "soft"),
        told=f"{cluster.name}: {', '.join(cluster.key_points[:8])}",
    )


def _best_means(seen: Seen) -> dict[int, float]:
    """Number of a cluster to the highest score that is expected of a member."""
    mean_of = {dot.id: dot.mean for dot in seen.dots if dot.rank is not None}
    found = {}
    for n, cluster in enumerate(seen.clusters):
        known = [mean_of[member] for member in cluster.members if member in mean_of]
        if known:
            found[n] = max(known)
    return found
