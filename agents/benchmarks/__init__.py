"""Benchmarks on published data: pools of hypotheses, measured reactions, and reported outcomes."""
