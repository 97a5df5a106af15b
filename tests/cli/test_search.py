"""Searching, the index that is searched, and how well that does on published work."""

from __future__ import annotations

import json

import pytest

PAPERS = {
    "Salting out": "Kosmotropic ions make chains of a polymer aggregate.",
    "Solar cells": "A perovskite absorbs light.",
    "Catalysis": "Palladium couples aryl halides.",
}
PROBLEM = {
    "question": "How can a gel be strong?",
    "survey": "Ions dissolve polymer chains.",
    "inspirations": ["Salting out"],
}


def test_an_inspiration_tells_what_it_speaks_to(stocked, tmp_path):
    survey = tmp_path / "known.txt"
    survey.write_text("Thermocells are weak. Their electrodes are small.")
    asked = ("search", "How can a gel be made tough?", "--inspire", "--survey", survey)
    shown = stocked(*asked, "--limit", 2)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.count("speaks to: ") == 2
    told = json.loads(stocked(*asked, "--limit", 2, "--json").out)
    assert len({hit["paper_id"] for hit in told["hits"]}) == 2
    assert set(told["hits"][0]["parts"]) >= {"meaning", "title"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--from", "2090"), 0, "No paper passes these filters."),
        (("--collection", "no such"), 2, "There is no collection 'no such' in this workspace."),
        (("--survey", "no-such-file.txt"), 2, "There is no file no-such-file.txt for the survey."),
    ],
)
def test_what_filters_leave_nothing_of_is_told(stocked, arguments, code, said):
    done = stocked("search", "gels", *arguments)
    assert (done.code, (done.out or done.complaint).strip()) == (code, said)


def test_the_index_is_made_again_from_the_database(stocked):
    status = stocked("index", "status")
    assert (status.code, status.err) == (0, "")
    assert "all-MiniLM-L6-v2" in status.out
    assert "serving" in status.out
    before = stocked("search", "gels").out
    done = stocked("index", "rebuild", "--anew")
    assert done.code == 0
    assert "under all-MiniLM-L6-v2" in done.out
    assert stocked("search", "gels").out == before


def test_before_there_are_papers_there_is_no_index(touchstone):
    assert "touchstone ingest FILE" in touchstone("index", "status").out
    assert touchstone("index", "rebuild").out.startswith("0 passages")


def test_the_benchmark_counts_what_inspired(touchstone, tmp_path):
    corpus, problems = tmp_path / "corpus.jsonl", tmp_path / "problems.json"
    corpus.write_text("\n".join(json.dumps({"title": t, "abstract": a}) for t, a in PAPERS.items()))
    problems.write_text(json.dumps([PROBLEM]))
    asked = ("bench", "retrieval", "--corpus", corpus, "--problems", problems)
    told = json.loads(touchstone(*asked, "--json").out)
    assert [told[name] for name in ("top_20", "top_4", "top_0_8", "mrr")] == [100.0, 100.0, 100.0, 1.0]
    shown = touchstone(*asked)
    assert shown.code == 0
    for way in ("Touchstone", "TF-IDF", "BM25", "all-MiniLM-L6-v2"):
        assert way in shown.out
    assert not touchstone.data_dir.exists()
