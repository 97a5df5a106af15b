"""All that brings experts to a device: the host's memory, the places on the device, and what is between."""

from __future__ import annotations

from dataclasses import dataclass

from moe.gpu.budget import DeviceBudget
from moe.gpu.channels import ChannelPool, Way
from moe.gpu.device import Device
from moe.gpu.experts import ExpertPool
from moe.gpu.host import AllInMemory, Host, PartlyInMemory, Report, Staging
from moe.offloading.cache import Counts, ExpertCache
from moe.offloading.policies import policy_named
from moe.offloading.predict import Guesses
from moe.storing.store import Store


@dataclass(slots=True, eq=False)
class DeviceTier:
    """What brings experts to a device; ``close`` it when done."""

    device: Device
    budget: DeviceBudget
    host: Host
    staging: Staging
    experts: ExpertPool
    channels: ChannelPool | None
    """For floe; elsewhere experts are brought whole."""
    speeds: dict[Way, float]
    """Bytes a second of each way to bring channels, where they were measured."""

    @property
    def store(self) -> Store:
        return self.experts.store

    @property
    def counts(self) -> Counts:
        """Of channels and experts together; what is read is read from the host."""
        return self.experts.counts

    @counts.setter
    def counts(self, counts: Counts) -> None:
        self.experts.counts = counts
        if self.channels is not None:
            self.channels.counts = counts

    @property
    def guesses(self) -> Guesses:
        """How often the prediction of experts was right."""
        return self.experts.guesses

    @property
    def bytes_from_disk(self) -> int:
        """Since it was loaded; where all experts are in the host's memory, that is none."""
        return self.host.cache.counts.bytes_read if isinstance(self.host, PartlyInMemory) else 0

    @property
    def trace(self) -> list[tuple[int, tuple[int, ...]]] | None:
        """Every visit to whole experts, if a list is put here."""
        return self.experts.trace

    @trace.setter
    def trace(self, trace: list[tuple[int, tuple[int, ...]]] | None) -> None:
        self.experts.trace = trace

    @classmethod
    def make(
        cls,
        store: Store,
        budget: DeviceBudget,
        device: Device,
        host: Host,
        policy: str = "anticipating",
        way: Way | None = None,
    ) -> DeviceTier:
        """Memory on ``device`` for all that ``budget`` says; ``way`` None measures which is faster."""
        staging = Staging(device)
        rule = policy_named(policy, shape_of(store))
        experts = ExpertPool(store, device, host, staging, budget.device.slots, rule)
        tier = cls(device, budget, host, staging, experts, None, {})
        if budget.channels:
            tier.channels = ChannelPool(
                store, device, host, staging, budget.channels, tier.counts, tier.guesses
            )
            tier._choose(tier.channels, way)
        return tier

    def _choose(self, channels: ChannelPool, way: Way | None) -> None:
        if not self.host.pinned:
            return  # only the host can gather what may move
        if way is None:
            self.speeds = channels.measured()
            way = max(self.speeds, key=lambda one: self.speeds[one])
            self.counts = Counts()
        channels.way = way

    def close(self) -> None:
        if self.channels is not None:
            self.channels.close()
        self.experts.close()
        self.staging.close()
        self.host.close()


def host_for(
    store: Store,
    budget: DeviceBudget,
    device: Device,
    policy: str = "anticipating",
    report: Report = lambda stage, done, total: None,
) -> Host:
    """Memory of the host for as many experts as ``budget`` says, and all of them read where it is all."""
    if budget.host_slots is None:
        return AllInMemory(store, device, report)
    return PartlyInMemory(ExpertCache(store, budget.host_slots, policy_named(policy, shape_of(store))))


def shape_of(store: Store) -> tuple[int, int]:
    """Layers, and experts of the largest."""
    return len(store.layers), max(stored.layer.experts for stored in store.layers)
