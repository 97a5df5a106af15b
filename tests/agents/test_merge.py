"""Of hypotheses that say the same, the better evidenced stays."""

from __future__ import annotations

from agents.drafts import Clause, Draft, Evidence
from agents.merge import merge


def draft(title: str, proposal: str, quotes: int, inspirations: tuple[str, ...] = ("p1", "p2")) -> Draft:
    evidence = tuple(Evidence("p1", "quote", start, start + 5) for start in range(quotes))
    return Draft(title, proposal, (Clause("proposal", proposal, evidence),), inspirations)


GUANIDINE = "Guanidinium salts crystallise ferrocyanide and so raise the thermopower of a thermocell."
GUANIDINE_AGAIN = "Guanidinium salts crystallise ferrocyanide, and so raise the thermopower of thermocells."
GELATIN = "A gelatin network slows convection in the electrolyte and keeps the temperature gradient."


def test_the_better_evidenced_twin_stays_in_the_place_of_the_first(embedder):
    weak = draft("Guanidine", GUANIDINE, quotes=1)
    other = draft("Gelatin", GELATIN, quotes=1)
    strong = draft("Guanidine again", GUANIDINE_AGAIN, quotes=2, inspirations=("p3", "p4"))
    assert merge([weak, other, strong], embedder) == [strong, other]


def test_of_equals_the_first_stays(embedder):
    first = draft("First", GUANIDINE, quotes=1)
    second = draft("Second", GUANIDINE_AGAIN, quotes=1)
    assert merge([first, second], embedder) == [first]


def test_the_same_proposal_from_the_same_inspirations_is_the_same(embedder):
    first = draft("First", GELATIN, quotes=1)
    wordy = Draft(
        "Wordy",
        f"{GELATIN} {GUANIDINE} It costs less.",
        (Clause("proposal", GELATIN.upper(), ()),),
        ("p2", "p1"),
    )
    assert merge([first, wordy], embedder, near=1.1) == [first]


def test_nothing_becomes_nothing(embedder):
    assert merge([], embedder) == []
