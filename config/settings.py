"""All settings in one root: environment variables ``TOUCHSTONE_…``, nested with two underscores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.log import LogFormat

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


class PdfSettings(_Part):
    """What a PDF may ask for while its text is taken out (``TOUCHSTONE_PDF__…``)."""

    pages: int = Field(default=500, ge=1)
    size_mb: int = Field(default=256, ge=1)
    seconds: int = Field(default=120, ge=1)
    memory_mb: int = Field(default=1024, ge=128)


class SourcesSettings(_Part):
    """The services that tell of new papers (``TOUCHSTONE_SOURCES__…``)."""

    contact: str = ""
    """An e-mail address at which the services may reach whoever asks; they serve such callers better."""
    openalex_key: SecretStr | None = None
    """Free; without it OpenAlex gives few answers a day, and at most 10,000 papers of a query."""
    pubmed_key: SecretStr | None = None
    semantic_scholar_key: SecretStr | None = None
    timeout_s: float = Field(default=60.0, gt=0)
    """For one answer, from request to last byte."""
    tries: int = Field(default=5, ge=1)
    """So often an answer is asked for before the source is taken to be down."""
    backoff_s: float = Field(default=2.0, ge=0)
    """Wait before the second try; it doubles, and a ``Retry-After`` header outranks it."""
    longest_wait_s: float = Field(default=300.0, ge=0)
    """A service that asks for more patience is left alone until the next run."""
    pause: float = Field(default=1.0, ge=0)
    """Stretches the pauses between two questions to a service, which are as long as it asks for."""
    largest_mb: int = Field(default=64, ge=1)
    """Of one answer."""
    private_addresses: bool = False
    """Whether RSS feeds may be read from this machine and from private networks."""
    arxiv_url: str = "https://export.arxiv.org/api/query"
    crossref_url: str = "https://api.crossref.org"
    europe_pmc_url: str = "https://www.ebi.ac.uk/europepmc/webservices/rest"
    openalex_url: str = "https://api.openalex.org"
    pubmed_url: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    semantic_scholar_url: str = "https://api.semanticscholar.org"


class BrokerSettings(_Part):
    """The Redis-compatible broker of the workers (``TOUCHSTONE_BROKER__…``)."""

    url: str = "redis://127.0.0.1:6379/0"


class TimeLimits(_Part):
    """Seconds that a job of each kind may take (``TOUCHSTONE_WORKER__LIMITS__…``)."""

    run_question: int = Field(default=6 * 3600, ge=1)
    rerank: int = Field(default=1800, ge=1)
    search: int = Field(default=120, ge=1)
    ingest: int = Field(default=3600, ge=1)
    run_feed: int = Field(default=3600, ge=1)
    rank_batch: int = Field(default=1800, ge=1)
    export: int = Field(default=600, ge=1)
    retention: int = Field(default=1800, ge=1)
    check_index: int = Field(default=3600, ge=1)
    build_topics: int = Field(default=1800, ge=1)
    check_novelty: int = Field(default=3600, ge=1)


class WorkerSettings(_Part):
    """Those who do the jobs (``TOUCHSTONE_WORKER__…``)."""

    lease_s: float = Field(default=60.0, gt=0)
    """A worker that is not heard of for so long is taken for dead."""
    patience_s: float = Field(default=120.0, gt=0)
    """A job that nobody took for so long is rung for again: a broker that died may have lost the message."""
    losses: int = Field(default=7, ge=0)
    """So many of a job's first attempts may end with the death of their worker without being counted among
    the three that a job has: as long as few workers die, something else killed them."""
    limits: TimeLimits = TimeLimits()
    grace_s: int = Field(default=30, ge=1)
    """Behind its limit a job is told to stop; so much later its process is killed."""
    soft_shutdown_s: float = Field(default=5.0, ge=0)
    """Jobs at work get so long to end when their worker is told to stop; what is left is done by another."""
    rest_s: float = Field(default=300.0, gt=0)
    """After so long without a job, a worker gives the memory of its models back."""
    recycle_mb: int = Field(default=1536, ge=64)
    """A process that holds more memory after a job is replaced."""
    memory_mb: int = Field(default=6144, ge=0)
    """Memory that a process may ask for; beyond it the job fails. 0: no bound, for a GPU's driver asks for
    more than it uses."""
    keep_days: int = Field(default=30, ge=1)
    """For so long finished jobs and the events of finished runs are kept."""


class ServerSettings(_Part):
    """Where the web process answers, and how much works beside it (``TOUCHSTONE_SERVER__…``)."""

    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    """0: any that is free. Not 8000, where model servers like to be."""
    children: int = Field(default=2, ge=1)
    """Jobs that ``touchstone serve`` does at the same time; each may load the language models."""


def _separated(given: object) -> object:
    if not isinstance(given, str):
        return given
    return tuple(part.strip() for part in given.split(",") if part.strip())


class ApiSettings(_Part):
    """The web process (``TOUCHSTONE_API__…``)."""

    body_limit: int = Field(default=2 * 2**20, ge=1024)
    """Bytes of a request's body."""
    upload_limit: int = Field(default=64 * 2**20, ge=1024)
    """Bytes of a file that is handed in, and of a batch."""
    rate: float = Field(default=100.0, gt=0)
    """Requests a second that one key or browser session may make in the long run, per web process."""
    burst: int = Field(default=400, ge=1)
    """Requests that it may make at once."""
    streams: int = Field(default=20, ge=1)
    """Event streams that it may hold open at once."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)] = ()
    """Names, separated by commas, by which browsers and programs on other machines reach it; beside these it
    answers only as 127.0.0.1 and localhost."""
    https: bool = False
    """Whether something in front of it speaks TLS without saying so (``X-Forwarded-Proto``)."""
    session_idle_h: float = Field(default=24.0, gt=0)
    """Hours after which a browser that was not used has to sign in again."""
    session_days: float = Field(default=14.0, gt=0)
    """Days after which any browser has to."""
    metrics_token: SecretStr | None = None
    """Whoever sends it as a bearer token may read /metrics; a key with the scope admin may anyway."""


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
    secret: SecretStr | None = Field(default=None, min_length=32)
    """Keys and sessions are kept under it, so all machines of an installation need the same; without it, the
    file ``secret.key`` in the data directory."""
    workspace: str = "local"
    """The workspace that the command line works in, and that the first start makes."""
    log_level: LogLevel = "WARNING"
    log_format: LogFormat | None = None
    """``json`` or ``text``; without it, text on a terminal and JSON lines for whatever else reads."""
    embedding: EmbeddingSettings = EmbeddingSettings()
    index: IndexSettings = IndexSettings()
    reasoner: ReasonerSettings = ReasonerSettings()
    sources: SourcesSettings = SourcesSettings()
    pdf: PdfSettings = PdfSettings()
    broker: BrokerSettings = BrokerSettings()
    server: ServerSettings = ServerSettings()
    worker: WorkerSettings = WorkerSettings()
    api: ApiSettings = ApiSettings()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'touchstone.db'}"


def load_settings() -> Settings:
    """The settings of this process's environment (raises pydantic's ValidationError)."""
    return Settings()
