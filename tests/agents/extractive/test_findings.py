"""What acts on what, read out of sentences of the kinds that abstracts are made of."""

from __future__ import annotations

import pytest

from agents.drafts import Source
from agents.reasoners.extractive.findings import Finding, findings


def found_in(text: str) -> list[Finding]:
    return findings([Source("p", "paper", "A paper", 2020, text, 1.0)])


@pytest.mark.parametrize(
    ("sentence", "means", "effect"),
    [
        (
            "Dense entanglements increase the toughness of the gel.",
            "dense entanglements",
            "increase the toughness of the gel",
        ),
        (
            "The toughness of the gel is increased by dense entanglements.",
            "dense entanglements",
            "increase the toughness of the gel",
        ),
        (
            "We report a hierarchical hydrogel architecture using a freezing-assisted salting-out treatment.",
            "freezing-assisted salting-out treatment",
            "gives a hierarchical hydrogel architecture",
        ),
        (
            "The thermopower is doubled when an organic solvent is added to the electrolyte.",
            "adding an organic solvent to the electrolyte",
            "doubles the thermopower",
        ),
        (
            "Sparse cross-links prevent the polymer chains from disentangling.",
            "sparse cross-links",
            "prevent the polymer chains from disentangling",
        ),
        (
            "Salting out increases the toughness of PVA gels.",
            "salting out",
            "increases the toughness of PVA gels",
        ),
        (
            "Short-range order gives rise to higher hardness.",
            "short-range order",
            "causes higher hardness",
        ),
        (
            "The selectivity is attributed to a bulky phosphine ligand.",
            "bulky phosphine ligand",
            "causes the selectivity",
        ),
        (
            "Potassium persulfate has emerged as an inorganic oxidant for oxidative transformations.",
            "potassium persulfate",
            "serves as an inorganic oxidant for oxidative transformations",
        ),
        (
            "Transition metal catalysis is a powerful tool for the amination of hydrocarbons.",
            "transition metal catalysis",
            "enables the amination of hydrocarbons",
        ),
        (
            "A double-drawing technique is developed to rearrange the constituent nanotubes.",
            "double-drawing technique",
            "rearranges the constituent nanotubes",
        ),
    ],
)
def test_a_statement_is_lifted(sentence: str, means: str, effect: str) -> None:
    assert (means, effect) in [(finding.means, finding.effect) for finding in found_in(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "It increases the toughness of the gel.",
        "This work provides useful guidelines for the field.",
        "Ionic crosslinks cause internal damage.",
        "Dense entanglements do not increase the toughness of the gel.",
        "The results show an improvement.",
        "Ionic liquids offer a plethora of opportunities.",
        "Porous solids produce new types of materials.",
        "Solid-state NMR techniques increase the resolution of lithium sites.",
    ],
)
def test_what_names_nothing_or_tells_of_failure_is_left(sentence: str) -> None:
    assert found_in(sentence) == []


def test_the_quote_stands_where_the_evidence_says() -> None:
    text = "Gels are soft. Herein, directional freezing aligns the pore walls of the gel. They are wet."
    (finding,) = found_in(text)
    (evidence,) = finding.evidence
    assert text[evidence.start : evidence.end] == evidence.quote
    assert evidence.quote.startswith("directional freezing")


def test_it_stands_for_what_the_sentence_before_reports() -> None:
    text = "Here we develop a pulsed-potential protocol. It improves the stability of lithium electrodes."
    (finding,) = found_in(text)
    assert (finding.means, finding.effect) == (
        "pulsed-potential protocol",
        "improves the stability of lithium electrodes",
    )
    assert [evidence.quote[:7] for evidence in finding.evidence] == ["Here we", "It impr"]


def test_a_long_name_is_said_in_full_only_once() -> None:
    (finding,) = found_in(
        "The thermopower is doubled when an organic solvent is added to the electrolyte of ferrocyanide."
    )
    assert finding.agent == "adding an organic solvent to the electrolyte of ferrocyanide"
    assert finding.again == "adding an organic solvent"
