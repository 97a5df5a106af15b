"""SVG elements as text: whatever comes from outside is escaped, and colours come from classes alone.

A page's own style sheet colours the classes, in light and dark; a file that is taken away brings them along.
"""

from __future__ import annotations

import re
from pathlib import Path

from markupsafe import Markup, escape

HERE = Path(__file__).parent
STYLE = (HERE / "standalone.css").read_text() + (HERE.parent / "static" / "plots.css").read_text()
"""For a picture that stands alone: the page's own classes, with their colours."""


NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def element(name: str, *inside: Markup | str, **attributes: object) -> Markup:
    """``<name …>inside</name>``; ``class_`` and ``text_anchor`` are written as XML has them."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(_short(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = "".join(part if isinstance(part, Markup) else escape(_plain(part)) for part in inside)
    return Markup(f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>")


def group(*inside: Markup, **attributes: object) -> Markup:
    return element("g", *inside, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, said: str, class_: str = "", anchor: str | None = None) -> Markup:
    return element("text", said, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def dot(x: float, y: float, r: float, class_: str) -> Markup:
    return element("circle", cx=x, cy=y, r=r, class_=class_)


def cross(x: float, y: float, r: float, class_: str) -> Markup:
    d = f"M{x - r:.1f} {y - r:.1f}l{2 * r:.1f} {2 * r:.1f}m0 {-2 * r:.1f}l{-2 * r:.1f} {2 * r:.1f}"
    return element("path", d=d, class_=class_)


def path(points: list[tuple[float, float]], class_: str, *, closed: bool = False) -> Markup:
    d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")
    return element("path", d=d, class_=class_)


def title(said: str) -> Markup:
    return element("title", said)


def link(href: str, *inside: Markup, told: str, **attributes: object) -> Markup:
    """``told``: its name, and what a pointer that rests on it is told."""
    return element("a", title(told), *inside, href=href, **attributes)


def drawing(width: float, height: float, name: str, *inside: Markup) -> Markup:
    """The whole; ``name`` is what it is called where it cannot be seen."""
    return element(
        "svg",
        title(name),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        class_="plot",
        role="group",
        aria_label=name,
    )


def standing_alone(svg: Markup) -> str:
    """As a file of its own: the links of the page lead nowhere from there."""
    whole = re.sub(r'<a href="[^"]*"', "<a", str(svg))
    whole = whole.replace("</title>", f"</title><style>{STYLE}</style>", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'


def _plain(said: str) -> str:
    """Without the characters that no XML may hold."""
    return NO_XML.sub("", said)


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
