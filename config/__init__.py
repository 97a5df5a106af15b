"""Settings and logging; nothing else."""

from config.settings import (
    ApiSettings,
    BrokerSettings,
    EmbeddingSettings,
    IndexSettings,
    PdfSettings,
    ReasonerSettings,
    ServerSettings,
    Settings,
    SourcesSettings,
    TimeLimits,
    WorkerSettings,
    load_settings,
)

__all__ = [
    "ApiSettings",
    "BrokerSettings",
    "EmbeddingSettings",
    "IndexSettings",
    "PdfSettings",
    "ReasonerSettings",
    "ServerSettings",
    "Settings",
    "SourcesSettings",
    "TimeLimits",
    "WorkerSettings",
    "load_settings",
]
