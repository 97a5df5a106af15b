"""What the services answer about a few records, in their formats, by hand after their documentation."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from literature_service import Asked, Reply

from knowledge.sources import Query

FIRST = date(2024, 3, 1)
MATTERS = (
    "acids alcohols aldehydes alkenes amines anodes arenes bases batteries brines catalysts cathodes"
    " cells ceramics clays coatings colloids copper crystals dyes electrolytes enzymes esters ethers"
    " fibres films foams fuels glasses halides inks ions ketones ligands membranes metals micelles oils"
    " oxides peptides pigments polymers pores proteins resins rubbers salts silica soaps soils solvents"
    " sugars sulfides surfaces vapours waxes zeolites zinc"
).split()


@dataclass(frozen=True, slots=True)
class Known:
    """A paper as the test knows it."""

    number: int
    day: date = FIRST
    """On which it was published and made known."""

    @property
    def title(self) -> str:
        return f"Gels of kind {self.number}"

    @property
    def abstract(self) -> str:
        seen = random.Random(self.number).sample(MATTERS, 12)
        return f"We make gels of kind {self.number} at 25 °C and see what they do to {', '.join(seen)}."


ONE, TWO, THREE = Known(1), Known(2), Known(3)
GELS = Query("gels", since=date(2024, 1, 1), until=date(2024, 12, 31))


class Format(Protocol):
    """A service's way to answer; ``known`` may grow."""

    known: list[Known]

    def __call__(self, asked: Asked) -> Reply: ...


def as_json(value: object) -> Reply:
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json;charset=utf-8"})


def as_xml(text: str, kind: str = "application/xml") -> Reply:
    return Reply(text.encode(), headers={"Content-Type": f"{kind}; charset=utf-8"})


def between(known: Iterable[Known], first: str | None, last: str | None = None) -> list[Known]:
    """Those made known between two days that are written with digits, whatever is between these."""
    low = re.sub(r"\D", "", first or "0")[:8]
    high = re.sub(r"\D", "", last or "99999999")[:8]
    return [one for one in known if low <= f"{one.day:%Y%m%d}" <= high]


def newest_first(known: Iterable[Known]) -> list[Known]:
    return sorted(known, key=lambda one: (-one.day.toordinal(), one.number))


def found(pattern: str, text: str) -> tuple[str | None, ...]:
    match = re.search(pattern, text)
    return match.groups() if match else (None, None)


# --- arXiv

ARXIV_ENTRY = """
  <entry>
    <id>http://arxiv.org/abs/2403.{n:05}v2</id>
    <updated>{day}T17:59:46Z</updated>
    <published>{day}T09:12:00Z</published>
    <title>{title}</title>
    <summary>  {abstract}
</summary>
    <author><name>Ada Doe</name><arxiv:affiliation>Somewhere</arxiv:affiliation></author>
    <author><name>Bo Lee</name></author>
    {more}
    <link href="http://arxiv.org/abs/2403.{n:05}v2" rel="alternate" type="text/html"/>
    <link title="pdf" href="http://arxiv.org/pdf/2403.{n:05}v2" rel="related" type="application/pdf"/>
    <arxiv:primary_category term="cond-mat.soft" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cond-mat.soft" scheme="http://arxiv.org/schemas/atom"/>
  </entry>"""


def arxiv_entry(one: Known, more: str = "", **other: str) -> str:
    told = {"title": one.title, "abstract": one.abstract, "day": one.day.isoformat()} | other
    return ARXIV_ENTRY.format(n=one.number, more=more, **told)


def arxiv_feed(entries: Iterable[str], total: int, start: int = 0) -> Reply:
    return as_xml(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"
      xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">
  <link href="http://arxiv.org/api/query?search_query" rel="self" type="application/atom+xml"/>
  <title type="html">ArXiv Query</title>
  <id>http://arxiv.org/api/cHxbiOdZaP56ODnBPIenZhzg5f8</id>
  <updated>2024-03-09T00:00:00-05:00</updated>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
  <opensearch:itemsPerPage>100</opensearch:itemsPerPage>{"".join(entries)}
</feed>""",
        "application/atom+xml",
    )


@dataclass
class ArxivFormat:
    known: list[Known]

    def __call__(self, asked: Asked) -> Reply:
        days = found(r"submittedDate:\[(\d+) TO (\d+)\]", asked.query["search_query"])
        matching = newest_first(between(self.known, *days))
        start, size = int(asked.query["start"]), int(asked.query["max_results"])
        return arxiv_feed(map(arxiv_entry, matching[start : start + size]), len(matching), start)


# --- OpenAlex


def openalex_work(one: Known, **other: Any) -> dict[str, Any]:
    index: dict[str, list[int]] = {}
    for place, word in enumerate(one.abstract.split()):
        index.setdefault(word, []).append(place)
    return {
        "id": f"https://openalex.org/W{one.number}",
        "doi": f"https://doi.org/10.1000/gel.{one.number}",
        "title": one.title,
        "publication_date": one.day.isoformat(),
        "type": "article",
        "is_retracted": False,
        "authorships": [
            {
                "author_position": "first",
                "author": {"id": "https://openalex.org/A1", "display_name": "Ada Doe"},
            },
            {
                "author_position": "last",
                "author": {"id": "https://openalex.org/A2", "display_name": "Bo Lee"},
            },
        ],
        "primary_location": {
            "landing_page_url": f"https://doi.org/10.1000/gel.{one.number}",
            "pdf_url": None,
            "license": "cc-by",
            "version": "publishedVersion",
            "source": {"id": "https://openalex.org/S1", "display_name": "Journal of Gels", "type": "journal"},
        },
        "best_oa_location": {"pdf_url": "https://gels.org/1.pdf", "license": "cc-by"},
        "locations": [],
        "ids": {"openalex": f"https://openalex.org/W{one.number}"},
        "abstract_inverted_index": index,
    } | other


@dataclass
class OpenAlexFormat:
    """Pages by number, or by cursor for those who show a key."""

    known: list[Known]
    key: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        if "cursor" in asked.query and asked.headers.get("Authorization") != f"Bearer {self.key}":
            return Reply(b'{"error":"Unauthorized","message":"Cursor paging requires an API key."}', 401)
        (day,) = found(r"from_publication_date:([\d-]+)", asked.query["filter"])[:1]
        matching = newest_first(between(self.known, day))
        size = int(asked.query["per-page"])
        meta: dict[str, Any] = {"count": len(matching), "per_page": size, "db_response_time_ms": 12}
        if "cursor" in asked.query:
            cursor = asked.query["cursor"]
            start = 0 if cursor == "*" else int(base64.b64decode(cursor))
            following = base64.b64encode(str(start + size).encode()).decode()
            meta["next_cursor"] = following if start < len(matching) else None
        else:
            start = (int(asked.query["page"]) - 1) * size
        works = [openalex_work(one) for one in matching[start : start + size]]
        return as_json({"meta": meta, "results": works, "group_by": []})


# --- Crossref


def crossref_item(one: Known, **other: Any) -> dict[str, Any]:
    return {
        "DOI": f"10.1000/GEL.{one.number}",
        "URL": f"https://doi.org/10.1000/gel.{one.number}",
        "type": "journal-article",
        "title": [one.title],
        "container-title": ["Journal of Gels"],
        "abstract": f"<jats:title>Abstract</jats:title><jats:p>{one.abstract}</jats:p>",
        "author": [
            {"given": "Ada", "family": "Doe", "sequence": "first", "affiliation": []},
            {"given": "Bo", "family": "Lee", "sequence": "additional", "affiliation": []},
        ],
        "issued": {"date-parts": [[one.day.year, one.day.month, one.day.day]]},
        "license": [{"URL": "https://creativecommons.org/licenses/by/4.0/", "content-version": "vor"}],
    } | other


def crossref_list(items: list[dict[str, Any]], total: int) -> Reply:
    message = {"facets": {}, "total-results": total, "items": items, "items-per-page": 100}
    told = {"status": "ok", "message-type": "work-list", "message-version": "1.0.0"}
    return as_json({**told, "message": message})


@dataclass
class CrossrefFormat:
    """Behind what fits, it gives endlessly what holds one of the words."""

    known: list[Known]
    unfitting: int = 0

    def __call__(self, asked: Asked) -> Reply:
        filters = dict(part.split(":", 1) for part in asked.query["filter"].split(","))
        matching = [crossref_item(one) for one in between(self.known, filters.get("from-index-date"))]
        matching += [
            crossref_item(Known(number), title=["Glass"], abstract="<jats:p>A glass of that kind.</jats:p>")
            for number in range(90_000, 90_000 + self.unfitting)
        ]
        start, size = int(asked.query["offset"]), int(asked.query["rows"])
        return crossref_list(matching[start : start + size], len(matching))


# --- Europe PMC


def europe_pmc_result(one: Known, **other: Any) -> dict[str, Any]:
    return {
        "id": str(38_000_000 + one.number),
        "source": "MED",
        "pmid": str(38_000_000 + one.number),
        "pmcid": f"PMC{one.number}",
        "doi": f"10.1000/gel.{one.number}",
        "title": f"{one.title}.",
        "authorString": "Doe A, Lee B.",
        "authorList": {
            "author": [
                {"fullName": "Doe A", "firstName": "Ada", "lastName": "Doe", "initials": "A"},
                {"fullName": "Lee B", "firstName": "Bo", "lastName": "Lee", "initials": "B"},
            ]
        },
        "journalInfo": {"volume": "3", "yearOfPublication": 2024, "journal": {"title": "Journal of Gels"}},
        "pubYear": str(one.day.year),
        "abstractText": f"<h4>Background</h4>{one.abstract}",
        "pubTypeList": {"pubType": ["research-article", "Journal Article"]},
        "isOpenAccess": "Y",
        "license": "cc by",
        "firstPublicationDate": one.day.isoformat(),
    } | other


def europe_pmc_list(results: list[dict[str, Any]], cursor: str, total: int) -> Reply:
    return as_json(
        {
            "version": "6.9",
            "hitCount": total,
            "nextCursorMark": cursor,
            "request": {"queryString": "gels", "resultType": "core", "pageSize": 100},
            "resultList": {"result": results},
        }
    )


@dataclass
class EuropePmcFormat:
    """Its cursor stays where it is behind the last page."""

    known: list[Known]

    def __call__(self, asked: Asked) -> Reply:
        (day,) = found(r"UPDATE_DATE:\[([\d-]+)", asked.query["query"])[:1]
        matching = between(self.known, day)
        cursor = asked.query["cursorMark"]
        start = 0 if cursor == "*" else int(cursor.removeprefix("AoI"))
        part = matching[start : start + int(asked.query["pageSize"])]
        following = f"AoI{start + len(part)}" if part else cursor
        return europe_pmc_list([europe_pmc_result(one) for one in part], following, len(matching))


# --- PubMed

PUBMED_ARTICLE = """
<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">{pmid}</PMID>
    <Article PubModel="Print-Electronic">
      <Journal>
        <ISSN IssnType="Electronic">1234-5678</ISSN>
        <JournalIssue CitedMedium="Internet">
          <Volume>3</Volume><PubDate><Year>{day:%Y}</Year><Month>{day:%b}</Month><Day>{day:%d}</Day></PubDate>
        </JournalIssue>
        <Title>Journal of Gels</Title>
        <ISOAbbreviation>J Gels</ISOAbbreviation>
      </Journal>
      <ArticleTitle>{title}</ArticleTitle>
      <ELocationID EIdType="doi" ValidYN="Y">10.1000/gel.{n}</ELocationID>
      <Abstract>{abstract}</Abstract>
      <AuthorList CompleteYN="Y">
        <Author ValidYN="Y"><LastName>Doe</LastName><ForeName>Ada</ForeName><Initials>A</Initials></Author>
        <Author ValidYN="Y"><LastName>Lee</LastName><ForeName>Bo</ForeName><Initials>B</Initials></Author>
      </AuthorList>
      <Language>eng</Language>
      <PublicationTypeList>{kinds}</PublicationTypeList>
    </Article>
    <MedlineJournalInfo><MedlineTA>J Gels</MedlineTA><NlmUniqueID>1</NlmUniqueID></MedlineJournalInfo>
    {notices}
  </MedlineCitation>
  <PubmedData>
    <PublicationStatus>ppublish</PublicationStatus>
    <ArticleIdList>
      <ArticleId IdType="pubmed">{pmid}</ArticleId>
      <ArticleId IdType="pmc">PMC{n}</ArticleId>
      <ArticleId IdType="doi">10.1000/gel.{n}</ArticleId>
    </ArticleIdList>
    {references}
  </PubmedData>
</PubmedArticle>"""


def pubmed_article(one: Known, **other: Any) -> str:
    told: dict[str, Any] = {
        "n": one.number,
        "pmid": pmid_of(one),
        "day": one.day,
        "title": one.title,
        "abstract": f"<AbstractText>{one.abstract}</AbstractText>",
        "kinds": '<PublicationType UI="D016428">Journal Article</PublicationType>',
        "notices": "",
        "references": "",
    }
    return PUBMED_ARTICLE.format(**(told | other))


def pmid_of(one: Known) -> str:
    return str(38_000_000 + one.number)


def pubmed_set(articles: Iterable[str], year: str = "19") -> Reply:
    return as_xml(
        f"""<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 20{year}//EN"
 "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_{year}0101.dtd">
<PubmedArticleSet>{"".join(articles)}</PubmedArticleSet>""",
        "text/xml",
    )


@dataclass
class PubMedFormat:
    """ESearch and EFetch; of a query it gives the first 9,999 records."""

    known: list[Known]
    deepest: int = 9_999
    searches: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("/efetch.fcgi"):
            wanted = asked.query["id"].split(",")
            return pubmed_set(pubmed_article(one) for one in self.known if pmid_of(one) in wanted)
        term = asked.query["term"]
        self.searches.append(term)
        matching = self.known
        for span in re.finditer(r'"(\d{4}/\d\d/\d\d)"\[edat\] : "(\d{4}/\d\d/\d\d)"\[edat\]', term):
            matching = between(matching, span[1], span[2])
        start, size = int(asked.query["retstart"]), int(asked.query["retmax"])
        ids = [pmid_of(one) for one in matching[: self.deepest][start : start + size]]
        result = {"count": str(len(matching)), "retmax": str(len(ids)), "retstart": str(start), "idlist": ids}
        return as_json({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result})


# --- Semantic Scholar


def s2_paper(one: Known, **other: Any) -> dict[str, Any]:
    return {
        "paperId": f"{one.number:040x}",
        "externalIds": {"DOI": f"10.1000/gel.{one.number}", "CorpusId": one.number},
        "url": f"https://www.semanticscholar.org/paper/{one.number:040x}",
        "title": one.title,
        "abstract": one.abstract,
        "venue": "J. Gels",
        "year": one.day.year,
        "openAccessPdf": {"url": "https://gels.org/1.pdf", "status": "GOLD", "license": "CCBY"},
        "publicationTypes": ["JournalArticle"],
        "publicationDate": one.day.isoformat(),
        "journal": {"name": "Journal of Gels", "volume": "3"},
        "authors": [{"authorId": "1", "name": "Ada Doe"}, {"authorId": "2", "name": "Bo Lee"}],
    } | other


@dataclass
class SemanticScholarFormat:
    known: list[Known]

    def __call__(self, asked: Asked) -> Reply:
        first, _, last = asked.query.get("publicationDateOrYear", "").partition(":")
        matching = between(self.known, first or None, last or None)
        start = int(asked.query.get("token", "0"))
        part = matching[start : start + 100]
        told: dict[str, Any] = {"total": len(matching), "data": [s2_paper(one) for one in part]}
        if start + 100 < len(matching):
            told["token"] = str(start + 100)
        return as_json(told)


FORMATS: dict[str, Callable[[list[Known]], Format]] = {
    "arxiv": ArxivFormat,
    "crossref": CrossrefFormat,
    "europe_pmc": EuropePmcFormat,
    "openalex": OpenAlexFormat,
    "pubmed": PubMedFormat,
    "semantic_scholar": SemanticScholarFormat,
}
