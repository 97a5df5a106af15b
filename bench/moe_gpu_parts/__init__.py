"""The sections of bench.moe_gpu."""
