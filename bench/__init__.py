"""Programs that measure; docs/benchmarks.md holds what they said and how to run them again."""
