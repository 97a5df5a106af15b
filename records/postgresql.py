"""PostgreSQL's own programs, which copy a database out and in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL

from records.errors import Failure


def dump(url: str, target: Path) -> None:
    """Write the whole database into one file, as of one moment; Failure ``no_pg_tools``, ``pg_failed``."""
    _call("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load(url: str, source: Path) -> None:
    """Put a dump in the place of what the database holds, in one transaction; errors as in ``dump``."""
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction")
    _call("pg_restore", url, *options, str(source))


def _call(program: str, url: str, *options: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise Failure(
            "no_pg_tools", f"{program} is not installed; on Debian: apt-get install postgresql-client"
        )
    parsed = make_url(url)
    # By its environment: everybody may read the arguments of a process.
    environment = {**os.environ, **({"PGPASSWORD": str(parsed.password)} if parsed.password else {})}
    done = subprocess.run(
        [path, "--dbname", _plain(parsed), *options], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split()[-40:])
        raise Failure("pg_failed", f"{program} did not succeed: {said}")


def _plain(url: URL) -> str:
    """As libpq reads it: without the driver's name and the password."""
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string()
