"""Hypotheses against what is published, and new papers that touch them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from knowledge.embedding import Embedder
from knowledge.novelty import check_hypothesis, check_run, flag_touched
from records.database import Database
from records.errors import NotFound
from records.models import Hypothesis, KeyPoint, Paper, Passage
from records.repositories import Experiments, Hypotheses, Novelties, Papers, Runs, Vectors, Workspaces

GEL = (
    "Freezing a poly(vinyl alcohol) hydrogel from one side aligns its pores. Here we show that directional"
    " freezing of a poly(vinyl alcohol) hydrogel followed by salting out with sodium citrate gives a tough"
    " hydrogel with a fatigue threshold of 10 kJ per square metre. Cracks are deflected by the aligned walls."
)
CELL = (
    "Thermocells turn body heat into electricity. Guanidinium cations crystallise with the ferrocyanide anion"
    " and keep its concentration low at the cold electrode, which raises the thermopower to 3.7 mV a kelvin."
)
OCEAN = "Phytoplankton in the Southern Ocean take up iron from dust and feed the bacteria of the deep sea."


@pytest.fixture
def publish(embedded: Database, embedder: Embedder) -> Callable[..., str]:
    """A paper of one passage, embedded as ingestion does it; its id."""

    def add(title: str, text: str, workspace: str = "local") -> str:
        vector = embedder.embed([f"{title}. {text}"])[0].astype("<f4")
        with embedded.write() as session:
            workspace_id = Workspaces(session).get_or_create(workspace).id
            passage = Passage(text=text)
            paper = Paper(title=title, title_key=title, abstract=text, source="t")
            paper_id = Papers(session, workspace_id).add(paper, [passage])
            Vectors(session, workspace_id).set(embedder.name, {passage.id: vector.tobytes()})
        return paper_id

    return add


@pytest.fixture
def propose(embedded: Database, embedded_workspace: str) -> Callable[..., str]:
    """A run with one hypothesis of these key points; the hypothesis' id."""

    def add(statement: str, *points: str, state: str = "waiting", origin: str = "literature") -> str:
        with embedded.write() as session:
            run_id = Runs(session, embedded_workspace).create("How?", "", {}, []).id
            row = Hypothesis(title=statement, statement=statement, reasoner="x", origin=origin)
            row.key_points = [KeyPoint(name=point) for point in points]
            (hypothesis_id,) = Hypotheses(session, embedded_workspace).replace(run_id, [row])
            Runs(session, embedded_workspace).set_state(run_id, state)
        return hypothesis_id

    return add


@pytest.fixture
def find(
    embedded: Database, embedded_workspace: str, embedder: Embedder
) -> Callable[[str, int], Sequence[str]]:
    """Every passage, the nearest first: with a handful of papers nothing is lost by looking at all."""

    def nearest(text: str, limit: int) -> Sequence[str]:
        with embedded.read() as session:
            novelties = Novelties(session, embedded_workspace)
            papers = {paper.id for one in Workspaces(session).ids() for paper in Papers(session, one).all()}
            told = novelties.passages_of(embedder.name, papers)
        wanted = embedder.embed([text])[0]
        likeness = {one.id: float(np.frombuffer(one.vector or b"", "<f4") @ wanted) for one in told}
        return sorted(likeness, key=lambda one: -likeness[one])[:limit]

    return nearest


KNOWN = (
    "Directional freezing and salting out with sodium citrate make a poly(vinyl alcohol) hydrogel tough.",
    "directional freezing",
    "salting out with sodium citrate",
    "poly(vinyl alcohol) hydrogel",
)
MIXED = (
    "A directionally frozen hydrogel that holds guanidinium and ferrocyanide raises the thermopower.",
    "directional freezing",
    "guanidinium cations",
    "ferrocyanide anion",
)


def test_what_a_paper_says_is_known_and_what_two_papers_say_together_is_new(
    embedded, embedded_workspace, embedder, publish, propose, find
) -> None:
    gel, _, _ = publish("Tough hydrogels", GEL), publish("Thermocells", CELL), publish("Dust", OCEAN)
    known = check_hypothesis(embedded, embedded_workspace, propose(*KNOWN), embedder, find)
    mixed = check_hypothesis(embedded, embedded_workspace, propose(*MIXED), embedder, find)
    other = check_hypothesis(
        embedded,
        embedded_workspace,
        propose("Plasma etches silicon.", "plasma etching", "silicon wafer"),
        embedder,
        find,
    )
    assert known.score < 0.2
    assert known.score + 0.3 < mixed.score < other.score == 1.0
    nearest = known.nearest[0]
    assert (nearest["paper_id"], nearest["title"]) == (gel, "Tough hydrogels")
    assert {point["name"] for point in nearest["key_points"]} == set(KNOWN[1:])
    spans = {point["name"]: GEL[point["start"] : point["end"]] for point in nearest["key_points"]}
    assert spans["salting out with sodium citrate"].startswith("Here we show that directional freezing")


def test_papers_for_everybody_count_and_those_of_other_workspaces_do_not(
    embedded, embedded_workspace, embedder, publish, propose, find
) -> None:
    hypothesis_id = propose(*KNOWN)
    publish("Theirs", GEL, workspace="theirs")
    assert check_hypothesis(embedded, embedded_workspace, hypothesis_id, embedder, find).score == 1.0
    publish("Everybody's", GEL, workspace="general")
    assert check_hypothesis(embedded, embedded_workspace, hypothesis_id, embedder, find).score < 0.2


def test_a_run_is_looked_at_whole_and_what_is_found_is_kept(
    embedded, embedded_workspace, embedder, publish, propose, find
) -> None:
    publish("Tough hydrogels", GEL)
    hypothesis_id = propose(*KNOWN)
    with embedded.read() as session:
        run_id = Hypotheses(session, embedded_workspace).get(hypothesis_id).run_id
    scores = check_run(embedded, embedded_workspace, run_id, embedder, find)
    with embedded.read() as session:
        kept = Novelties(session, embedded_workspace).of_run(run_id)
    assert {one: row.score for one, row in kept.items()} == scores
    with pytest.raises(NotFound):
        check_run(embedded, embedded_workspace, hypothesis_id, embedder, find)


def test_a_new_paper_flags_the_open_hypotheses_that_it_touches_and_each_once(
    embedded, embedded_workspace, embedder, publish, propose, find
) -> None:
    touched = propose(*KNOWN)
    untouched = propose("Plasma etches silicon.", "plasma etching", "silicon wafer")
    cancelled, measured = propose(*KNOWN, state="cancelled"), propose(*KNOWN, state="done")
    waiting = propose(*KNOWN, state="done")
    propose(*KNOWN, origin="table")
    with embedded.write() as session:
        experiments = Experiments(session, embedded_workspace)
        run_id = Hypotheses(session, embedded_workspace).get(measured).run_id
        experiments.record(experiments.recommend(run_id, 0, measured, "x").id, 0, score=1.0, source="Ada")
    check_hypothesis(embedded, embedded_workspace, touched, embedder, find)
    paper_id, dust = publish("Tough hydrogels", GEL), publish("Dust", OCEAN)
    assert flag_touched(embedded, embedded_workspace, [paper_id, dust], embedder) == 2
    assert flag_touched(embedded, embedded_workspace, [paper_id, dust], embedder) == 0
    with embedded.write() as session:
        novelties = Novelties(session, embedded_workspace)
        flags = novelties.flags(10, seen=False)
        assert {(flag.hypothesis_id, flag.paper_id) for flag in flags} == {
            (touched, paper_id),
            (waiting, paper_id),
        }
        assert not {untouched, cancelled, measured} & {flag.hypothesis_id for flag in flags}
        known = novelties.find(touched)
        assert known is not None
        assert known.score == flags[0].score < 0.2
        assert known.nearest[0]["paper_id"] == paper_id
        assert novelties.see(flags[0].id, "Ada").seen_by == "Ada"
        assert novelties.see(flags[0].id, "Bob").seen_by == "Ada"
        assert len(novelties.flags(10, seen=False)) == 1


def test_a_paper_for_everybody_touches_hypotheses_of_every_workspace(
    embedded, embedded_workspace, embedder, publish, propose
) -> None:
    propose(*KNOWN)
    paper_id = publish("Tough hydrogels", GEL, workspace="general")
    with embedded.read() as session:
        general = Workspaces(session).find("general")
    assert general is not None
    assert flag_touched(embedded, general.id, [paper_id], embedder) == 1
