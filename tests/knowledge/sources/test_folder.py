"""A folder that people fill: what is in it is read once, and nothing outside of it ever."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from knowledge.sources import NAMES, Page, Query, open_source
from knowledge.sources.folder import inbox
from records.errors import BadInput

Put = Callable[..., Path]


def jsonl(*titles: str) -> str:
    return "\n".join(json.dumps({"title": title, "abstract": f"About {title}."}) for title in titles)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "inbox" / "local"


@pytest.fixture
def put(folder: Path) -> Put:
    """Puts a file into the inbox, as old as it has to be."""

    def write(name: str, content: str, age_s: float = 60) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        moment = time.time() - age_s
        os.utime(path, (moment, moment))
        return path

    return write


def read(data_dir: Path, query: Query | str = "", state: dict[str, Any] | None = None) -> list[Page]:
    wanted = query if isinstance(query, Query) else Query(query)
    with open_source("folder", Settings(data_dir=data_dir), "local") as source:
        return list(source.fetch(wanted, json.loads(json.dumps(state or {}))))


def titles(pages: list[Page]) -> list[str]:
    return [paper.title for page in pages for paper in page.papers]


def test_files_of_all_formats_are_read_with_their_names(put, tmp_path):
    put("a.jsonl", jsonl("Gels", "Foams"))
    put("deep/b.bib", "@article{c, title={Glasses}, abstract={About glasses.}}")
    put("c.ris", "TY  - JOUR\nTI  - Salts\nAB  - About salts.\nER  - \n")
    pages = read(tmp_path / "data")
    assert [(page.papers[0].source_id, len(page.papers)) for page in pages] == [
        ("a.jsonl", 2),
        ("c.ris", 1),
        ("deep/b.bib", 1),
    ]
    assert {paper.source for page in pages for paper in page.papers} == {"folder"}


def test_a_file_is_read_once_and_again_when_it_changes(put, tmp_path):
    put("a.jsonl", jsonl("Gels"))
    put("b.jsonl", jsonl("Foams"))
    state = read(tmp_path / "data")[-1].state
    assert read(tmp_path / "data", state=state) == []
    put("b.jsonl", jsonl("Foams", "Glasses"))
    assert titles(read(tmp_path / "data", state=state)) == ["Foams", "Glasses"]


def test_a_run_that_was_killed_goes_on_with_the_next_file(put, tmp_path):
    for name in ("a", "b", "c"):
        put(f"{name}.jsonl", jsonl(f"Gels {name}"))
    first = read(tmp_path / "data")[0]
    assert titles(read(tmp_path / "data", state=first.state)) == ["Gels b", "Gels c"]


def test_a_long_file_comes_in_parts_and_counts_as_read_only_behind_the_last(put, tmp_path):
    put("a.jsonl", jsonl(*(f"Gels {number}" for number in range(1_200))))
    pages = read(tmp_path / "data")
    assert [len(page.papers) for page in pages] == [500, 500, 200]
    assert len(titles(read(tmp_path / "data", state=pages[1].state))) == 1_200
    assert read(tmp_path / "data", state=pages[2].state) == []


def test_a_limited_run_ends_behind_a_file(put, tmp_path):
    put("a.jsonl", jsonl("Gels", "Foams"))
    put("b.jsonl", jsonl("Glasses"))
    pages = read(tmp_path / "data", Query("", limit=1))
    assert titles(pages) == ["Gels", "Foams"]
    assert titles(read(tmp_path / "data", Query("", limit=1), pages[-1].state)) == ["Glasses"]


def test_a_file_that_cannot_be_read_says_why_and_does_not_stop_the_others(put, tmp_path):
    put("a.jsonl", "no json")
    put("b.docx", "anything")
    put("c.jsonl", jsonl("Gels") + "\nno json")
    put("d.pdf", "no pdf")
    pages = read(tmp_path / "data")
    assert titles(pages) == ["Gels"]
    broken = {entry.file: (entry.entry, entry.reason) for page in pages for entry in page.broken}
    assert broken["c.jsonl"] == ("line 2", "it is no JSON")
    assert broken["b.docx"][1].startswith("b.docx has a format that cannot be read")
    assert broken["d.pdf"][1].startswith("d.pdf is no PDF")
    assert "a.jsonl" in broken
    # It is not tried again until it changes.
    assert read(tmp_path / "data", state=pages[-1].state) == []


def test_files_that_are_hidden_or_still_written_are_left_alone(put, tmp_path):
    put(".hidden.jsonl", jsonl("Hidden"))
    put(".folder/a.jsonl", jsonl("In a hidden folder"))
    put("new.jsonl", jsonl("New"), age_s=0)
    assert read(tmp_path / "data") == []


def test_links_are_not_followed(put, folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jsonl").write_text(jsonl("Secret"))
    put("b.jsonl", jsonl("Gels"))
    (folder / "a.jsonl").symlink_to(outside / "a.jsonl")
    (folder / "linked").symlink_to(outside)
    assert titles(read(tmp_path / "data")) == ["Gels"]
    with pytest.raises(BadInput) as raised:
        read(tmp_path / "data", "linked")
    assert raised.value.code == "bad_folder"


@pytest.mark.parametrize("query", ["..", "../other", "/etc", "a/../../b", "..\\other", "a\0b"])
def test_no_query_leads_out_of_the_inbox(tmp_path, query):
    with pytest.raises(BadInput) as raised:
        inbox(tmp_path, "local", query)
    assert raised.value.code == "bad_folder"


def test_a_workspace_reads_its_own_folder_whatever_its_name(tmp_path):
    assert inbox(tmp_path, "local", "a/b") == tmp_path / "inbox" / "local" / "a" / "b"
    assert inbox(tmp_path, "../x", "").parent == tmp_path / "inbox"


def test_a_folder_that_is_not_there_yet_is_empty(tmp_path):
    assert read(tmp_path / "data", "later") == []


def test_there_is_no_other_source(tmp_path):
    with pytest.raises(BadInput, match="there is no source 'scopus'; use one of arxiv, crossref") as raised:
        open_source("scopus", Settings(data_dir=tmp_path), "local").__enter__()
    assert raised.value.code == "no_such_source"
    assert "folder" in NAMES
