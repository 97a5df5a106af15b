"""Settings and logging; nothing else."""

from config.settings import (
    BrokerSettings,
    EmbeddingSettings,
    IndexSettings,
    ReasonerSettings,
    Settings,
    load_settings,
)

__all__ = [
    "BrokerSettings",
    "EmbeddingSettings",
    "IndexSettings",
    "ReasonerSettings",
    "Settings",
    "load_settings",
]
