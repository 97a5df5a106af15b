"""How fast a large library is searched, and what that takes.

    python -m bench.search --corpus ../shared/data/literature/corpus.jsonl --passages 100000

Papers are put together from the sentences of a corpus, so that words and vectors are distributed as in real
ones; a passage's vector is the direction of its sentences' vectors, for to compute 100,000 would take hours.
Questions are embedded by the real model; SQLite and Chroma's server are as in an installation.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config import Settings, load_settings
from knowledge import open_library
from knowledge.chroma_server import chroma_server
from knowledge.chunking import passages, sentences
from knowledge.dedup import title_key
from knowledge.embedding import load_embedder
from knowledge.lexical import Vocabulary
from knowledge.library import Library, SearchRequest
from knowledge.parsing import parse
from knowledge.search.catalogue import Catalogue
from knowledge.vectors import of_titles
from records.database import Database
from records.models import Collection, CollectionPaper, Paper, Passage
from records.repositories import Filters, Generations, Papers, Vectors, Workspaces

BATCH = 500
SENTENCES = 9
RARE = 500
"""Papers of the collection that is searched alone."""

QUESTIONS, FEW = 200, 20


@dataclass(frozen=True, slots=True)
class Material:
    """A corpus in sentences, with what they mean."""

    sentences: tuple[str, ...]
    vectors: NDArray[np.float32]
    titles: tuple[str, ...]
    title_vectors: NDArray[np.float32]


def material(corpus: Path, settings: Settings) -> Material:
    papers = parse(corpus).papers
    found = list(
        dict.fromkeys(
            paper.abstract[start:end] for paper in papers for start, end in sentences(paper.abstract)
        )
    )
    titles = [paper.title for paper in papers]
    embedder = load_embedder(settings.embedding)
    return Material(tuple(found), embedder.embed(found), tuple(titles), embedder.embed(titles))


def fill(database: Database, workspace_id: str, source: Material, model: str, count: int) -> None:
    """Papers with their passages and vectors until there are ``count`` passages."""
    draw = np.random.default_rng(0)
    made = number = 0
    while made < count:
        papers, vectors, bare = [], {}, {}
        for _ in range(BATCH):
            number += 1
            paper, own, direct, title = _paper(number, source, draw)
            papers.append((paper, own))
            made += len(own)
            vectors[id(own[0])] = (own, direct, title)
            if made >= count:
                break
        with database.write() as session:
            Papers(session, workspace_id).add_all(papers)
            keep = {}
            for own, direct, title in vectors.values():
                bare[own[0].id] = title.tobytes()
                keep.update({one.id: row.tobytes() for one, row in zip(own, direct, strict=True)})
            kept = Vectors(session, workspace_id)
            kept.set(model, keep)
            kept.set(of_titles(model), bare)
    database.optimize()  # as whoever embeds does


def _paper(
    number: int, source: Material, draw: np.random.Generator
) -> tuple[Paper, list[Passage], NDArray[np.float32], NDArray[np.float32]]:
    first, second = draw.integers(len(source.titles), size=2)
    title = f"{source.titles[first]}, {source.titles[second]} {number}"
    about = source.title_vectors[[first, second]].sum(axis=0)
    chosen = draw.integers(len(source.sentences), size=SENTENCES)
    text, ends = "", []
    for place in chosen:
        text = f"{text} {source.sentences[place]}".strip()
        ends.append(len(text))
    spans = passages(text)
    direct = []
    for start, end in spans:
        within = [place for place, last in zip(chosen, ends, strict=True) if start < last <= end]
        direct.append(source.vectors[within].sum(axis=0) + 0.5 * about)
    vectors = np.array(direct) / np.linalg.norm(direct, axis=1, keepdims=True)
    row = Paper(
        title=title,
        title_key=title_key(title),
        abstract=text,
        year=int(1990 + number % 35),
        venue=f"Journal {number % 40}",
        source="made",
    )
    own = [Passage(text=text[start:end]) for start, end in spans]
    return row, own, vectors.astype("<f4"), (about / np.linalg.norm(about)).astype("<f4")


def collection(database: Database, workspace_id: str) -> str:
    with database.write() as session:
        made = Collection(workspace_id=workspace_id, name="few")
        session.add(made)
        session.flush()
        ids = Papers(session, workspace_id).ids()
        chosen = ids[:: max(1, len(ids) // RARE)][:RARE]
        session.add_all(CollectionPaper(collection_id=made.id, paper_id=one) for one in chosen)
        return made.id


def measured(search: Callable[[], object]) -> float:
    started = time.perf_counter()
    search()
    return 1000 * (time.perf_counter() - started)


def latencies(library: Library, requests: Iterator[SearchRequest]) -> list[float]:
    return [measured(partial(library.search, request)) for request in requests]


def resident_mb(pid: int | None = None) -> float:
    """Memory that a process holds."""
    for line in Path(f"/proc/{pid or 'self'}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def server_pid(data_dir: Path) -> int:
    """The Chroma server's, told by its keeper."""
    return int(json.loads((data_dir / "chroma.json").read_text())["pid"])


def questions(source: Material, count: int, seed: int) -> list[str]:
    """What a chemist might type: half of a sentence."""
    draw = np.random.default_rng(seed)
    chosen = [source.sentences[place] for place in draw.integers(len(source.sentences), size=count)]
    return [" ".join(text.split()[: max(4, len(text.split()) // 2)]) for text in chosen]


def surveys(source: Material, count: int) -> list[tuple[str, str]]:
    draw = np.random.default_rng(2)
    rows = draw.integers(len(source.sentences), size=(count, 13))
    return [
        (source.sentences[row[0]], "\n".join(source.sentences[place] for place in row[1:])) for row in rows
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=100_000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="touchstone-search-") as place:
        settings = load_settings().model_copy(update={"data_dir": Path(place), "database_url": None})
        database = Database(settings.database)
        database.migrate()
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create(settings.workspace).id
        source = material(asked.corpus, settings)
        model = load_embedder(settings.embedding).name
        fill(database, workspace_id, source, model, asked.passages)
        chosen = collection(database, workspace_id)
        with database.write() as session:
            generations = Generations(session, workspace_id)
            generations.begin(model, settings.embedding.model, source.vectors.shape[1])
            generations.switch(model, asked.passages)
        with chroma_server(settings.data_dir):
            for name, value in figures(settings, database, workspace_id, source, model, chosen):
                print(f"{name:<48} {value}", flush=True)
        database.close()


def figures(
    settings: Settings, database: Database, workspace_id: str, source: Material, model: str, chosen: str
) -> Iterator[tuple[str, str]]:
    empty = resident_mb()
    with open_library(settings, database, workspace_id) as library:
        first = measured(lambda: library.search("warm up"))
        yield "first search, which builds the index", f"{first / 1000:.1f} s"
        yield "memory of the catalogue", f"{resident_mb() - empty:.0f} MB"
        plain = [SearchRequest(text) for text in questions(source, QUESTIONS, 1)]
        by_year = Filters(year_from=2010, year_to=2015)
        few = questions(source, FEW * 2, 3)
        ways = {
            "relevance": plain,
            "relevance, years 2010 to 2015": [SearchRequest(text, filters=by_year) for text in few],
            f"relevance, a collection of {RARE}": [
                SearchRequest(text, filters=Filters(collections=(chosen,))) for text in few
            ],
            "inspiration, 12 sentences of survey": [
                SearchRequest(question, survey, mode="inspiration")
                for question, survey in surveys(source, FEW)
            ],
        }
        for name, requests in ways.items():
            library.search(requests[0])
            before = time.process_time()
            took = latencies(library, iter(requests))
            own = 1000 * (time.process_time() - before) / len(requests)
            median, high = np.percentile(took, [50, 95])
            yield name, f"p50 {median:.0f} ms, p95 {high:.0f} ms; {own:.0f} ms of the processor's time"
        fill(database, workspace_id, source, model, BATCH)
        again = measured(lambda: library.search("a new paper"))
        yield f"a search after {BATCH} new passages", f"{again:.0f} ms"
        yield "memory of the process", f"{resident_mb():.0f} MB"
    held = resident_mb(server_pid(settings.data_dir))
    yield "memory of the index's server", f"{held:.0f} MB"
    with open_library(settings, database, workspace_id) as library:
        yield "first search of a library opened anew", f"{measured(lambda: library.search('x y')):.0f} ms"
    read = measured(lambda: Catalogue(database, workspace_id, Vocabulary()).refresh())
    yield "reading all words, in each new process", f"{read / 1000:.1f} s"


if __name__ == "__main__":
    main()
