from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.parsing import ParsedFile, ParsedPaper, parse

Allowed = Callable[..., AbstractContextManager[None]]


def read(folder: Path, text: str) -> ParsedFile:
    path = folder / "notes.ris"
    path.write_text(text, encoding="utf-8")
    return parse(path)


def test_an_entry_is_a_paper_with_all_that_is_told(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "Exported from somewhere\n\n"
        "TY  - JOUR\n"
        "AU  - Doe, Ada\n"
        "AU  - Roe, Bo\n"
        "TI  - Gelatin thermocells\n"
        "AB  - A gel slows\n"
        "      convection.\n"
        "PY  - 2020/05/01\n"
        "JF  - Journal of Gels\n"
        "JO  - J. Gels\n"
        "DO  - doi:10.1000/GEL\n"
        "UR  - https://example.org/gel; https://example.org/other\n"
        "ER  - \n",
    )
    assert file.papers == (
        ParsedPaper(
            title="Gelatin thermocells",
            abstract="A gel slows convection.",
            doi="10.1000/gel",
            authors=("Doe, Ada", "Roe, Bo"),
            year=2020,
            venue="Journal of Gels",
            url="https://example.org/gel",
        ),
    )
    assert file.broken == ()


def test_the_older_tags_are_known(tmp_path: Path) -> None:
    text = "TY  - JOUR\nT1  - Gels\nA1  - Doe, Ada\nN2  - A gel.\nY1  - 2019\nT2  - J. Gels\nER  - \n"
    assert read(tmp_path, text).papers == (
        ParsedPaper("Gels", "A gel.", authors=("Doe, Ada",), year=2019, venue="J. Gels"),
    )


def test_broken_entries_are_named_and_the_others_kept(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "TY  - JOUR\nTI  - First\nAB  - One.\nER  - \n\n"
        "TY  - JOUR\nID  - doe2020\nTI  - Second\nER  - \n\n"
        "TY  - JOUR\nTI  - Third\nER  - \n\n"
        "TY  - JOUR\nAB  - Four.\nER  - \n\n"
        "TY  - JOUR\nTI  - Fifth\nAB  - Five.\nER  - \n",
    )
    assert [paper.title for paper in file.papers] == ["First", "Fifth"]
    assert [(one.file, one.entry, one.reason) for one in file.broken] == [
        ("notes.ris", "entry 'doe2020'", "it has no abstract"),
        ("notes.ris", "entry 'Third'", "it has no abstract"),
        ("notes.ris", "entry 'number 4'", "it has no title"),
    ]


def test_an_entry_without_an_end_is_not_mixed_with_its_neighbour(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "TY  - JOUR\nTI  - First\n"
        "TY  - JOUR\nTI  - Second\nAB  - Two.\nER  - \n"
        "TY  - JOUR\nTI  - Last, of a file that was cut off\nAB  - Three.",
    )
    assert [(paper.title, paper.abstract) for paper in file.papers] == [
        ("Second", "Two."),
        ("Last, of a file that was cut off", "Three."),
    ]
    assert [(one.entry, one.reason) for one in file.broken] == [("entry 'First'", "it has no abstract")]


def test_tags_that_nobody_knows_do_no_harm(tmp_path: Path) -> None:
    text = "TY  - JOUR\n a line that continues nothing\nTI  - Gels\nZZ  - 1\nX1  - 2\nAB  - A gel.\nER  - \n"
    file = read(tmp_path, "TY  - JOUR\nTI  - Good\nAB  - Text.\nER  - \n" + text)
    assert file.papers[0] == ParsedPaper("Good", "Text.")
    assert len(file.papers) + len(file.broken) == 2


ris = st.lists(
    st.sampled_from(["TY  - JOUR", "TI  - a", "AB  - b", "ER  - ", "UR  - x;y", "AU  - c", "ZZ  - d"])
    | st.text(max_size=12),
    max_size=12,
).map("\n".join)


@settings(deadline=None)
@given(ris)
def test_whatever_a_file_holds_its_good_entry_is_found_or_the_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, allowed: Allowed, text: str
) -> None:
    folder = tmp_path_factory.mktemp("ris", numbered=True)
    text = text.encode("utf-8", "ignore").decode()
    good = "\nTY  - JOUR\nTI  - Good\nAB  - Text.\nER  - \n"
    assert ("Good", "Text.") in [(one.title, one.abstract) for one in read(folder, text + good).papers]
    with allowed("no_papers", "empty_file"):
        assert all(paper.title and paper.abstract for paper in read(folder, text).papers)
