"""What the engine counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from moe.offloading.load import OffloadedModel
from moe.offloading.masks import MaskGuesses
from moe.writing.engine import Engine


class EngineMetrics(Collector):
    """Reads the engine's own counts when it is asked."""

    def __init__(self, engine: Engine, loaded: OffloadedModel) -> None:
        self._engine, self._loaded = engine, loaded

    def collect(self) -> Iterator[Metric]:
        tally, loaded, counts = self._engine.tally, self._loaded, self._loaded.cache.counts
        copies = loaded.copies.used if loaded.copies is not None else 0
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
            ("moe_disk_read_bytes", "Bytes of experts read from disk", loaded.bytes_read),
            ("moe_device_copied_bytes", "Bytes of experts copied to a GPU", loaded.bytes_copied),
            ("moe_stall_seconds", "Seconds spent waiting for a read", loaded.stalled),
            ("moe_low_precision_experts", "Experts that a copy stood in for", copies),
            ("moe_needed_channels", "Channels that tokens needed (floe)", counts.channels_asked),
            ("moe_missing_channels", "And those of them that were not in memory", counts.channels_missing),
            ("moe_prefetched_experts", "Experts read ahead; of floe, channels", counts.prefetched),
            ("moe_prefetched_used_experts", "And those of them that were then used", counts.prefetched_used),
        ):
            yield CounterMetricFamily(name, text, value)
        guesses = loaded.guesses
        yield CounterMetricFamily(
            "moe_predicted_right_experts", "Experts used that were predicted", guesses.right
        )
        yield CounterMetricFamily(
            "moe_predicted_asked_experts", "Experts used after a prediction", guesses.asked
        )
        masks = loaded.masks.guesses if loaded.masks is not None else MaskGuesses()
        for name, text, count in (
            ("moe_mask_needed_channels", "Channels needed of experts that were predicted", masks.needed),
            ("moe_mask_predicted_channels", "Channels predicted of experts that were used", masks.predicted),
            ("moe_mask_right_channels", "Channels both predicted and needed", masks.both),
        ):
            yield CounterMetricFamily(name, text, count)
        yield GaugeMetricFamily("moe_waiting_answers", "Answers that wait", waiting)
        yield GaugeMetricFamily("moe_writing_answers", "Answers under way", writing)


def registry_for(engine: Engine, loaded: OffloadedModel) -> CollectorRegistry:
    """A registry with the engine's counts alone."""
    registry = CollectorRegistry()
    registry.register(EngineMetrics(engine, loaded))
    return registry
