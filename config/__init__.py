"""Settings and logging; nothing else."""

from config.settings import (
    ApiSettings,
    BrokerSettings,
    EmbeddingSettings,
    IndexSettings,
    ReasonerSettings,
    ServerSettings,
    Settings,
    TimeLimits,
    WorkerSettings,
    load_settings,
)

__all__ = [
    "ApiSettings",
    "BrokerSettings",
    "EmbeddingSettings",
    "IndexSettings",
    "ReasonerSettings",
    "ServerSettings",
    "Settings",
    "TimeLimits",
    "WorkerSettings",
    "load_settings",
]
