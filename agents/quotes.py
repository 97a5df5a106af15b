"""Whether a quote stands in its passage, and where: nobody sees a quoted span that was not found."""

from __future__ import annotations

import unicodedata

DASHES = dict.fromkeys(map(ord, "‐‑‒–—−﹣－"), "-")
MARKS = {ord("‘"): "'", ord("’"): "'", ord("“"): '"', ord("”"): '"', ord("…"): "..."}
EDGES = " \t\n\"'“”‘’."
SHORTEST = 8
"""Characters; fewer stand in too many places to be evidence."""


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """The span ``(start, end)`` of the passage that the quote repeats, or None.

    An exact copy is preferred; otherwise white space, case, dashes, quotation marks and compatibility forms
    (ligatures, subscripts) may differ. The offsets always point into ``text`` as it is.
    """
    quote = quote.strip()
    if len(quote) < SHORTEST:
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    plain, origins = _normalise(text)
    wanted = _normalise(quote)[0].strip(EDGES)
    if len(wanted) < SHORTEST:
        return None
    at = plain.find(wanted)
    if at < 0:
        return None
    return origins[at], origins[at + len(wanted) - 1] + 1


def _normalise(text: str) -> tuple[str, list[int]]:
    """The text in plain form, and for each of its characters the index in ``text`` that it came from."""
    plain: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        form = unicodedata.normalize("NFKC", character).translate(DASHES).translate(MARKS).casefold()
        for piece in form:
            if piece.isspace():
                if not plain or plain[-1] == " ":
                    continue
                piece = " "
            elif unicodedata.category(piece) == "Cf":
                continue  # soft hyphens, zero-width spaces
            plain.append(piece)
            origins.append(index)
    return "".join(plain), origins
