"""What holds for files of every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.parsing import parse
from records.errors import BadInput

Refusal = Callable[[Path], BadInput]
GOOD = {
    "jsonl": '{"title": "Gelatin thermocells", "abstract": "A gel slows convection."}',
    "bib": "@article{gel, title = {Gelatin thermocells}, abstract = {A gel slows convection.}}",
    "ris": "TY  - JOUR\nTI  - Gelatin thermocells\nAB  - A gel slows convection.\nER  - \n",
}
NOTHING_GOOD = {
    "jsonl": ('{"title": "Gelatin thermocells"}\nnot JSON', "line 1: it has no abstract"),
    "bib": ("@article{gel, title = {Gelatin}}", "entry 'gel': it has no abstract"),
    "ris": ("TY  - JOUR\nTI  - Gelatin thermocells\nER  - \n", "entry 'Gelatin thermocells': it has no"),
}
FORMATS = ("jsonl", "bib", "ris", "pdf")


@pytest.mark.parametrize("name", ["a.jsonl", "a.NDJSON", "a.bib", "a.BIB", "a.ris"])
def test_the_ending_says_the_format_in_either_case(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ending = path.suffix[1:].lower()
    path.write_text(GOOD["jsonl" if ending == "ndjson" else ending], encoding="utf-8")
    (paper,) = parse(path).papers
    assert (paper.title, paper.abstract) == ("Gelatin thermocells", "A gel slows convection.")


@pytest.mark.parametrize("ending", list(GOOD))
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"notes.{ending}"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD[ending].replace("\n", "\r\n").encode())
    assert [paper.title for paper in parse(path).papers] == ["Gelatin thermocells"]


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_file_is_refused(tmp_path: Path, refusal: Refusal, ending: str) -> None:
    path = tmp_path / f"notes.{ending}"
    path.touch()
    assert refusal(path).code == "empty_file"


@pytest.mark.parametrize("ending", list(GOOD))
def test_a_file_of_white_space_has_no_papers(tmp_path: Path, refusal: Refusal, ending: str) -> None:
    path = tmp_path / f"notes.{ending}"
    path.write_text("\n  \n")
    assert refusal(path).code == "no_papers"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, refusal: Refusal, ending: str) -> None:
    assert refusal(tmp_path / f"missing.{ending}").code == "no_such_file"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_folder_is_no_file(tmp_path: Path, refusal: Refusal, ending: str) -> None:
    folder = tmp_path / f"notes.{ending}"
    folder.mkdir()
    assert refusal(folder).code == "no_such_file"


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(tmp_path / f"{'n' * 300}.bib").code == "unreadable"


@pytest.mark.parametrize("name", ["notes.docx", "notes", ".bib"])
def test_an_unknown_format_is_refused_with_those_that_are_known(
    tmp_path: Path, refusal: Refusal, name: str
) -> None:
    path = tmp_path / name
    path.write_text(GOOD["bib"])
    error = refusal(path)
    assert error.code == "unknown_format"
    assert ".bib" in error.message
    assert ".pdf" in error.message


@pytest.mark.parametrize("ending", list(GOOD))
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_than_utf_8_are_refused(
    tmp_path: Path, refusal: Refusal, ending: str, encoding: str
) -> None:
    path = tmp_path / f"notes.{ending}"
    path.write_text(GOOD[ending].replace("gel ", "gél "), encoding=encoding)
    assert refusal(path).code == "not_text"


@pytest.mark.parametrize("ending", list(NOTHING_GOOD))
def test_a_file_without_one_good_entry_is_refused_with_the_first_reason(
    tmp_path: Path, refusal: Refusal, ending: str
) -> None:
    text, why = NOTHING_GOOD[ending]
    path = tmp_path / f"notes.{ending}"
    path.write_text(text)
    error = refusal(path)
    assert error.code == "no_papers"
    assert why in error.message
