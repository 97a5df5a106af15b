"""From a question to a ranked list: the graph, its nodes, the reasoners and the report."""
