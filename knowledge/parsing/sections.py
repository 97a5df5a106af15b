"""The pages of a paper into its sections: headings found, running headers and references left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

NAMES = (
    r"introduction|background|theory|theoretical (?:background|section)|related work|methodology|materials"
    r"|(?:materials? and )?methods?(?: and materials?)?|computational (?:details|methods?|section)"
    r"|experimental(?: (?:section|part|details|procedures?|methods?))?|outlook|perspectives?"
    r"|results?(?:(?: and|,) discussions?)?|discussions?(?: and conclusions?)?|concluding remarks"
    r"|(?:summary|conclusions?)(?: and (?:outlook|perspectives?|conclusions?))?"
)
LEFT_OUT = (
    r"references(?: and notes)?|bibliography|literature cited|acknowledge?ments?|funding|notes|keywords"
    r"|author (?:contributions?|information)|associated content|conflicts? of interests?"
    r"|competing (?:financial )?interests?|declaration of .{0,30}interests?|data availability.*"
    r"|supporting information.*|supplementary (?:materials?|information).*"
)
BEFORE = r"(?:■\s*)?(?:(?:\d{1,2}|[IVX]{1,4})(?:\.\d{1,2})?[.)]?\s+)?"
HEADING = re.compile(rf"{BEFORE}(?P<name>abstract|summary|{NAMES}|{LEFT_OUT})\s*[:.]?", re.IGNORECASE)
NUMBERED = re.compile(r"(?P<number>\d{1,2})\.?\s+(?P<name>[A-Z][^.;:!?]{3,80})")
RUN_IN = re.compile(r"abstract\s*(?:[:.■|–—]|-\s)\s*(?=\S)", re.IGNORECASE)
"""The abstract behind its heading on one line."""

EDGE = 2
"""Lines at the top and at the foot of a page that may be the same on every page."""


def running_lines(pages: Sequence[str]) -> frozenset[str]:
    """What stands at the edge of most pages, figures aside: the journal's name and the page number."""
    if len(pages) < 2:
        return frozenset()
    seen = Counter(line for page in pages for line in _edge(page))
    return frozenset(line for line, count in seen.items() if count >= 2 and count > len(pages) / 2)


def is_running(line: str, running: frozenset[str]) -> bool:
    return _unnumbered(line) in running


def lines_of(pages: Sequence[str]) -> list[str]:
    """The lines of all pages, in order, without what runs along their edges."""
    running = running_lines(pages)
    return [
        line
        for page in pages
        for place, line, count in _placed(page)
        if not ((place < EDGE or place >= count - EDGE) and is_running(line, running))
    ]


def sections(lines: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """The lines before the first section, which hold the abstract, and each section's heading and lines.

    Where no two headings are recognised there are no sections, and all text up to the references comes first.
    """
    parts = list(_parts(lines))
    kept = [(name, text) for name, text in parts if name is None or not re.fullmatch(LEFT_OUT, name.lower())]
    named = [(name, text) for name, text in kept if name is not None and name.lower() != "abstract" and text]
    abstracts = [text for name, text in kept if name is not None and name.lower() == "abstract" and text]
    front = "\n".join(text for name, text in kept if name is None)
    if len(named) + len(abstracts) < 2:
        return "\n".join(text for _, text in kept), []
    return (abstracts[0] if abstracts else front), named


def _parts(lines: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    name: str | None = None
    number = 0
    held: list[str] = []
    for line in lines:
        heading, number = _heading(line.strip(), number)
        run_in = RUN_IN.match(line.strip()) if heading is None else None
        if heading is None and run_in is None:
            held.append(line)
            continue
        yield name, "\n".join(held)
        name, held = heading or "Abstract", [line.strip()[run_in.end() :]] if run_in else []
    yield name, "\n".join(held)


def _heading(line: str, number: int) -> tuple[str | None, int]:
    """The name that a line gives to what follows, if any, and the number of the last numbered section."""
    numbered = NUMBERED.fullmatch(line)
    following = numbered is not None and int(numbered["number"]) == number + 1
    if known := HEADING.fullmatch(line):
        return _titled(known["name"]), number + 1 if following else number
    if following and number and numbered is not None:
        return _titled(numbered["name"]), number + 1
    return None, number


def _titled(name: str) -> str:
    plain = " ".join(name.split())
    return plain.capitalize() if plain.isupper() or plain.islower() else plain


def _placed(page: str) -> Iterator[tuple[int, str, int]]:
    lines = [line for line in page.splitlines() if line.strip()]
    yield from ((place, line, len(lines)) for place, line in enumerate(lines))


def _edge(page: str) -> frozenset[str]:
    return frozenset(
        _unnumbered(line) for place, line, count in _placed(page) if place < EDGE or place >= count - EDGE
    )


def _unnumbered(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split()).casefold())
