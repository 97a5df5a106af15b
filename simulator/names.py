"""What can be told from two names alone: the same thing, a broader one, another amount of it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from simulator.synonyms import unified

Departure = Literal["broader", "narrower", "lower parameter", "higher parameter"]

_DASHES = re.compile("[\u00ad\u2010-\u2015\u2212]")
_TOKEN = re.compile(r"[A-Z][A-Za-z0-9]*(?:[\[(][A-Za-z0-9()]+[\])]\d*)+(?!\w)|[^\W_]+|[,;:()]")
"""A formula with its brackets, K3[Fe(CN)6], is one word."""
_SYMBOL = re.compile(r".+[A-Z]|.*[A-Z].*\d")
_ABSENT = re.compile(r"(\w+)-free\b")
_SMALL_WORDS = frozenset(
    "a an and as at by for from in into its of on onto or that the this to using via".split()
)
_NEGATIONS = frozenset("lacking no non not without".split())
_STOPS = frozenset(",;:()")
_ENDS_OF_NEGATION = frozenset("but with".split())
_NOT = "¬"
_FORMULAS = frozenset("CO CS HF NO".split())
"""Substances that folding their case would turn into an element, or into a word."""

_PREFIXES = {"": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
_BASES = "m g s V A W Hz Pa J eV M L Da T mol".split()
_UNITS: Mapping[str, tuple[str, float]] = {
    **{prefix + base: (base, factor) for base in _BASES for prefix, factor in _PREFIXES.items()},
    **{sign: (sign, 1.0) for sign in "% wt% mol% vol% at% ppm rpm equiv K".split()},
    **dict.fromkeys(("min", "minutes"), ("s", 60.0)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), ("s", 3600.0)),
    **dict.fromkeys(("d", "day", "days"), ("s", 86400.0)),
    **{"cm": ("m", 1e-2), "Å": ("m", 1e-10), "ml": ("L", 1e-3), "mol/L": ("M", 1.0), "mmol/L": ("M", 1e-3)},
    **{"°C": ("K", 1.0), "bar": ("Pa", 1e5), "atm": ("Pa", 101325.0)},
}
"""What an amount in a unit is in the base unit of its dimension; degrees Celsius are shifted when read."""

_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = rf"(?P<low>{_NUMBER})(?:\s?(?:-|to)\s?(?P<high>{_NUMBER}))?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?<![\w.\])/])(?P<sign>(?<!\w)-)?{_RANGE}[\s-]?(?P<unit>{_UNIT}|(?:wt|mol|vol|at)\.?\s?%)(?!\w)"
)
_ACIDITY = re.compile(rf"\bpH\s?(?:=|of)?\s?{_RANGE}")


@dataclass(frozen=True, slots=True)
class Name:
    """A name read: its words in one spelling, small words left out, and its amounts in base units."""

    words: tuple[str, ...]
    """What is said to be absent is another word: "no binder" reads ("¬binder",)."""

    symbols: frozenset[str]
    """Those of the words that were written as formulas or abbreviations."""
    quantities: Mapping[str, tuple[float, ...]]
    """By dimension, as they stand in the name."""


@lru_cache(maxsize=65_536)
def read(text: str) -> Name:
    """A name in normal form: NFKC, case, dashes and plurals folded, amounts taken out."""
    plain = unified(_DASHES.sub("-", unicodedata.normalize("NFKC", text)))
    plain = _ABSENT.sub(r"without \1,", re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain))
    quantities: dict[str, tuple[float, ...]] = {}

    def take(match: re.Match[str]) -> str:
        found = match.groupdict()
        dimension, factor = _UNITS[re.sub(r"[\s.]", "", found["unit"])] if "unit" in found else ("pH", 1.0)
        low = float(found["low"]) * (-1.0 if found.get("sign") else 1.0)
        middle = (low + float(found["high"])) / 2 if found["high"] else low
        amount = middle * factor + (273.15 if found.get("unit") == "°C" else 0.0)
        quantities[dimension] = (*quantities.get(dimension, ()), amount)
        return " "

    tokens = _TOKEN.findall(_QUANTITY.sub(take, _ACIDITY.sub(take, plain)))
    words = _words(tokens)
    return Name(
        words=words if words or quantities else (plain.casefold(),),
        symbols=frozenset(_fold(token) for token in tokens if _SYMBOL.match(token)),
        quantities=MappingProxyType(quantities),
    )


def departures(truth: Name, candidate: Name) -> set[Departure] | None:
    """How the candidate's name departs from the truth's: not at all, in known ways, or (None) altogether.

    One whose words are among the other's is the broader; so is one that does not say an amount.
    """
    found: set[Departure] = set()
    if truth.words != candidate.words:
        if not _nested(truth, candidate) or set(truth.words) == set(candidate.words):
            return None  # the same words in another order need not be the same thing
        found.add("broader" if set(candidate.words) < set(truth.words) else "narrower")
    elif not truth.words and truth.quantities.keys() != candidate.quantities.keys():
        return None
    return found | _amounts(truth, candidate)


def opposite(truth: Name, candidate: Name) -> bool:
    """Whether one is said to be without something that the other has."""
    known, offered = set(truth.words), set(candidate.words)
    return any(_NOT + word in offered for word in known) or any(_NOT + word in known for word in offered)


def other_substance(truth: Name, candidate: Name) -> bool:
    """Whether each has a formula or an abbreviation that the other has not."""
    known, offered = set(truth.words), set(candidate.words)
    return bool(truth.symbols - offered) and bool(candidate.symbols - known)


def overlap(truth: Name, candidate: Name) -> float:
    """Cosine of two names as sets of words, in [0, 1]."""
    known, offered = set(truth.words), set(candidate.words)
    if not known or not offered:
        return 0.0
    return float(len(known & offered) / (len(known) * len(offered)) ** 0.5)


def ratio(truth: Name, candidate: Name) -> float:
    """How near the amounts that both state are, in [0, 1]: the smaller over the larger, the worst of them."""
    nearness = 1.0
    for wanted, given in _shared(truth, candidate):
        low, high = sorted((wanted, given))
        if low != high:
            nearness = min(nearness, low / high if low > 0 else 0.0)
    return nearness


def _nested(truth: Name, candidate: Name) -> bool:
    known, offered = set(truth.words), set(candidate.words)
    return bool(known & offered) and (known <= offered or offered <= known)


def _shared(truth: Name, candidate: Name) -> list[tuple[float, float]]:
    """The amounts that both state, pair by pair in the order of each dimension."""
    dimensions = [unit for unit in truth.quantities if unit in candidate.quantities]
    return [
        pair
        for unit in dimensions
        for pair in zip(truth.quantities[unit], candidate.quantities[unit], strict=False)
    ]


def _amounts(truth: Name, candidate: Name) -> set[Departure]:
    found: set[Departure] = set()
    for unit in truth.quantities.keys() | candidate.quantities.keys():
        stated, offered = len(truth.quantities.get(unit, ())), len(candidate.quantities.get(unit, ()))
        if stated != offered:
            found.add("broader" if offered < stated else "narrower")
    for wanted, given in _shared(truth, candidate):
        if not math.isclose(wanted, given, rel_tol=1e-6):
            found.add("lower parameter" if given < wanted else "higher parameter")
    return found


def _words(tokens: list[str]) -> tuple[str, ...]:
    """The words that carry meaning; a negation reaches to the next stop, "but" or "with"."""
    words: list[str] = []
    sign = ""
    for word in map(_fold, tokens):
        if word in _NEGATIONS:
            sign = _NOT
        elif word in _ENDS_OF_NEGATION or word in _STOPS:
            sign = ""
        elif word not in _SMALL_WORDS and words[-1:] != [sign + word]:
            words.append(sign + word)  # once: "PVA (polyvinyl alcohol)" names one thing
    return tuple(words)


def _fold(token: str) -> str:
    return token if token in _FORMULAS else _singular(token.casefold())


def _singular(word: str) -> str:
    """The word without an English plural; wrong for some words, but always the same way."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word[:-1]
