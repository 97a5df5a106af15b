"""All settings in one root: environment variables ``TOUCHSTONE_…``, nested with two underscores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(lambda text: str(text).upper())
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmbeddingSettings(_Part):
    """The sentence-embedding model (``TOUCHSTONE_EMBEDDING__…``)."""

    model: str = "bundled"
    """``bundled`` (all-MiniLM-L6-v2 from an installed package), a folder, or a model hub's name."""
    batch_size: int = Field(default=64, ge=1)


class IndexSettings(_Part):
    """The Chroma server (``TOUCHSTONE_INDEX__…``)."""

    url: str | None = None
    """Of a server that somebody else runs; without it one is started on 127.0.0.1 when needed."""


class ReasonerSettings(_Part):
    """The language model behind the ``llm`` reasoner (``TOUCHSTONE_REASONER__…``)."""

    base_url: str = "http://127.0.0.1:8000/v1"
    """Any OpenAI-compatible endpoint."""
    api_key: SecretStr = SecretStr("none")
    model: str = "default"
    timeout_s: float = Field(default=120.0, gt=0)
    """For one call, from request to last byte."""
    retries: int = Field(default=4, ge=0)
    """Further attempts after a transient failure (timeout, broken connection, 429, 5xx)."""
    backoff_s: float = Field(default=1.0, ge=0)
    """Wait before the first retry; it doubles, and a ``Retry-After`` header outranks it."""
    max_tokens: int = Field(default=2048, ge=16)
    """Completion tokens per call."""
    temperature: float = Field(default=0.7, ge=0)
    price_prompt: float = Field(default=0.0, ge=0)
    """Money per million prompt tokens."""
    price_completion: float = Field(default=0.0, ge=0)
    """Money per million completion tokens."""
    currency: str = "USD"
    token_budget: int | None = Field(default=None, ge=1)
    """Tokens a run may use, prompt and completion together; at its end the run goes on with what it has."""
    money_budget: float | None = Field(default=None, gt=0)
    """Money a run may use, likewise."""


class BrokerSettings(_Part):
    """The Redis-compatible broker of the workers (``TOUCHSTONE_BROKER__…``)."""

    url: str = "redis://127.0.0.1:6379/0"


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "touchstone"


class Settings(BaseSettings):
    """The whole configuration of a process; immutable once loaded."""

    model_config = SettingsConfigDict(
        env_prefix="TOUCHSTONE_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    """Everything that an embedded installation keeps."""
    database_url: str | None = None
    """SQLAlchemy URL; without it, SQLite in the data directory."""
    workspace: str = "local"
    """The workspace that the command line works in."""
    log_level: LogLevel = "WARNING"
    embedding: EmbeddingSettings = EmbeddingSettings()
    index: IndexSettings = IndexSettings()
    reasoner: ReasonerSettings = ReasonerSettings()
    broker: BrokerSettings = BrokerSettings()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'touchstone.db'}"


def load_settings() -> Settings:
    """The settings of this process's environment (raises pydantic's ValidationError)."""
    return Settings()
