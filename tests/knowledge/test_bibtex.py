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
    path = folder / "notes.bib"
    path.write_text(text, encoding="utf-8")
    return parse(path)


def one(folder: Path, fields: str) -> ParsedPaper:
    file = read(folder, "@article{gel, title = {Gels}, abstract = {A gel.},\n" + fields + "}")
    assert file.broken == ()
    (paper,) = file.papers
    return paper


def test_an_entry_is_a_paper_with_all_that_is_told(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """
        @string{jg = "Journal of Gels"}
        @comment{what a reference manager adds}
        @Article{doe2020,
          Title    = "Gelatin thermocells",
          ABSTRACT = {A gel slows
                      convection.},
          author   = {Doe, Ada and Roe, Bo},
          journal  = jg,
          year     = 2020,
          doi      = {10.1000/GEL_1},
          url      = {https://example.org/a_b%20c},
        }
        """,
    )
    assert file.papers == (
        ParsedPaper(
            title="Gelatin thermocells",
            abstract="A gel slows convection.",
            doi="10.1000/gel_1",
            authors=("Doe, Ada", "Roe, Bo"),
            year=2020,
            venue="Journal of Gels",
            url="https://example.org/a_b%20c",
        ),
    )
    assert file.broken == ()


def test_biblatex_names_of_fields_are_known(tmp_path: Path) -> None:
    paper = one(tmp_path, "journaltitle = {J. Gels}, date = {2019-03-01}")
    assert (paper.venue, paper.year) == ("J. Gels", 2019)


def test_a_broken_entry_is_named_and_its_neighbours_are_kept(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "@article{first, title = {First}, abstract = {One.}}\n"
        "@article{torn, title = {Torn, abstract = {Never closed.},\n}\n"
        "@article{third, title = {Third}, abstract = {Three.}}\n",
    )
    assert [paper.title for paper in file.papers] == ["First", "Third"]
    (broken,) = file.broken
    assert (broken.file, broken.entry) == ("notes.bib", "entry 'torn' (line 2)")
    assert broken.reason == "its braces or quotation marks do not match"


def test_each_way_of_being_broken_has_its_reason(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        "@article{gel, title = {Gels}, abstract = {A gel.}}\n"
        "@article{gel, title = {Other gels}, abstract = {Another gel.}}\n"
        "@article{two, title = {Gels}, title = {Gels again}, abstract = {A gel.}}\n"
        "@article{bare, title = {No abstract}}\n"
        "@article{rule, title = {---}, abstract = {A gel.}}\n",
    )
    assert [paper.title for paper in file.papers] == ["Gels"]
    assert [(one.entry, one.reason) for one in file.broken] == [
        ("entry 'gel' (line 2)", "its key stands twice in the file"),
        ("entry 'two' (line 3)", "it has more than one title"),
        ("entry 'bare'", "it has no abstract"),
        ("entry 'rule'", "it has no title"),
    ]


def test_latex_becomes_text(tmp_path: Path) -> None:
    paper = one(
        tmp_path,
        r"""author = {M{\"u}ller, J{\'e}r{\^o}me and \AA{}ngstr{\"o}m, {\O}. and {The {CO2} Group}},
        journal = {{{Gels} \& {S}olids}}, note = {x}""",
    )
    assert paper.authors == ("Müller, Jérôme", "Ångström, Ø.", "The CO2 Group")
    assert paper.venue == "Gels & Solids"


def test_formulas_become_text(tmp_path: Path) -> None:
    title = r"{Photocatalysis on {$\alpha$-Fe$_2$O$_3$} and {Ti{O}$_{2}$}}"
    (paper,) = read(tmp_path, "@article{a, abstract = {A.}, title = " + title + "}").papers
    assert paper.title == "Photocatalysis on α-Fe_2O_3 and TiO_2"


def test_a_percent_sign_ends_no_abstract(tmp_path: Path) -> None:
    text = r"The yield is 90% at 5\% loading. The rest is water."
    (paper,) = read(tmp_path, "@article{a, title = {Yields}, abstract = {" + text + "}}").papers
    assert paper.abstract == "The yield is 90% at 5% loading. The rest is water."


bibtex = st.lists(
    st.sampled_from(
        r"""@article{ a, b, title abstract = { } " , word \ % $ {\'e} @string{ @comment \frac{ \begin{x}
        jan 2020 @ # é""".split()
    )
    | st.sampled_from([" ", "\n"]),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(bibtex)
def test_whatever_a_file_holds_its_good_entry_is_found_or_the_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, allowed: Allowed, text: str
) -> None:
    folder = tmp_path_factory.mktemp("bib", numbered=True)
    good = "\n\n@article{good, title = {Good}, abstract = {Text.}}\n"
    assert "Good" in [paper.title for paper in read(folder, good + text).papers]
    with allowed("no_papers", "empty_file"):
        assert all(paper.title and paper.abstract for paper in read(folder, text).papers)
