"""Benchmarks: published pools and tables of measured reactions, and what each policy makes of them."""
