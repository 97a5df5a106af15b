from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.dedup import LONGEST_DOI, normal_doi, title_key


@pytest.mark.parametrize(
    "text",
    [
        "10.1002/anie.202000001",
        "10.1002/ANIE.202000001",
        "doi:10.1002/anie.202000001",
        "DOI: 10.1002/anie.202000001",
        "https://doi.org/10.1002/anie.202000001",
        "http://dx.doi.org/10.1002/Anie.202000001",
        "www.doi.org/10.1002/anie.202000001",
        "doi: https://doi.org/10.1002/anie.202000001",
        "  10.1002/anie.202000001. ",
        "10.1002/anie.202000001),",
    ],
)
def test_a_doi_has_one_form(text: str) -> None:
    assert normal_doi(text) == "10.1002/anie.202000001"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "doi:",
        "10.1002",
        "10.1002/",
        "10.12/x",
        "11.1002/x",
        "anie.202000001",
        "https://doi.org/",
        "https://example.org/10.1002/anie",
        "10.1002/two words",
        "10.1002/" + "x" * LONGEST_DOI,
    ],
)
def test_what_is_no_doi_has_none(text: str | None) -> None:
    assert normal_doi(text) is None


@pytest.mark.parametrize("doi", ["10.1016/0009-2614(85)80094-6", "10.1002/(sici)1096-987x(199709)"])
def test_brackets_of_its_own_stay(doi: str) -> None:
    assert normal_doi(doi) == doi
    assert normal_doi(f"({doi})."[1:]) == doi


suffixes = st.text(string.ascii_letters + string.digits + "()-_.;/<>:", min_size=1, max_size=40)
dois = st.builds("10.{}/{}".format, st.integers(1000, 999_999_999), suffixes)
prefixes = st.sampled_from(
    ["doi:", "doi: ", "https://doi.org/", "http://dx.doi.org/", "doi.org/", "doi:https://doi.org/"]
)


@given(dois, prefixes)
def test_prefix_and_case_change_nothing(doi: str, prefix: str) -> None:
    assert normal_doi(f"{prefix}{doi}") == normal_doi(doi)
    assert normal_doi(f" {prefix.upper()}{doi.swapcase()} ") == normal_doi(doi)


@given(dois | st.text(max_size=60))
def test_a_normal_form_is_its_own(text: str) -> None:
    normal = normal_doi(text)
    assert normal is None or normal_doi(normal) == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gelatin thermocells", "GELATIN  THERMOCELLS."),
        ("Salting-out: a study", "Salting out – a study"),
        ("CO₂ reduction", "CO2 Reduction"),
        ("Straße", "STRASSE"),
        ("Schrödinger", "Schro\u0308dinger"),
    ],
)
def test_titles_that_are_written_otherwise_are_the_same(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Gels I", "Gels II"), ("Fe2O3 films", "Fe3O4 films"), ("热电池", "凝胶"), ("α-Fe2O3", "β-Fe2O3")],
)
def test_other_titles_are_others(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


words = st.lists(
    st.text(string.ascii_letters + string.digits + "äöüαβγ热", min_size=1, max_size=9), max_size=6
)
between = st.text(string.whitespace + ".,:;-–—()[]'\"/", min_size=1, max_size=4)


@given(words, between, between)
def test_case_punctuation_and_white_space_make_no_other_title(parts: list[str], a: str, b: str) -> None:
    assert title_key(a.join(parts)) == title_key(f"{b}{b.join(parts)}{a}".swapcase())


@given(st.text(max_size=700))
def test_a_key_is_letters_and_digits_and_no_longer_than_the_database_keeps(title: str) -> None:
    key = title_key(title)
    assert len(key) <= 500
    assert key == "" or key.isalnum()


@given(st.text(max_size=200))
def test_the_key_of_a_key_is_itself(title: str) -> None:
    assert title_key(title_key(title)) == title_key(title)
