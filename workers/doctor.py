"""Looks at everything that Touchstone needs, and says what to do about what is not right."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import httpx
from kombu.exceptions import OperationalError
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from config import Settings
from knowledge.chroma_server import running
from records import folder
from records.base import now
from records.database import Database
from records.errors import TouchstoneError
from records.migrating import known_revisions
from records.models import Job, Outbox
from records.secrets import FILE as SECRET
from workers.broker import KEEP_EVERY_S, make_app
from workers.orders import KEEP
from workers.reconcile import PATIENCE_S
from workers.supervisor import serving
from workers.supervisor.broker import answers, given_broker

State = Literal["ok", "warning", "bad"]

ENOUGH_BYTES = 2 * 2**30
SCARCE_BYTES = 256 * 2**20
CLOCK_S = 5.0
SILENT_S = 120.0
"""A lease that ran out so long ago should have been seen to by the reconciler."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: State
    says: str
    """How it is, and where that is not as it should be, what to do."""


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding after the other; takes some ten seconds, for it waits for the schedule to tick."""
    yield _python()
    yield from _data_directory(settings.data_dir)
    yield from _database(settings)
    yield _service(settings)
    yield from _work(settings)
    yield _index(settings)
    yield _reasoner(settings)
    yield _embedding(settings)


def _python() -> Finding:
    return Finding(
        "python", "ok", f"{sys.version.split()[0]} with Touchstone {version('touchstone-chemistry')}"
    )


def _data_directory(data_dir: Path) -> Iterator[Finding]:
    if not data_dir.exists():
        yield Finding("data directory", "warning", f"{data_dir} is not there yet; any command makes it")
        return
    mode = stat.S_IMODE(data_dir.stat().st_mode)
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "data directory", "bad", f"{data_dir} cannot be written; chown it, or set TOUCHSTONE_DATA_DIR"
        )
    elif mode & 0o077:
        yield Finding("data directory", "warning", f"others may look into {data_dir}; chmod 700 {data_dir}")
    else:
        yield Finding("data directory", "ok", f"{data_dir}, for its owner alone")
    yield _space(data_dir)
    yield _secrets(data_dir)


def _space(data_dir: Path) -> Finding:
    free = shutil.disk_usage(data_dir).free
    says = f"{free / 2**30:.1f} GiB free"
    if free < SCARCE_BYTES:
        return Finding("disk", "bad", f"{says}; free some before anything else is written")
    return Finding("disk", "ok" if free >= ENOUGH_BYTES else "warning", says)


def _secrets(data_dir: Path) -> Finding:
    files = [data_dir / SECRET, data_dir / folder.SERVE, data_dir / "broker" / "broker.conf"]
    there = [path for path in files if path.exists()]
    exposed = [path for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if exposed:
        names = " ".join(map(str, exposed))
        return Finding("secrets", "bad", f"others may read them; chmod 600 {names}, and renew what they hold")
    return Finding("secrets", "ok", f"{len(there)} files, for their owner alone" if there else "none yet")


def _database(settings: Settings) -> Iterator[Finding]:
    sqlite = settings.database.removeprefix("sqlite:///")
    if sqlite != settings.database and not Path(sqlite).exists():
        yield Finding("database", "warning", "there is none yet; touchstone migrate makes it")
        return
    database = Database(settings.database)
    try:
        with database.read() as session:
            yield _form(session, database.place)
            if inspect(session.connection()).has_table(Job.__tablename__):
                yield _jobs(session)
            yield _clock(session, database.is_sqlite)
    except TouchstoneError as error:
        yield Finding("database", "bad", error.message)
    finally:
        database.close()


def _form(session: Session, place: str) -> Finding:
    if not inspect(session.connection()).has_table("alembic_version"):
        return Finding("database", "warning", f"{place} is empty; touchstone migrate fills it")
    found = session.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    newest = known_revisions()[-1]
    if list(found) == [newest]:
        return Finding("database", "ok", f"{place}, form {newest}")
    if all(revision in known_revisions() for revision in found):
        return Finding("database", "bad", f"{place} has form {', '.join(found)}; run touchstone migrate")
    return Finding("database", "bad", f"{place} was made by a newer Touchstone; upgrade this one")


def _jobs(session: Session) -> Finding:
    at = now()
    silent = _count(session, Job.state == "leased", Job.lease_until < at - timedelta(seconds=SILENT_S))
    dead = _count(session, Job.state == "dead", Job.finished_at > at - timedelta(hours=24))
    queued = _count(session, Job.state == "queued")
    oldest = session.scalar(select(func.min(Job.created_at)).where(Job.state == "queued"))
    unsent = session.scalar(
        select(func.count())
        .select_from(Outbox)
        .where(Outbox.sent_at.is_(None), Outbox.created_at < at - timedelta(seconds=SILENT_S))
    )
    says = f"{queued} wait, {dead} were given up in the last 24 hours"
    if silent or unsent:
        return Finding(
            "jobs", "bad", f"{says}; {silent} stuck, {unsent} not rung for: is the schedule running?"
        )
    if oldest is not None and (at - oldest).total_seconds() > PATIENCE_S:
        return Finding("jobs", "warning", f"{says}; the oldest since {oldest:%F %H:%M} UTC: add workers")
    return Finding("jobs", "warning" if dead else "ok", f"{says}{': see their reasons' if dead else ''}")


def _count(session: Session, *conditions: object) -> int:
    query = select(func.count()).select_from(Job).where(*conditions)  # type: ignore[arg-type]
    return session.scalar(query) or 0


def _clock(session: Session, is_sqlite: bool) -> Finding:
    """Against the database server's; with SQLite, against the newest row: nothing was made tomorrow."""
    mend = "set this machine's clock (timedatectl set-ntp true)"
    if is_sqlite:
        newest: datetime | None = session.scalar(select(func.max(Job.created_at)))
        ahead = (newest - now()).total_seconds() if newest else 0.0
    else:
        ahead = abs((session.scalars(select(func.clock_timestamp())).one() - now()).total_seconds())
    if ahead > CLOCK_S:
        return Finding("clock", "bad", f"the database is {ahead:.0f} s away; {mend}")
    return Finding("clock", "ok", f"{now():%F %T} UTC")


def _service(settings: Settings) -> Finding:
    found = serving(settings.data_dir)
    if found is None:
        return Finding("service", "ok", "nobody serves from this directory (touchstone serve does)")
    try:
        ready = httpx.get(f"{found.url}/ready", timeout=5)
    except httpx.HTTPError:
        return Finding("service", "bad", f"{found.url} does not answer; see {settings.data_dir / 'logs'}")
    if not ready.is_success:
        return Finding("service", "bad", f"{found.url} is not ready; see {settings.data_dir / 'logs'}")
    return Finding("service", "ok", f"{found.url}, process {found.pid}")


def _work(settings: Settings) -> Iterator[Finding]:
    """Broker, workers and schedule; where none of them is expected, that is said once."""
    found = serving(settings.data_dir)
    url = found.broker_url if found else given_broker(settings)
    if url is None:
        yield Finding("workers", "ok", "none are expected: nobody serves, and no broker is set")
        return
    if not answers(url):
        yield Finding("broker", "bad", "it does not answer; start it (jobs are kept, and wait for it)")
        return
    yield Finding("broker", "ok", "answers")
    broker = settings.broker.model_copy(update={"url": url})
    app = make_app(settings.model_copy(update={"broker": broker}))
    try:

        def kept(workers: int | None = None) -> dict[str, int]:
            # Every answer is waited for until the time is over, unless it is known how many come.
            return _kept(app.control.inspect(timeout=2, limit=workers).stats() or {})

        yield from _workers(kept)
    except OperationalError as error:
        yield Finding("workers", "bad", f"the broker broke off ({error})")
    finally:
        app.close()


def _kept(stats: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    """By worker, how often it has done what the schedule asks for."""
    return {name: told["total"].get(KEEP, 0) for name, told in stats.items()}


def _workers(kept: Callable[..., dict[str, int]]) -> Iterator[Finding]:
    first = kept()
    if not first:
        yield Finding("workers", "bad", "none answers; start one, or see why it is busy or gone in its log")
        return
    yield Finding("workers", "ok", ", ".join(sorted(first)))
    until = time.monotonic() + 2.5 * KEEP_EVERY_S
    while time.monotonic() < until:
        time.sleep(0.5)
        if any(count > first.get(name, 0) for name, count in kept(len(first)).items()):
            yield Finding("schedule", "ok", "ticks")
            return
    yield Finding(
        "schedule", "bad", "it did not tick; start celery beat (touchstone serve does), or add a worker"
    )


def _index(settings: Settings) -> Finding:
    url = settings.index.url
    if url is None:
        found = running(settings.data_dir)
        return Finding("index", "ok", f"{found}" if found else "not running; it is started when it is needed")
    try:
        httpx.get(f"{url}/api/v2/heartbeat", timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        return Finding("index", "bad", f"{url} does not answer ({type(error).__name__}); start Chroma there")
    return Finding("index", "ok", url)


def _reasoner(settings: Settings) -> Finding:
    reasoner = settings.reasoner
    if "base_url" not in reasoner.model_fields_set:
        return Finding("reasoner", "ok", "no language model is set; the extractive reasoner needs none")
    key = {"Authorization": f"Bearer {reasoner.api_key.get_secret_value()}"}
    try:
        told = httpx.get(f"{reasoner.base_url.rstrip('/')}/models", headers=key, timeout=10)
        told.raise_for_status()
        names = [str(model["id"]) for model in told.json()["data"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        return Finding("reasoner", "bad", f"{reasoner.base_url} does not answer as it should ({why})")
    if reasoner.model not in names:
        return Finding("reasoner", "warning", f"it has no model {reasoner.model}, but: {', '.join(names)}")
    return Finding("reasoner", "ok", f"{reasoner.base_url} has {reasoner.model}")


def _embedding(settings: Settings) -> Finding:
    from knowledge.embedding import load_embedder

    try:
        return Finding("embedding model", "ok", load_embedder(settings.embedding).name)
    except TouchstoneError as error:
        return Finding("embedding model", "bad", error.message)
