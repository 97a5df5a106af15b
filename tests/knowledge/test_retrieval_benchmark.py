from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embedding import Embedder
from knowledge.search.benchmark import (
    SHARES,
    Asked,
    Corpus,
    Found,
    found,
    read_corpus,
    read_problems,
    summary,
    taken,
)
from knowledge.search.inspiration import split
from records.errors import BadInput

PAPERS = {
    "Salting out": "Kosmotropic ions make chains of a polymer aggregate.",
    "Freezing": "Ice templates align pores in a gel.",
    "Solar cells": "A perovskite absorbs light.",
    "Catalysis": "Palladium couples aryl halides.",
    "Thermocells": "A thermocell makes electricity from waste heat.",
}
PROBLEM = {
    "problem": 7,
    "question": "How can a thermocell be both strong and efficient?",
    "survey": "Background\nGels of thermocells are weak. Salting in by guanidinium dissolves polymer chains.",
    "hypothesis": "Palladium.",
    "inspirations": ["Salting out", "Freezing"],
    "reasoning": "Palladium.",
}


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    papers = [{"title": title, "abstract": text} for title, text in PAPERS.items()]
    path.write_text("\n".join(map(json.dumps, papers)))
    return path


@pytest.fixture(scope="module")
def corpus(corpus_file: Path, embedder: Embedder) -> Corpus:
    return Corpus(read_corpus(corpus_file, []), embedder, lambda *told: None)


def problems(folder: Path, *told: object) -> Path:
    path = folder / "problems.json"
    path.write_text(json.dumps(told))
    return path


def test_what_inspired_the_work_comes_first(corpus: Corpus, tmp_path: Path) -> None:
    (asked,) = read_problems(problems(tmp_path, PROBLEM))
    answer = found(corpus, asked, corpus.inspiration(asked))
    assert answer.problem.name == "7"
    assert max(answer.ranks) <= 3
    for places in corpus.rivals(asked).values():
        assert sorted(places.tolist()) == list(range(len(PAPERS)))


def test_what_the_authors_found_reaches_no_query(tmp_path: Path) -> None:
    told = read_problems(problems(tmp_path, PROBLEM))
    silent = {name: PROBLEM[name] for name in ("problem", "question", "survey", "inspirations")}
    assert told == read_problems(problems(tmp_path, silent))


def test_the_summary_counts_every_inspiration_once() -> None:
    asked = Asked("a", "?", "", ("x", "y"))
    answers = [Found(asked, (1, 41)), Found(asked, (8, 200))]
    assert summary(answers, 1_000) == {
        "top_20": 100.0,
        "top_4": 50.0,
        "top_0_8": 50.0,
        "mrr": round((1 + 1 / 41 + 1 / 8 + 1 / 200) / 4, 4),
    }


@pytest.mark.parametrize(
    ("papers", "counts"),
    [(300, [60, 12, 2]), (1_000, [200, 40, 8]), (5, [1, 1, 1]), (1, [1, 1, 1]), (320, [64, 13, 3])],
)
def test_a_share_is_the_nearest_whole_number_of_papers(papers: int, counts: list[int]) -> None:
    assert [taken(share, papers) for share in SHARES.values()] == counts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("{}", "bad_problems"),
        ("[]", "bad_problems"),
        ('[{"question": "?"}]', "bad_problems"),
        ('[{"question": "?", "inspirations": []}]', "bad_problems"),
        ("[3]", "bad_problems"),
    ],
)
def test_what_holds_no_problems_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "problems.json"
    path.write_text(text)
    with pytest.raises(BadInput) as raised:
        read_problems(path)
    assert raised.value.code == code
    assert str(path) in raised.value.message


def test_an_inspiration_that_the_corpus_has_not_is_told(corpus_file: Path, tmp_path: Path) -> None:
    asked = read_problems(problems(tmp_path, PROBLEM | {"inspirations": ["Hofmeister"]}))
    with pytest.raises(BadInput, match="hofmeister") as raised:
        read_corpus(corpus_file, asked)
    assert raised.value.code == "not_in_corpus"


def test_headings_and_fragments_are_not_looked_at_alone() -> None:
    assert split("Why?", str(PROBLEM["survey"])) == (
        "Why?",
        "Gels of thermocells are weak.",
        "Salting in by guanidinium dissolves polymer chains.",
    )


@given(st.text(max_size=50), st.text(max_size=300))
def test_any_problem_is_looked_at_in_parts(question: str, survey: str) -> None:
    texts = split(question, survey)
    assert len(set(texts)) == len(texts)
    assert all(text.strip() for text in texts)


def test_equal_papers_keep_their_order(embedder: Embedder, tmp_path: Path) -> None:
    path = tmp_path / "same.jsonl"
    path.write_text("\n".join(json.dumps({"title": f"Gel {n}", "abstract": "Gels."}) for n in "abc"))
    held = Corpus(read_corpus(path, []), embedder, lambda *told: None)
    places = held.inspiration(Asked("a", "What is new?", "", ("gela",)))
    assert sorted(places.tolist()) == [0, 1, 2]
    assert np.all(np.isfinite(places))
