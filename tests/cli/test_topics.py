"""Topics and novelty from the command line."""

from __future__ import annotations

import json
import re


def test_topics_are_grown_shown_and_corrected_and_hypotheses_held_against_the_papers(stocked, whole):
    grown = stocked("topics", "build")
    assert (grown.code, grown.err.count("…")) == (0, 3), grown.err
    assert re.fullmatch(r"\d+ papers in \d+ topics\.\n", grown.out)
    shown = stocked("topics", "show", "--papers", "--ids").out
    topic_id = re.search(r"[0-9a-f-]{36}", shown)
    assert topic_id is not None
    assert "(" in shown
    renamed = stocked("topics", "rename", topic_id[0], "Cold gels")
    assert renamed.out == "It is called Cold gels now.\n"
    assert "Cold gels" in stocked("topics", "show").out
    assert stocked("topics", "move", "nobody", topic_id[0]).code == 2
    run = json.loads((whole.out / "run.json").read_text())
    one = stocked("novelty", run["hypotheses"][0]["id"])
    assert one.code == 0, one.err
    assert re.match(r"Novelty [01]\.\d\d\n[01]\.\d\d  \w", one.out)


def test_without_a_tree_there_is_word_of_how_to_grow_one(touchstone):
    assert touchstone("topics", "show").out == (
        "There is no tree yet; grow one with: touchstone topics build\n"
    )
