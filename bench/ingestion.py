"""Ingestion at a size: does memory grow with the number of papers, and what does reading them again cost?

``python -m bench.ingestion --corpus corpus.jsonl [--papers 5000 10000] [--embed]``. The corpus is JSON lines
with ``title`` and ``abstract``; its sentences are put together anew, seven to an abstract, so that none is a
near-copy of another. Each size is read in by a process of its own, into a new SQLite database, and then
once more; times are its processor's, so that other work beside it does not count. It also tells whether any
two papers of the corpus itself are taken for one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config import Settings
from knowledge import open_library
from knowledge.chunking import sentences
from knowledge.ingestion import Ingested, ingest_files, unseen
from records.database import Database
from records.repositories import Vectors, Workspaces

SENTENCES = 7


@dataclass(frozen=True, slots=True)
class Measured:
    added: int
    passages: int
    first_s: float
    again_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--papers", type=int, nargs="+", default=[1, 2_500, 5_000, 10_000])
    parser.add_argument("--embed", action="store_true", help="Compute the vectors too, which takes minutes.")
    given = parser.parse_args()
    console = Console()
    corpus = [json.loads(line) for line in given.corpus.read_text().splitlines() if line.strip()]
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as name:
        folder = Path(name)
        own = _measured(folder, list(_written(folder / "own.jsonl", corpus)), embed=False)
        console.print(f"Of the corpus' {len(corpus)} papers, {own.added} are kept as papers of their own.")
        table = Table(
            "papers", "kept", "passages", "first, CPU s", "again, CPU s", "again, %", "peak memory, MB"
        )
        for count in given.papers:
            texts = list(_recombined(corpus, count))
            found = _measured(folder, list(_written(folder / f"{count}.jsonl", texts)), embed=given.embed)
            figures = (found.added, found.passages, f"{found.first_s:.1f}", f"{found.again_s:.1f}")
            share_again = f"{found.again_s / found.first_s:.1%}"
            table.add_row(str(count), *map(str, figures), share_again, f"{found.peak_mb:.0f}")
        console.print(table)


def _written(path: Path, papers: Sequence[dict[str, str]]) -> Iterator[Path]:
    with path.open("w") as file:
        file.writelines(json.dumps(paper) + "\n" for paper in papers)
    yield path


def _recombined(corpus: Sequence[dict[str, str]], count: int) -> Iterator[dict[str, str]]:
    """So many papers of the corpus' sentences, each with a title from two of its titles."""
    chance = random.Random(0)
    texts = [one["abstract"] for one in corpus]
    parts = [text[start:end] for text in texts for start, end in sentences(text)]
    titles = [one["title"] for one in corpus]
    for number in range(count):
        first, second = chance.sample(titles, 2)
        yield {
            "title": f"{first.split(':')[0]} and {second.split(':')[0]}, {number}",
            "abstract": " ".join(chance.sample(parts, SENTENCES)),
        }


def _measured(folder: Path, files: list[Path], *, embed: bool) -> Measured:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_read_in, args=(folder / f"{files[0].stem}", files, embed, answers))
    process.start()
    found: Measured = answers.get()
    process.join()
    return found


def _read_in(folder: Path, files: list[Path], embed: bool, answers: multiprocessing.Queue[Measured]) -> None:
    settings = Settings(data_dir=folder)
    database = Database(settings.database)
    database.migrate()
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("bench").id
    with open_library(settings, database, workspace_id) as library:

        def once() -> tuple[Ingested, float]:
            start = time.process_time()
            if embed:
                return library.ingest(files), time.process_time() - start
            return ingest_files(database, workspace_id, files, unseen), time.process_time() - start

        first, first_s = once()
        again, again_s = once()
    assert again.added == 0, "a paper was kept twice"
    with database.read() as session:
        passages = Vectors(session, workspace_id).count()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answers.put(Measured(first.added, passages, first_s, again_s, peak))


if __name__ == "__main__":
    main()
