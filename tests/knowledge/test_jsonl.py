from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.parsing import ParsedFile, ParsedPaper, parse
from knowledge.parsing.paper import LONGEST_TEXT, LONGEST_TITLE, Unusable, make_paper, plain_text


def read(folder: Path, *lines: str) -> ParsedFile:
    path = folder / "notes.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return parse(path)


def of(folder: Path, **fields: Any) -> ParsedPaper:
    (paper,) = read(folder, json.dumps({"title": "Gels", "abstract": "A gel."} | fields)).papers
    return paper


def test_a_line_is_a_paper_with_all_that_is_told(tmp_path: Path) -> None:
    paper = of(
        tmp_path,
        title="Gelatin thermocells",
        doi="https://doi.org/10.1000/GEL",
        authors=["Ada Doe", {"name": "Bo Roe"}],
        year="2021-05-01",
        venue="J. Gels",
        url="https://example.org/gel",
        pages="1-2",
    )
    assert paper == ParsedPaper(
        title="Gelatin thermocells",
        abstract="A gel.",
        doi="10.1000/gel",
        authors=("Ada Doe", "Bo Roe"),
        year=2021,
        venue="J. Gels",
        url="https://example.org/gel",
    )


def test_broken_lines_are_named_and_the_others_kept(tmp_path: Path) -> None:
    good = json.dumps({"title": "Gels", "abstract": "A gel."})
    digits = '{"title": %s, "abstract": "A number that Python refuses to read."}' % ("1" * 5_000)
    file = read(tmp_path, good, "", "{", "[1, 2]", '{"abstract": "A gel."}', "[" * 100_000, digits, good)
    assert len(file.papers) == 2
    assert [(one.entry, one.reason) for one in file.broken] == [
        ("line 3", "it is no JSON"),
        ("line 4", "it is no JSON object"),
        ("line 5", "it has no title"),
        ("line 6", "it is no JSON"),
        ("line 7", "it is no JSON"),
    ]
    assert {one.file for one in file.broken} == {"notes.jsonl"}


def test_a_number_is_a_title_as_good_as_any(tmp_path: Path) -> None:
    assert of(tmp_path, title=1984).title == "1984"


@pytest.mark.parametrize(
    "title", [None, "", "  ", "\0", "<p></p>", "††", "—", True, ["a", ["b"]], {"a": 1}, float("nan")]
)
def test_what_is_no_title_is_refused(title: object) -> None:
    with pytest.raises(Unusable, match="it has no title"):
        make_paper(title=title, abstract="A gel.")


@pytest.mark.parametrize("abstract", [None, "", "<p> </p>", False, ["A gel."], {"text": "A gel."}])
def test_what_is_no_text_is_refused(abstract: object) -> None:
    with pytest.raises(Unusable, match="it has no abstract"):
        make_paper(title="Gels", abstract=abstract)


def test_strange_values_of_what_need_not_be_told_are_left_out(tmp_path: Path) -> None:
    strange = {"doi": ["10.1000/a"], "authors": 7, "year": "soon", "venue": {}, "url": "javascript:alert(1)"}
    assert of(tmp_path, **strange) == ParsedPaper("Gels", "A gel.")
    assert of(tmp_path, authors=[["Doe"], None, {"x": 1}, "Roe"]).authors == ("Roe",)
    assert of(tmp_path, authors="Doe, Ada and Roe, Bo; Poe").authors == ("Doe, Ada", "Roe, Bo", "Poe")
    assert of(tmp_path, year=2021.0).year == 2021
    assert of(tmp_path, year=99999).year is None


def test_nothing_that_a_database_cannot_keep_comes_through(tmp_path: Path) -> None:
    paper = of(
        tmp_path, title="Ge\0ls", abstract="A \ud800gel.", doi="10.1000/\0a", url="http://x.org/\0\udfff"
    )
    assert paper == ParsedPaper("Gels", "A gel.", doi="10.1000/a", url="http://x.org/")


def test_very_long_values_are_cut(tmp_path: Path) -> None:
    paper = of(tmp_path, title="T" * 10_000, abstract="A" * (LONGEST_TEXT + 5), doi=f"10.1000/{'d' * 9_000}")
    assert (len(paper.title), len(paper.abstract), paper.doi) == (LONGEST_TITLE, LONGEST_TEXT, None)


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("<jats:p>CO<jats:sub>2</jats:sub> is <i>reduced</i>.</jats:p>", "CO2 is reduced."),
        ("<jats:title>Abstract</jats:title><jats:p>One.</jats:p><p>Two.</p>", "Abstract One. Two."),
        ('One<br/>two <a href="https://x.org" class=b>three</a>', "One two three"),
        ("2 &lt; 3 &amp; caf&eacute;", "2 < 3 & café"),
        ("for T<Tc and p>pc, a < b > c", "for T<Tc and p>pc, a < b > c"),
        ("a\n\t b\u00a0 c", "a b c"),
    ],
)
def test_markup_goes_and_its_words_stay(marked: str, plain: str) -> None:
    assert plain_text(marked) == plain


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("title", "abstract", "doi", "authors", "year", "venue", "url")


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, json_values)))
def test_whatever_a_line_holds_it_is_a_paper_or_unusable(fields: dict[str, Any]) -> None:
    try:
        paper = make_paper(**fields)
    except Unusable:
        return
    assert paper.title.strip() == paper.title != ""
    assert paper.abstract.strip() == paper.abstract != ""
    for text in (paper.title, paper.abstract, paper.doi, paper.venue, paper.url, *paper.authors):
        assert b"\0" not in (text or "").encode("utf-8")  # which fails for half a surrogate pair
