"""``touchstone topics``: what the papers are about, as a tree that a person can correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from cli.console import output, progress
from cli.session import library, session

if TYPE_CHECKING:
    from cli.session import Session
    from records.models import Topic

app = typer.Typer(help="Sort the papers into a tree of topics, and correct it.")

Collection = Annotated[str | None, typer.Option(help="Only the papers of this collection.")]
TopicId = Annotated[str, typer.Argument(help="The topic's id (touchstone topics show).", show_default=False)]


@app.command()
def build(collection: Collection = None) -> None:
    """Grow the tree anew; what you renamed and moved stays."""
    from knowledge.embedding import load_embedder
    from knowledge.topics.building import build_topics

    with session() as opened, library(opened) as papers, progress() as report:
        papers.embed(report)
        collection_id = _collection(opened, collection)
        embedder = load_embedder(opened.settings.embedding)
        built = build_topics(opened.database, opened.workspace_id, embedder, collection_id, report)
    if not built.papers:
        output.print("There is no paper to sort; read some in with: touchstone ingest FILE")
        return
    output.print(f"{built.papers} papers in {built.topics} topics.", highlight=False)


@app.command()
def show(
    collection: Collection = None,
    papers: Annotated[bool, typer.Option("--papers", help="With the papers in each topic.")] = False,
    ids: Annotated[bool, typer.Option("--ids", help="With ids, as renaming and moving want them.")] = False,
) -> None:
    """Show the tree of topics."""
    from records.repositories import Papers, Topics

    with session() as opened:
        collection_id = _collection(opened, collection)
        with opened.database.read() as records:
            topics = Topics(records, opened.workspace_id, collection_id)
            rows = topics.tree()
            homes: dict[str, list[str]] = {}
            for lie in topics.homes() if papers else ():
                homes.setdefault(lie.topic_id, []).append(lie.paper_id)
            titles = (
                {paper.id: paper.title for paper in Papers(records, opened.workspace_id).all()}
                if papers
                else {}
            )
    if not rows:
        output.print("There is no tree yet; grow one with: touchstone topics build")
        return
    shown: dict[str | None, Tree] = {None: Tree("Topics")}
    for row in rows:
        branch = shown[row.id] = shown[row.parent_id].add(_line(row, ids))
        for paper_id in homes.get(row.id, ()):
            branch.add(f"[dim]{escape(titles[paper_id])}{f' ({paper_id})' if ids else ''}[/dim]")
    output.print(shown[None], highlight=False)


@app.command()
def rename(
    topic_id: TopicId,
    name: Annotated[str, typer.Argument(help="Its name; empty: by its own terms again.", show_default=False)],
) -> None:
    """Call a topic something, for good."""
    from records.repositories import Audit, Topics
    from records.repositories.topics import shown_name

    with session() as opened, opened.database.write() as records:
        row = Topics(records, opened.workspace_id).rename(topic_id, name or None)
        Audit(records, opened.workspace_id).add("local", "topic.renamed", "topic", row.id, {"name": name})
    output.print(f"It is called {shown_name(row)} now.", markup=False, highlight=False)


@app.command()
def move(
    paper_id: Annotated[str, typer.Argument(help="The paper's id.", show_default=False)], topic_id: TopicId
) -> None:
    """Put a paper into another topic, for good."""
    from records.repositories import Audit, Topics
    from records.repositories.topics import shown_name

    with session() as opened, opened.database.write() as records:
        row = Topics(records, opened.workspace_id).move(topic_id, paper_id)
        Audit(records, opened.workspace_id).add(
            "local", "topic.paper_moved", "topic", row.id, {"paper_id": paper_id}
        )
    output.print(f"It is in {shown_name(row)} now.", markup=False, highlight=False)


def _line(row: Topic, ids: bool) -> str:
    from records.repositories.topics import shown_name

    own = " [dim](named by a person)[/dim]" if row.own_name else ""
    told = f"{escape(shown_name(row))} [dim]{row.size}[/dim]{own}"
    return f"{told} [dim]{row.id}[/dim]" if ids else told


def _collection(opened: Session, name: str | None) -> str | None:
    """The id of the collection of this name, if one is named."""
    if name is None:
        return None
    from records.errors import NotFound
    from records.repositories import Collections

    with opened.database.read() as records:
        found = Collections(records, opened.workspace_id).find(name)
    if found is None:
        raise NotFound("collection_not_found", f"there is no collection '{name}'")
    return found.id
