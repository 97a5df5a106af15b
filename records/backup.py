"""Backups: one tar file with everything that cannot be derived, and a manifest of digests to check it by.

The databases are copied through SQLite's online backup, so nothing has to stop; checkpoints first, so that
they are never ahead of the records (a graph that finds them behind only does a step again).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from config import Settings
from records import folder, postgresql
from records.errors import BadInput
from records.migrating import known_revisions

FORMAT = 1
MANIFEST = "manifest.json"
RECORDS = "touchstone.db"
CHECKPOINTS = "checkpoints.db"
DUMP = "postgresql.dump"

Kind = Literal["sqlite", "postgresql"]

PASSING = frozenset(
    "chroma chroma.log chroma.json chroma.json.new chroma.held chroma.users chroma.starting "
    "broker logs locks serve.lock serve.held maintenance.lock restore.lock restoring replaced".split()
)
"""What the data directory holds beside its content: the index, which is derived, and what runs there."""


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup file says of itself."""

    version: int
    made_at: str
    database: Kind
    revision: str
    """The newest migration of the Touchstone that made it."""
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members)


def back_up(settings: Settings, target: Path) -> Backup:
    """Write everything that is kept into a new tar file, while others work.

    Raises BadInput ``backup_exists``, ``nothing_to_back_up``, ``database_elsewhere``, ``not_writable`` or
    ``disk_full``, Failure ``no_pg_tools``. The file is there whole, or not at all.
    """
    target = target.absolute()
    if target.exists():
        raise BadInput("backup_exists", f"{target} is there already; give another name")
    if not target.parent.is_dir():
        raise BadInput("no_folder", f"there is no folder {target.parent}")
    try:
        # Beside the target: there the space is wanted anyway, and from there a rename is atomic.
        with tempfile.TemporaryDirectory(prefix=".touchstone-backup-", dir=target.parent) as scratch:
            return _write(settings, Path(scratch), target)
    except OSError as error:
        raise folder.unwritable(target, error) from error


def _write(settings: Settings, scratch: Path, target: Path) -> Backup:
    contents = scratch / "contents"
    contents.mkdir()
    kind = _copy_database(settings, contents)
    for path in kept_files(settings.data_dir):
        copy = contents / path.relative_to(settings.data_dir)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    members = tuple(_member(contents, path) for path in sorted(contents.rglob("*")) if path.is_file())
    made = Backup(FORMAT, datetime.now(UTC).isoformat(), kind, known_revisions()[-1], members)
    manifest = scratch / MANIFEST
    manifest.write_text(json.dumps(asdict(made), indent=1))
    draft = scratch / "draft.tar"
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(manifest, MANIFEST)
        for member in members:
            tar.add(contents / member.name, member.name)
    draft.chmod(0o600)  # it holds the secrets
    folder.sync(draft)
    draft.replace(target)
    return made


def _copy_database(settings: Settings, contents: Path) -> Kind:
    if not settings.database.startswith("sqlite"):
        postgresql.dump(settings.database, contents / DUMP)
        return "postgresql"
    check_place(settings)
    if not (settings.data_dir / RECORDS).exists():
        raise BadInput("nothing_to_back_up", f"there is no database in {settings.data_dir}")
    for name in (CHECKPOINTS, RECORDS):
        if (settings.data_dir / name).exists():
            _copy(settings.data_dir / name, contents / name)
    return "sqlite"


def _copy(source: Path, target: Path) -> None:
    """One consistent copy: all pages in one step, while others read and write."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def check_place(settings: Settings) -> None:
    """BadInput ``database_elsewhere`` where the SQLite file is not the data directory's own."""
    place = Path(settings.database.removeprefix("sqlite:///")).absolute()
    if place != (settings.data_dir / RECORDS).absolute():
        raise BadInput(
            "database_elsewhere",
            f"the database is {place}, outside {settings.data_dir}; copy it with sqlite3's .backup",
        )


def entries(data_dir: Path) -> list[Path]:
    """What lies at the top of the data directory and is its content."""
    return sorted(path for path in data_dir.iterdir() if path.name not in PASSING)


def kept_files(data_dir: Path) -> Iterator[Path]:
    """All files of the content but the databases: whatever is not known to be passing is kept."""
    for entry in entries(data_dir):
        if entry.name.startswith((CHECKPOINTS, RECORDS)):
            continue
        for path in [entry] if entry.is_file() else entry.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def _member(contents: Path, path: Path) -> Member:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Member(path.relative_to(contents).as_posix(), path.stat().st_size, digest)


def unpack(file: Path, into: Path) -> Backup:
    """Take the members out into a new folder, each checked by its digest.

    Raises BadInput ``no_backup`` for what is none, ``damaged_backup`` which names the damaged member,
    ``newer_backup``.
    """
    into.mkdir(mode=0o700)
    try:
        with tarfile.open(file, "r:") as tar:
            made = _read_manifest(tar, file)
            for member in made.members:
                _take_out(tar, member, file, into)
            return made
    except FileNotFoundError as error:
        raise BadInput("no_backup", f"there is no file {file}") from error
    except tarfile.TarError as error:
        raise BadInput(
            "no_backup", f"{file} is no backup of Touchstone, or not a whole one ({error})"
        ) from error


def _read_manifest(tar: tarfile.TarFile, file: Path) -> Backup:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    try:
        made = _MANIFEST.validate_json(content.read() if content else b"")
    except ValidationError as error:
        raise BadInput("no_backup", f"{file} is no backup of Touchstone: it has no manifest") from error
    if made.version != FORMAT or made.revision not in known_revisions():
        raise BadInput("newer_backup", f"{file} was made by a newer version of Touchstone; upgrade first")
    return made


def _take_out(tar: tarfile.TarFile, member: Member, file: Path, into: Path) -> None:
    place = PurePosixPath(member.name)
    if place.is_absolute() or ".." in place.parts or place.parts[0] in PASSING:
        raise BadInput("damaged_backup", f"{file} would write outside the data directory: {member.name}")
    target = into / place
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        content = tar.extractfile(member.name)
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            while content is not None and (block := content.read(2**20)):
                digest.update(block)
                output.write(block)
    except (KeyError, tarfile.TarError) as error:
        raise _damaged(file, member) from error
    if digest.hexdigest() != member.sha256:
        raise _damaged(file, member)


def _damaged(file: Path, member: Member) -> BadInput:
    return BadInput("damaged_backup", f"{file} is damaged in {member.name}; nothing was restored")


_MANIFEST: TypeAdapter[Backup] = TypeAdapter(Backup)
