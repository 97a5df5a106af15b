"""Papers that cannot be read, and places that cannot be written."""

from __future__ import annotations

import pytest
from command import DEMO, QUESTION, document

UNUSABLE = {
    "an empty file": ("empty.jsonl", "", "empty.jsonl is empty"),
    "a PDF that is none": ("thesis.pdf", "Dear reader", "thesis.pdf is no PDF"),
    "one paper": ("one.jsonl", '{"title": "Gels", "abstract": "Gels are soft."}', "at least 2 are needed"),
}


@pytest.mark.parametrize(("name", "text", "advice"), UNUSABLE.values(), ids=UNUSABLE)
def test_of_a_corpus_that_cannot_be_used_nothing_is_kept(stocked, tmp_path, name, text, advice):
    path, before = tmp_path / name, stocked.dump()
    path.write_text(text)
    done = stocked("run", QUESTION, "--corpus", path, "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert advice in done.complaint
    assert "\n" not in done.complaint
    assert stocked.dump() == before
    assert not (tmp_path / "out").exists()


def test_of_a_bibliography_with_a_broken_entry_the_others_are_kept(touchstone, bibliography):
    done = touchstone("ingest", bibliography)
    assert (done.code, done.out) == (2, "2 papers added, 0 known already.\n")
    assert done.complaint == (
        "Left out: entry 'unfinished' (line 4) in refs.bib: its braces or quotation marks do not match"
    )
    assert touchstone.count("paper") == 2


@pytest.mark.parametrize("place", ["/proc/out", "/sys/out", "below a file"])
def test_a_place_that_takes_no_report_is_told_before_any_work(touchstone, tmp_path, place):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out" if place == "below a file" else place
    done = touchstone("run", QUESTION, "--corpus", DEMO / "literature.jsonl", "--out", out)
    assert done.code == 2
    assert done.err.startswith(f"{out} cannot be written to (")
    assert done.err.endswith("choose another --out.\n")
    assert done.err.count("\n") == 1
    assert not touchstone.data_dir.exists()


@pytest.mark.parametrize("place", ["/proc/data", "/sys/data", "below a file"])
def test_a_place_that_takes_no_data_is_told(touchstone, tmp_path, place):
    (tmp_path / "file").write_text("")
    data_dir = str(tmp_path / "file" / "data") if place == "below a file" else place
    done = touchstone("search", "gels", DATA_DIR=data_dir)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"cannot write {data_dir} (")
    assert done.err.endswith("set TOUCHSTONE_DATA_DIR to a folder of yours\n")
    assert done.err.count("\n") == 1


def test_a_database_file_that_is_none_is_left_alone(touchstone):
    touchstone.data_dir.mkdir()
    file = touchstone.data_dir / "touchstone.db"
    file.write_text("This is a shopping list, of more than a hundred characters. " * 99)
    before = file.read_bytes()
    done = touchstone("search", "gels")
    assert (done.code, done.out) == (2, "")
    assert f"{file} is no SQLite database" in done.err
    assert done.err.count("\n") == 1
    assert file.read_bytes() == before


def test_on_a_full_disk_nothing_is_ingested_and_with_room_it_is(touchstone, papers):
    done = touchstone("ingest", papers(3), largest_file=100_000)
    assert (done.code, done.out) == (2, "")
    assert "is it full or over its quota?" in done.complaint
    assert "\n" not in done.complaint
    assert not any(line.startswith("INSERT") for line in touchstone.dump())
    done = touchstone("ingest", papers(3))
    assert (done.code, done.out) == (0, "3 papers added, 0 known already.\n")


def test_a_run_that_fills_the_disk_goes_on_when_there_is_room(stocked, table, tmp_path):
    request = ("run", QUESTION, "--lab", f"recorded:{table}:yield", "--budget", 5, "--out", tmp_path / "out")
    done = stocked(*request, largest_file=100_000)
    assert done.code == 2, done.err
    assert done.err.splitlines()[-1].endswith("is it full or over its quota?")
    assert not (tmp_path / "out").exists()
    done = stocked("run", "--resume", done.run_id, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert len(document(tmp_path / "out")["trace"]) == 5


def test_a_report_for_which_there_is_no_room_is_written_when_there_is(stocked, whole, tmp_path):
    resume = ("run", "--resume", whole.finished.run_id, "--out", tmp_path / "out")
    room = (whole.out / "report.html").stat().st_size - 1
    done = stocked(*resume, largest_file=room)
    assert done.code == 2
    assert "cannot be written to (File too large); make room or choose another --out." in done.complaint
    assert not list((tmp_path / "out").iterdir())
    done = stocked(*resume)
    assert done.code == 0
    assert (tmp_path / "out" / "report.html").read_bytes() == (whole.out / "report.html").read_bytes()


def test_a_run_that_nobody_knows_cannot_be_resumed(stocked, tmp_path):
    before = stocked.dump()
    done = stocked("run", "--resume", "019a0000-0000-7000-8000-000000000000", "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert done.err == "there is no run 019a0000-0000-7000-8000-000000000000 in this workspace\n"
    assert stocked.dump() == before
    assert not (tmp_path / "out").exists()
