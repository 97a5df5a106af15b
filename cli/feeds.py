"""``touchstone feeds``: where papers come from by themselves, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cli.console import errors, output, progress
from cli.session import Session, library, session

if TYPE_CHECKING:
    from records.models import Feed

app = typer.Typer(no_args_is_help=True, help="Have new papers fetched on a schedule.")

Name = Annotated[str, typer.Argument(help="The feed's name.", show_default=False)]
Collection = Annotated[str | None, typer.Option(help="A collection that its papers are put into as well.")]
Since = Annotated[str | None, typer.Option(help="A day, as 2026-01-31: nothing published before it.")]


@app.command("list")
def list_feeds() -> None:
    """Show the workspace's feeds, when each was looked into, and what came of it."""
    from records.repositories import Feeds

    with session() as opened, opened.database.read() as records:
        rows = Feeds(records, opened.workspace_id).page(1000)
    if not rows:
        output.print("No feeds; make one with: touchstone feeds add NAME --source arxiv --query WORDS")
        return
    table = Table(show_edge=False, pad_edge=False)
    for name in ("name", "source", "query", "schedule", "last run", "next run", "last result"):
        table.add_column(name)
    for row in rows:
        times = (f"{at:%Y-%m-%d %H:%M}" if at else "never" for at in (row.last_run_at, row.next_run_at))
        table.add_row(row.name, row.source, row.query, row.cron, *times, told(row.last_result))
    output.print(table)


@app.command()
def add(
    name: Name,
    source: Annotated[
        str,
        typer.Option(
            help="arxiv, crossref, europe_pmc, openalex, pubmed, semantic_scholar, rss or folder.",
            show_default=False,
        ),
    ],
    query: Annotated[
        str, typer.Option(help="Words to look for; for rss its address, for folder a folder of the inbox.")
    ] = "",
    cron: Annotated[str, typer.Option(help="Minute, hour, day, month, weekday; UTC.")] = "0 6 * * *",
    since: Since = None,
    collection: Collection = None,
) -> None:
    """Have papers fetched from a source, from its next time on."""
    from records.repositories import Audit, Collections, Feeds

    with session() as opened, opened.database.write() as records:
        collections = Collections(records, opened.workspace_id)
        into = None
        if collection is not None:
            into = (collections.find(collection) or collections.create(collection)).id
        feeds = Feeds(records, opened.workspace_id)
        row = feeds.create(name, source, query, cron, since=since, collection_id=into)
        Audit(records, opened.workspace_id).add("local", "feed.added", "feed", row.id, {"name": name})
    assert row.next_run_at is not None
    output.print(f"{name} is looked into from {row.next_run_at:%Y-%m-%d %H:%M} UTC on.", highlight=False)
    output.print(f"Now: touchstone feeds run '{name}'", highlight=False, markup=False)


@app.command()
def change(
    name: Name,
    query: Annotated[str | None, typer.Option(help="Another query: it is asked from the beginning.")] = None,
    cron: Annotated[str | None, typer.Option(help="Another schedule.")] = None,
    since: Since = None,
    rename: Annotated[str | None, typer.Option(help="Another name.")] = None,
    active: Annotated[bool | None, typer.Option("--on/--off", help="Have it rest, or go on.")] = None,
) -> None:
    """Change a feed."""
    from records.repositories import Audit, Feeds

    given = {"query": query, "cron": cron, "since": since, "name": rename, "active": active}
    changes = {key: value for key, value in given.items() if value is not None}
    with session() as opened, opened.database.write() as records:
        feeds = Feeds(records, opened.workspace_id)
        row = feeds.change(feeds.named(name).id, changes)
        Audit(records, opened.workspace_id).add("local", "feed.changed", "feed", row.id, changes)
    following = f"next on {row.next_run_at:%Y-%m-%d %H:%M} UTC" if row.next_run_at else "resting"
    output.print(f"{row.name} is changed; {following}.", highlight=False)


@app.command()
def remove(name: Name) -> None:
    """Let nothing more come from a feed; the papers that it brought stay."""
    from records.repositories import Audit, Feeds

    with session() as opened, opened.database.write() as records:
        feeds = Feeds(records, opened.workspace_id)
        row = feeds.named(name)
        feeds.delete(row.id)
        Audit(records, opened.workspace_id).add("local", "feed.removed", "feed", row.id, {"name": name})
    output.print(f"{name} is gone.", highlight=False)


@app.command()
def run(name: Name) -> None:
    """Look for new papers now, whatever the schedule says."""
    from records.repositories import Feeds

    with session() as opened:
        with opened.database.read() as records:
            feed = Feeds(records, opened.workspace_id).named(name)
        if look(opened, feed):
            raise typer.Exit(1)


@app.command("run-due")
def run_due() -> None:
    """Look into the workspace's feeds whose time has come: what the schedule does where workers run.

    A time that was missed is made up for once, and a feed that somebody else took is left to them.
    """
    from records.base import now
    from records.repositories import Feeds
    from records.repositories.feeds import due_feeds, take

    with session() as opened:
        with opened.database.read() as records:
            due = [one for one in due_feeds(records, now()) if one.workspace_id == opened.workspace_id]
        down = 0
        for one in due:
            with opened.database.write() as records:
                taken = take(records, one, now())
                feed = Feeds(records, opened.workspace_id).get(one.feed_id)
            down += taken and look(opened, feed)
    if not due:
        output.print("No feed is due.")
    if down:
        raise typer.Exit(1)


def look(opened: Session, feed: Feed) -> bool:
    """Look into a feed and tell what came of it; whether its source was down."""
    from knowledge.arrivals import welcome
    from knowledge.feeding import look_into, welcomed

    with library(opened) as papers, progress() as report:
        fetched = look_into(opened.database, opened.settings, opened.workspace_id, feed.id, report)
        touched = welcome(papers, opened.database, opened.workspace_id, fetched.added_ids, report)
        welcomed(opened.database, opened.workspace_id, feed.id)
    down = fetched.result["down"]
    console = errors if down else output
    console.print(f"{feed.name}: {told(fetched.result)}", highlight=False, markup=False, soft_wrap=True)
    if touched:
        output.print(f"{touched} hypotheses are touched by what is new.", highlight=False)
    return bool(down)


def told(result: Mapping[str, Any] | None) -> str:
    """What came of looking into a feed, in a line."""
    if result is None:
        return ""
    parts = [f"{result.get('added', 0)} added", f"{result.get('known', 0)} known"]
    if result.get("linked"):
        parts.append(f"{result['linked']} linked as versions")
    if result.get("failed"):
        parts.append(f"{result['failed']} failed (touchstone papers failed)")
    if result.get("down"):
        parts.append(str(result["down"]))
    return ", ".join(parts)
