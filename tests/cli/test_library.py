"""Papers in, passages out."""

from __future__ import annotations

from command import DEMO


def test_papers_that_are_known_are_not_added_again(stocked):
    before = stocked.dump()
    count = sum(bool(line.strip()) for line in (DEMO / "literature.jsonl").open())
    done = stocked("ingest", DEMO / "literature.jsonl")
    assert done.code == 0, done.err
    assert done.out == f"0 papers added, {count} known already.\n"
    assert stocked.dump() == before


def test_a_search_shows_passages_with_their_papers_and_how_they_were_found(stocked):
    done = stocked("search", "salting out makes hydrogels tough", "--limit", 3)
    assert (done.code, done.err) == (0, "")
    titles = [line for line in done.out.splitlines() if line[:3] in ("1. ", "2. ", "3. ")]
    assert len(titles) == 3
    assert any("salting out" in title for title in titles)
    assert "meaning #1" in done.out
    assert "words #1" in done.out


def test_in_an_empty_library_a_search_says_what_to_do(touchstone):
    done = touchstone("search", "gels")
    assert done.code == 0
    assert done.out == "The library is empty; read papers into it with: touchstone ingest FILE\n"
