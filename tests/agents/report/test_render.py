"""The report holds in every state of a run, whatever the texts are."""

from __future__ import annotations

import re

import pytest
from example import example

from agents.report import RunDocument, render
from agents.report.document import Match, Simulation
from agents.report.render import standing

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe \"' & $x^2$ "


def hostile() -> RunDocument:
    """Every text of the run replaced by what an attacker might put there."""
    document = example(4, 2)
    first = document.hypotheses[0]
    clause = first.clauses[0]
    evidence = clause.evidence[0].model_copy(
        update={
            "passage": HOSTILE,
            "quote": HOSTILE[:8],
            "start": 0,
            "end": 8,
            "paper_title": HOSTILE,
            "doi": None,
            "url": "javascript:alert(3)",
        }
    )
    bad = first.model_copy(
        update={
            "title": HOSTILE,
            "statement": HOSTILE * 1000,
            "clauses": [clause.model_copy(update={"text": HOSTILE, "evidence": [evidence]})],
            "key_points": [first.key_points[0].model_copy(update={"name": HOSTILE, "role": HOSTILE})],
        }
    )
    question = document.question.model_copy(update={"text": HOSTILE, "survey": HOSTILE * 1000})
    return document.model_copy(update={"hypotheses": [bad, *document.hypotheses[1:]], "question": question})


@pytest.mark.parametrize("state", ["created", "running", "waiting", "done", "stopped", "failed"])
@pytest.mark.parametrize("experiments", [0, 1, 10])
def test_every_state_renders(state: str, experiments: int) -> None:
    page = render(example(state=state, experiments=experiments))
    assert '<h2 id="ranking">' in page
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower()


def test_an_empty_run_renders() -> None:
    empty = example(0, 0, clusters=[], contributions=[])
    assert "There is no hypothesis yet." in render(empty)


def test_all_failed() -> None:
    document = example()
    failed = [
        p.model_copy(update={"score": None, "status": "failed", "best_so_far": None}) for p in document.trace
    ]
    failed_run = document.model_copy(update={"trace": failed})
    assert "Every experiment failed" in standing(failed_run)
    render(failed_run)


def test_a_large_table_is_cut_and_says_so() -> None:
    page = render(example(hypotheses=1728))
    assert page.count("<article") < 60
    assert "1628 more are in run.json" in page


def test_hostile_text_is_only_text() -> None:
    page = render(hostile())
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page


def test_nothing_is_fetched() -> None:
    page = render(example())
    assert "src=" not in page
    targets = re.findall(r'href="([^"]+)"', page)
    assert {target for target in targets if not target.startswith("#")} == {"https://doi.org/10.1000/example"}


def test_the_same_run_gives_the_same_page() -> None:
    assert render(example()) == render(example())


def test_each_picture_has_its_table() -> None:
    page = render(example())
    assert re.findall(r'<figure id="plot-(\w+)">', page) == ["trace", "intervals", "traits", "map"]
    assert page.count("<svg ") == page.count("The numbers") == 4
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_document_survives_json() -> None:
    document = example()
    assert RunDocument.model_validate_json(document.model_dump_json()) == document


def test_what_a_simulator_compared_is_told_with_the_reason() -> None:
    match = Match(weight=60, key_point="<b>salt</b>", found=None, m=0.0, reason="opposite")
    simulated = Simulation(similarity=0.0, distance=-100.0, response=0.0067, relevant=False, matches=[match])
    document = example()
    first = document.hypotheses[0].model_copy(update={"simulation": simulated})
    page = render(document.model_copy(update={"hypotheses": [first, *document.hypotheses[1:]]}))
    assert page.count("What the simulator compared") == 1
    assert "&lt;b&gt;salt&lt;/b&gt;" in page
    assert "counts as having nothing of it" in page
