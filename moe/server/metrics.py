"""What the engine counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from moe.engine import Engine
from moe.load import OffloadedModel


class EngineMetrics(Collector):
    """Reads the engine's own counts when it is asked."""

    def __init__(self, engine: Engine, loaded: OffloadedModel) -> None:
        self._engine, self._loaded = engine, loaded

    def collect(self) -> Iterator[Metric]:
        tally, counts = self._engine.tally, self._loaded.cache.counts
        waiting, writing = self._engine.load
        for name, text, value in (
            ("moe_prompt_tokens", "Tokens of prompts", tally.prompt_tokens),
            ("moe_cached_tokens", "Tokens of prompts that were known already", tally.cached_tokens),
            ("moe_written_tokens", "Tokens of answers", tally.written_tokens),
            ("moe_prefill_seconds", "Seconds spent on prompts", tally.prefill_seconds),
            ("moe_decode_seconds", "Seconds spent on answers", tally.decode_seconds),
            ("moe_decode_steps", "Steps, each a token for every answer under way", tally.steps),
            ("moe_expert_hits", "Experts that were in memory when needed", counts.hits),
            ("moe_expert_misses", "Experts that were not", counts.misses),
            ("moe_disk_read_bytes", "Bytes of experts read from disk", counts.bytes_read),
            ("moe_stall_seconds", "Seconds spent waiting for a read", counts.stalled),
            ("moe_prefetched_experts", "Experts read ahead", counts.prefetched),
            ("moe_prefetched_used_experts", "Experts read ahead that were then used", counts.prefetched_used),
        ):
            yield CounterMetricFamily(name, text, value)
        guesses = self._loaded.guesses
        yield CounterMetricFamily(
            "moe_predicted_right_experts", "Experts used that were predicted", guesses.right
        )
        yield CounterMetricFamily(
            "moe_predicted_asked_experts", "Experts used after a prediction", guesses.asked
        )
        yield GaugeMetricFamily("moe_waiting_answers", "Answers that wait", waiting)
        yield GaugeMetricFamily("moe_writing_answers", "Answers under way", writing)


def registry_for(engine: Engine, loaded: OffloadedModel) -> CollectorRegistry:
    """A registry with the engine's counts alone."""
    registry = CollectorRegistry()
    registry.register(EngineMetrics(engine, loaded))
    return registry
