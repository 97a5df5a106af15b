"""From a question to a ranked list: the graph, its nodes, the reasoners and the report."""

import os

# LangGraph reads it when it is first imported: a checkpoint then brings back plain types and nothing else.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
