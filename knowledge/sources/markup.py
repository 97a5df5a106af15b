"""Titles and abstracts as services write them, in JATS, HTML, MathML or LaTeX, as plain text."""

from __future__ import annotations

import html
import re
import unicodedata

from lxml import etree
from pylatexenc.latex2text import LatexNodes2Text

from knowledge.parsing.paper import TAG, WITHIN_WORDS

WITHIN = WITHIN_WORDS | frozenset(
    "alternatives ext-link inline-formula monospace named-content roman sans-serif xref".split()
)
"""Tags that part no words."""
OUTSIDE = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[|\]\]>", re.DOTALL)
UNREAD = re.compile(r"<((?:\w+:)?(?:script|style|tex-math))\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
"""No text; and where JATS gives a formula in TeX, it gives it in MathML as well."""
MATH = re.compile(r"<((?:\w+:)?math)\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
HEADING = re.compile(r"<((?:\w+:)?(?:title|h[1-6]))\b[^<>]*>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
EMPTY_HEADINGS = frozenset(("abstract", "summary", "graphical abstract"))
"""What says only that an abstract follows."""

LATEX = re.compile(r"\\[A-Za-z'`^\"~=.{}%$&#_(\[]|\$")
DOLLAR = re.compile(r"(?<!\\)\$")
BARE = re.compile(r"(?<!\\)([%#])")
"""To LaTeX a comment and a parameter; in an abstract, what they look like."""
SCRIPTS = re.compile(r"(?:_|(?<!\d)\^)(?=[\w{(+−-])")
"""Marks that CO_2 and Ca^2+ can do without; 10^3 would be another number."""
POWER = re.compile(r"(?<=\d)<(?:\w+:)?sup\b[^<>]*>(?=[−+-]?\d)", re.IGNORECASE)


def text_of(markup: object) -> str:
    """The text of a title or abstract, its white space single, in Unicode's composed form."""
    if not isinstance(markup, str):
        return ""
    text = OUTSIDE.sub("", markup)
    if "<" in text:
        text = MATH.sub(lambda found: html.escape(_formula(found.group())), text)
        text = HEADING.sub(_heading, UNREAD.sub("", text))
        text = TAG.sub(lambda tag: "" if tag[1].lower() in WITHIN else " ", POWER.sub("^", text))
    text = without_latex(html.unescape(text))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _heading(found: re.Match[str]) -> str:
    """A heading within the text, set off from what follows; one that says nothing is dropped."""
    words = " ".join(TAG.sub("", found[2]).split())
    if not words or words.lower().rstrip(":. ") in EMPTY_HEADINGS:
        return " "
    return f" {words}{'' if words[-1] in ':.?!' else ':'} "


def _formula(math: str) -> str:
    """MathML in one line."""
    # Prefixes are declared somewhere else in the document; a parser that mends what is wrong takes the names.
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(math.encode(), parser)
    return "" if root is None else _written(root)


def _written(node: etree._Element) -> str:
    name = str(node.tag).rpartition("}")[2].rpartition(":")[2]
    if name.startswith("annotation"):  # the same once more
        return ""
    parts = [_written(child) for child in node if isinstance(child.tag, str)]
    if name == "mfrac" and len(parts) == 2:
        return "/".join(part if len(part) <= 1 or part.isalnum() else f"({part})" for part in parts)
    if name == "msqrt":
        return f"√({''.join(parts)})"
    if name == "msup" and len(parts) == 2 and parts[0][-1:].isdigit():
        return "^".join(parts)
    return "".join(parts) or (node.text or "").strip()


def without_latex(text: str) -> str:
    """Text whose LaTeX is written as Unicode: $\\alpha$-Fe$_2$O$_3$ is α-Fe2O3; other text as it is."""
    if not LATEX.search(text):
        return text
    if len(DOLLAR.findall(text)) % 2:  # then it is money
        text = DOLLAR.sub(r"\\$", text)
    converter = LatexNodes2Text(math_mode="text", keep_comments=True)
    plain: str = converter.latex_to_text(BARE.sub(r"\\\1", text))
    return SCRIPTS.sub("", plain) if "$" in text else plain
