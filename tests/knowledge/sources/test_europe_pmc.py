"""What Europe PMC says of a paper, in its own format, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from answers import ONE, TWO, as_json, europe_pmc_list, europe_pmc_result

from knowledge.parsing.paper import ParsedPaper
from knowledge.sources import Refused


def test_europe_pmc_tells_of_records(page, service):
    links = [
        {
            "availability": "Free",
            "availabilityCode": "F",
            "documentStyle": "html",
            "url": "https://europepmc.org/x",
        },
        {
            "availability": "Open access",
            "availabilityCode": "OA",
            "documentStyle": "pdf",
            "url": "https://gels.org/1.pdf",
        },
    ]
    notices = [
        {"id": "9", "source": "MED", "type": "Erratum in", "reference": "J Gels. 2025"},
        {
            "id": "PPR1",
            "source": "PPR",
            "type": "Preprint in",
            "reference": "bioRxiv, 2023, doi: 10.1101/2023.01.01.5",
        },
    ]
    result = europe_pmc_result(
        ONE, fullTextUrlList={"fullTextUrl": links}, commentCorrectionList={"commentCorrection": notices}
    )
    got = page("europe_pmc", europe_pmc_list([result], "AoI=", 1))
    assert got.papers == (
        ParsedPaper(
            "Gels of kind 1.",
            f"Background: {ONE.abstract}",
            doi="10.1000/gel.1",
            authors=("Ada Doe", "Bo Lee"),
            year=2024,
            venue="Journal of Gels",
            url="https://europepmc.org/article/MED/38000001",
            published_on="2024-03-01",
            identifiers={"pmcid": "PMC1", "pmid": "38000001"},
            kind="article",
            licence="cc by",
            retraction="corrected",
            versions=("10.1101/2023.01.01.5",),
            pdf_url="https://gels.org/1.pdf",
            source="europe_pmc",
            source_id="MED:38000001",
        ),
    )
    assert service.asked[0].query["query"] == (
        "(gels) AND HAS_ABSTRACT:y AND (FIRST_PDATE:[2024-01-01 TO 2024-12-31])"
    )
    assert service.asked[0].query["resultType"] == "core"


def test_a_preprint_at_europe_pmc_names_the_paper_that_it_became(page):
    notice = {"id": "38289242", "source": "MED", "type": "Preprint of", "reference": "J Gels, 3, 2024"}
    result = europe_pmc_result(
        ONE,
        source="PPR",
        id="PPR7",
        pmid=None,
        pmcid=None,
        journalInfo=None,
        pubTypeList={"pubType": ["Preprint"]},
        bookOrReportDetails={"publisher": "ChemRxiv"},
        commentCorrectionList={"commentCorrection": [notice]},
    )
    [paper] = page("europe_pmc", europe_pmc_list([result], "AoI=", 1)).papers
    assert (paper.kind, paper.venue, paper.version_of) == ("preprint", "ChemRxiv", "pmid:38289242")
    assert paper.identifiers == {}


@pytest.mark.parametrize(
    ("kinds", "notice", "status"),
    [
        (["Retracted Publication"], None, "retracted"),
        (["Journal Article"], "Retraction in", "retracted"),
        (["Retraction of Publication"], "Retraction of", ""),
        (["Journal Article"], "Expression of concern in", "concern"),
        (["Published Erratum"], "Erratum for", ""),
    ],
)
def test_europe_pmc_says_what_became_of_a_paper(page, kinds, notice, status):
    notices = [{"type": notice, "id": "9", "source": "MED"}] if notice else []
    result = europe_pmc_result(
        ONE, pubTypeList={"pubType": kinds}, commentCorrectionList={"commentCorrection": notices}
    )
    [paper] = page("europe_pmc", europe_pmc_list([result], "AoI=", 1)).papers
    assert paper.retraction == status


def test_europe_pmc_says_with_status_200_that_something_is_wrong(page):
    with pytest.raises(Refused, match="europe_pmc refuses the query: Invalid cursor"):
        page("europe_pmc", as_json({"version": "6.9", "errCode": 404, "errMsg": "Invalid cursor mark"}))


def test_one_broken_result_of_europe_pmc_does_not_lose_the_page(page):
    results: list[Any] = [
        europe_pmc_result(ONE, abstractText=None),
        "no record",
        europe_pmc_result(TWO, authorList="?", pubTypeList=None, firstPublicationDate="soon"),
    ]
    got = page("europe_pmc", europe_pmc_list(results, "AoI=", 3))
    assert [(paper.source_id, paper.year) for paper in got.papers] == [("MED:38000002", 2024)]
    assert [(entry.entry, entry.reason) for entry in got.broken] == [
        ("MED:38000001", "it has no abstract"),
        ("?:?", "it has no title"),
    ]
