"""The graph's nodes, one file each: what they read from the state and the database, and leave there.

A node may run twice, when it was killed between its work and its checkpoint; what it writes is then the same.
"""

from agents.nodes.cluster import cluster
from agents.nodes.conclude import conclude
from agents.nodes.decompose import decompose
from agents.nodes.measure import measure
from agents.nodes.propose import propose
from agents.nodes.recall import recall
from agents.nodes.recommend import recommend
from agents.nodes.retrieve import retrieve

__all__ = ["cluster", "conclude", "decompose", "measure", "propose", "recall", "recommend", "retrieve"]
