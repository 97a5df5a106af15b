"""``touchstone key``: API keys, for programs that ask over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from cli.console import output
from cli.session import Session, session
from records.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What will use the key.", show_default=False)],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, write (implies read) or admin (implies both).", show_default="read"),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="After which it expires.")] = None,
) -> None:
    """Make a key of the workspace (TOUCHSTONE_WORKSPACE) and print it, this once."""
    from records.base import now
    from records.repositories import Audit
    from records.repositories.keys import Keys
    from records.secrets import installation_secret

    expires = None if days is None else now() + timedelta(days=days)
    with session() as opened, opened.database.write() as records:
        keys = Keys(records, opened.workspace_id)
        secret = installation_secret(opened.settings)
        row, text = keys.create(secret, name, scope or ["read"], "local", expires)
        told = {"name": row.name, "prefix": row.prefix, "scopes": row.scopes}
        Audit(records, opened.workspace_id).add("local", "key.created", "key", row.id, told)
    print(text)


@app.command("list")
def list_keys(limit: Annotated[int, typer.Option(min=1, help="Keys to show.")] = 100) -> None:
    """Show the workspace's keys, newest first."""
    with session() as opened:
        _show(opened, limit)


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="As `touchstone key list` shows it.", show_default=False)],
) -> None:
    """Let a key open nothing from now on."""
    from records.repositories import Audit
    from records.repositories.keys import Keys

    with session() as opened, opened.database.write() as records:
        keys = Keys(records, opened.workspace_id)
        row = keys.find(prefix.removeprefix("tsk_"))
        if row is None:
            raise NotFound("key_not_found", f"there is no key {prefix} here; see: touchstone key list")
        if keys.revoke(row.id):
            Audit(records, opened.workspace_id).add("local", "key.revoked", "key", row.id)
    output.print(f"The key {row.name} (tsk_{row.prefix}…) opens nothing any more.", highlight=False)


def _show(opened: Session, limit: int) -> None:
    from records.base import now
    from records.repositories.keys import Keys

    with opened.database.read() as records:
        rows = Keys(records, opened.workspace_id).page(limit)
    if not rows:
        output.print("No keys; make one with: touchstone key create NAME")
        return
    table = Table(show_edge=False, pad_edge=False)
    for title in ("prefix", "name", "scopes", "state", "used last"):
        table.add_column(title)
    for row in rows:
        expired = row.expires_at is not None and row.expires_at <= now()
        state = "revoked" if row.revoked_at else "expired" if expired else "good"
        used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
        table.add_row(row.prefix, row.name, ", ".join(row.scopes), state, used)
    output.print(table)
