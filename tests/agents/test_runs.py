"""The whole way of a question, on real rooms: literature, graph, laboratories, resumption."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents import service
from agents.context import Context, Progress
from agents.drafts import Brief, Clause, Draft, Evidence, KeyPoint, Source
from agents.measurements import enter_result, waiting
from agents.plan import Known, LaboratorySpec, OwnCandidate, Plan, Trait
from agents.walk import walk
from config import ReasonerSettings, Settings
from knowledge import open_library
from knowledge.embedding import Embedder
from knowledge.library import Library
from records.database import Database
from records.errors import BadInput
from records.repositories import Experiments, RunEvents, Runs, Workspaces

QUESTION = "How can a thermocell turn more low-grade heat into electricity?"
NOTES = {
    "Guanidinium salts": "Guanidinium cations crystallise ferrocyanide, which sharpens its gradient.",
    "Gelatin networks": "A gelatin network slows convection between the electrodes.",
    "Carbon cloth": "Carbon cloth electrodes offer the redox couple a large area.",
    "Methanol": "Methanol rearranges the solvation shell of ferricyanide, which raises the entropy.",
    "Membranes": "A porous membrane keeps the temperature gradient while ions pass between both halves.",
    "Aerogels": "A cellulose aerogel lowers the thermal conductivity of the cell.",
    "Nanotubes": "Carbon nanotubes lower the resistance of the electrode.",
    "Urea": "Urea breaks the hydrogen bonds of water around the anion.",
}
TRUTH = {
    "key_points": [
        {"name": "guanidinium salts", "role": "raise the concentration gradient", "weight": 60},
        {"name": "carbon cloth electrodes", "role": "large area", "weight": 40},
    ],
    "noise": 0.02,
}
SIMULATED = LaboratorySpec(kind="simulated", label="simulated:truth.json", truth=TRUTH)
RECORDED = LaboratorySpec(
    kind="recorded",
    label="recorded:table.csv:yield",
    column="yield",
    rows=[
        {
            "key": f"{base}|{ligand}|{heat}",
            "features": {"Base": base, "Ligand": ligand, "Temp_C": heat},
            "values": [None if (base, heat) == ("KOAc", 90.0) else 10.0 * i + 5.0 * j + heat / 10],
        }
        for i, base in enumerate(("KOAc", "CsOAc", "CsOPiv"))
        for j, ligand in enumerate(("XPhos", "PPh3"))
        for heat in (90.0, 105.0, 120.0)
    ],
)


class PairingReasoner:
    """Pairs passages in the order in which they came: small, deterministic, and enough to walk the graph."""

    name = "pairing"
    model = ""
    prompt_version = "1"

    def propose(self, brief: Brief, sources: Sequence[Source], count: int, seed: int) -> list[Draft]:
        pairs = [(a, b) for i, a in enumerate(sources) for b in sources[i + 1 :] if a.paper_id != b.paper_id]
        return [self._draft(*pair) for pair in pairs[:count]]

    def decompose(self, brief: Brief, draft: Draft, sources: Sequence[Source]) -> list[KeyPoint]:
        by_id = {source.passage_id: source for source in sources}
        return [KeyPoint(by_id[i].title.lower(), by_id[i].text) for i in draft.inspirations]

    def name_cluster(self, key_points: Sequence[KeyPoint]) -> str:
        return key_points[0].name

    def _draft(self, first: Source, second: Source) -> Draft:
        evidence = tuple(Evidence(s.passage_id, s.text[:30], 0, 30) for s in (first, second))
        text = f"{first.title} with {second.title}: {first.text} {second.text}"
        clause = Clause("proposal", text, evidence)
        return Draft(
            f"{first.title} + {second.title}", text, (clause,), (first.passage_id, second.passage_id)
        )


class Killed(BaseException):
    """Stands for a process that is gone from one moment to the next: nothing in the program may catch it."""


class Installation:
    """An embedded installation with the notes read in."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        workspace_id: str,
        embedder: Embedder,
        library: Library,
    ) -> None:
        self.settings = settings
        self.database = database
        self.workspace_id = workspace_id
        self.embedder = embedder
        self.library = library
        self.paper_ids = library.paper_ids()

    def start(self, plan: Plan, paper_ids: Sequence[str] | None = None) -> str:
        papers = self.paper_ids if paper_ids is None else paper_ids
        return service.start_run(
            self.database, self.settings, self.workspace_id, QUESTION, "Ferricyanide in water.", plan, papers
        )

    def context(self, run_id: str, progress: Progress = lambda *_: None) -> Context:
        """What a process has that was just started, but for the loading of models."""
        made = service.make_context(
            self.database, self.settings, self.workspace_id, run_id, progress, self.embedder, self.library
        )
        return made if made.plan.reasoner == "llm" else replace(made, reasoner=PairingReasoner())

    def go_on(self, run_id: str, progress: Progress = lambda *_: None) -> str:
        return walk(self.context(run_id, progress), self.settings)

    def document(self, run_id: str):
        return service.build_document(self.database, self.workspace_id, run_id)

    def ranking(self, run_id: str) -> list[tuple[Any, ...]]:
        """All that a resumed run must have in common with one that was never cut off."""
        return [
            (
                row.position,
                row.rank,
                row.title,
                row.mean,
                row.sd,
                row.p_best,
                row.tested,
                row.failed,
                row.x,
                row.y,
            )
            for row in self.document(run_id).hypotheses
        ]


@contextmanager
def installed(settings: Settings, database: Database, embedder: Embedder) -> Iterator[Installation]:
    notes = settings.data_dir / "notes.jsonl"
    lines = [json.dumps({"title": title, "abstract": text}) for title, text in NOTES.items()]
    notes.write_text("\n".join(lines), encoding="utf-8")
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create(settings.workspace).id
    with open_library(settings, database, workspace_id) as library:
        library.ingest([notes])
        yield Installation(settings, database, workspace_id, embedder, library)


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path, embedder: Embedder
) -> Iterator[Installation]:
    """One for all these tests: their runs do not know of each other."""
    home = tmp_path_factory.mktemp("embedded")
    shutil.copy(_sqlite_template, home / "touchstone.db")
    settings = Settings(data_dir=home)
    database = Database(settings.database)
    with installed(settings, database, embedder) as here:
        yield here
    database.close()


@pytest.fixture
def installation(shared: Installation, reasoner_settings: ReasonerSettings) -> Installation:
    """The shared one, with this test's fake as its language model."""
    here = copy(shared)
    here.settings = shared.settings.model_copy(update={"reasoner": reasoner_settings})
    return here


@pytest.fixture
def scaled(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, embedder: Embedder
) -> Iterator[Installation]:
    """An installation whose records and checkpoints are elsewhere."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("scaled"), database_url=database_url)
    database = Database(settings.database)
    with installed(settings, database, embedder) as here:
        yield here
    database.close()


def plan(laboratory: LaboratorySpec = SIMULATED, **changes: Any) -> Plan:
    return Plan(laboratory=laboratory, hypotheses=6, budget=4, seed=5).model_copy(update=changes)


def test_a_question_goes_all_the_way(installation):
    run_id = installation.start(plan())
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    assert document.run.state == "done"
    assert len(document.hypotheses) == 6
    assert [row.rank for row in document.hypotheses] == [1, 2, 3, 4, 5, 6]
    assert [point.sequence for point in document.trace] == [1, 2, 3, 4]
    assert len({point.hypothesis_id for point in document.trace}) == 4
    best = [point.best_so_far for point in document.trace]
    assert best == sorted(best)
    for row in document.hypotheses:
        assert sum(cluster.weight for cluster in row.clusters) == pytest.approx(1.0)
        for clause in row.clauses:
            for evidence in clause.evidence:
                assert evidence.passage[evidence.start : evidence.end] == evidence.quote
    assert len({cluster.name for cluster in document.clusters}) == len(document.clusters) >= 2
    stages = {"retrieve", "propose", "decompose", "cluster", "recommend", "measure"}
    assert stages <= set(document.costs.seconds)
    assert document.contributions


def test_the_same_plan_gives_the_same_ranking(installation):
    runs = [installation.start(plan()) for _ in range(2)]
    for run_id in runs:
        installation.go_on(run_id)
    assert installation.ranking(runs[0]) == installation.ranking(runs[1])


class DyingDatabase:
    """The real database, in a process that dies right after its n-th transaction."""

    def __init__(self, real: Database, transactions: int) -> None:
        self._real = real
        self._left = transactions

    def read(self):
        return self._real.read()

    @contextmanager
    def write(self):
        with self._real.write() as session:
            yield session
        self._left -= 1
        if not self._left:
            raise Killed


@pytest.mark.parametrize("laboratory", [SIMULATED, RECORDED], ids=["simulated", "recorded"])
def test_killed_after_any_transaction_and_resumed_it_is_as_if_never_killed(installation, laboratory):
    whole = installation.start(plan(laboratory, budget=2))
    installation.go_on(whole)
    deaths = 0
    while True:
        run_id = installation.start(plan(laboratory, budget=2))
        context = installation.context(run_id)
        try:
            walk(
                replace(context, database=DyingDatabase(context.database, deaths + 1)), installation.settings
            )
        except Killed:
            deaths += 1
        else:
            break
        assert installation.go_on(run_id) == "done"
        assert installation.ranking(run_id) == installation.ranking(whole)
    # Every node ends with a transaction of its own, after that of its rows.
    assert deaths >= 15


def test_killed_again_and_again_a_run_still_gets_there(installation):
    whole = installation.start(plan())
    installation.go_on(whole)
    run_id = installation.start(plan())
    state = ""
    for life in range(1, 100):
        steps = iter(range(life))

        def die(*_step: object, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise Killed

        try:
            state = installation.go_on(run_id, die)
        except Killed:
            continue
        break
    assert state == "done"
    assert installation.ranking(run_id) == installation.ranking(whole)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("laboratory", [SIMULATED, RECORDED], ids=["simulated", "recorded"])
def test_the_ranking_does_not_hang_on_the_database_or_its_ids(installation, scaled, laboratory):
    here = installation.start(plan(laboratory))
    installation.go_on(here)
    there = scaled.start(plan(laboratory))
    context = scaled.context(there)
    with pytest.raises(Killed):
        walk(replace(context, database=DyingDatabase(context.database, 9)), scaled.settings)
    scaled.go_on(there)
    assert scaled.ranking(there) == installation.ranking(here)


def test_a_table_is_ranked_without_any_paper(installation):
    run_id = installation.start(plan(RECORDED, budget=12), paper_ids=[])
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    assert {row.origin for row in document.hypotheses} == {"table"}
    assert document.hypotheses[0].title.startswith("CsOPiv · PPh3")
    assert len(document.hypotheses) == 18
    failed = [point for point in document.trace if point.status == "failed"]
    assert all(point.title.startswith("KOAc") and "90" in point.title for point in failed)
    assert {item.trait.partition(":")[0] for item in document.contributions} <= {"Base", "Ligand", "Temp_C"}


def test_beside_a_table_hypotheses_from_the_literature_are_ranked_but_never_tested(installation):
    run_id = installation.start(plan(RECORDED, budget=5))
    installation.go_on(run_id)
    document = installation.document(run_id)
    literature = [row for row in document.hypotheses if row.origin == "literature"]
    assert len(literature) == 6
    assert all(row.tested == 0 and row.rank is not None for row in literature)
    assert len(document.trace) == 5


def test_a_budget_larger_than_the_pool_ends_when_nothing_is_left(installation):
    run_id = installation.start(plan(RECORDED, budget=100, batch=4), paper_ids=[])
    assert installation.go_on(run_id) == "done"
    assert len(installation.document(run_id).trace) == 18


def test_without_a_laboratory_belief_alone_ranks(installation):
    run_id = installation.start(plan(LaboratorySpec(kind="none", label="none")))
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    assert [row.position for row in document.hypotheses] == list(range(6))
    assert document.run.policy == "prior"
    assert document.trace == []


def test_a_human_laboratory_waits_and_goes_on(installation):
    run_id = installation.start(plan(LaboratorySpec(kind="human", label="human"), budget=3))
    for turn in range(1, 4):
        assert installation.go_on(run_id) == "waiting"
        # Asked again before there is a result, it still waits for the same experiment.
        assert installation.go_on(run_id) == "waiting"
        (experiment,) = waiting(installation.database, installation.workspace_id, run_id)
        assert experiment.sequence == turn
        assert installation.document(run_id).hypotheses[0].rank == 1
        enter_result(
            installation.database,
            installation.workspace_id,
            experiment.experiment_id,
            score=float(turn) if turn != 2 else None,
            source="a chemist",
        )
    assert installation.go_on(run_id) == "done"
    assert [point.score for point in installation.document(run_id).trace] == [1.0, None, 3.0]
    with installation.database.read() as session:
        asked = Experiments(session, installation.workspace_id).of_run(run_id)
    assert [one.expected is None for one in asked] == [True, False, False]  # no scale before
    assert service.continue_run(installation.settings, run_id) == "done"


def test_of_a_batch_at_the_bench_each_result_brings_the_next_recommendation(installation):
    run_id = installation.start(plan(LaboratorySpec(kind="human", label="human"), budget=3, batch=2))
    installation.go_on(run_id)
    first, second = waiting(installation.database, installation.workspace_id, run_id)
    enter_result(
        installation.database, installation.workspace_id, second.experiment_id, score=0.4, source="a chemist"
    )
    assert installation.go_on(run_id) == "waiting"
    pending = waiting(installation.database, installation.workspace_id, run_id)
    assert [row.sequence for row in pending] == [1, 3]
    for row in pending:
        enter_result(
            installation.database, installation.workspace_id, row.experiment_id, score=0.5, source="a chemist"
        )
    assert installation.go_on(run_id) == "done"
    assert first.experiment_id == pending[0].experiment_id


OWN = [
    OwnCandidate(title="Guanidinium in a gelatin gel", key_points=[Trait(name="guanidinium", role="salt")]),
    OwnCandidate(
        title="Urea in water",
        statement="Urea widens the solvation difference of the redox couple.",
        results=[Known(score=0.2, sem=0.05, source="last year"), Known(score=0.25)],
    ),
    OwnCandidate(title="Bare platinum", results=[Known()]),
]


def test_candidates_of_ones_own_are_ranked_with_what_is_known_of_them(installation):
    run_id = installation.start(plan(candidates=OWN, budget=3))
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    own = {row.title: row for row in document.hypotheses if row.origin == "own"}
    assert len(document.hypotheses) == 9
    assert [point.name for point in own["Guanidinium in a gelatin gel"].key_points] == ["guanidinium"]
    assert own["Urea in water"].key_points
    assert own["Urea in water"].tested >= 2
    assert own["Bare platinum"].failed == 1
    # What was known is told, and is none of the three experiments that may be done.
    assert len({point.sequence for point in document.trace}) == 3 + 2


def test_candidates_of_ones_own_need_no_paper(installation):
    run_id = installation.start(plan(candidates=OWN, hypotheses=0, budget=1), paper_ids=[])
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    assert {row.origin for row in document.hypotheses} == {"own"}


@pytest.mark.parametrize("after", range(3, 12))
def test_what_is_known_is_told_once_however_often_the_run_is_killed(installation, after):
    run_id = installation.start(plan(candidates=OWN, hypotheses=0, budget=1), paper_ids=[])
    context = installation.context(run_id)
    with pytest.raises(Killed):
        walk(replace(context, database=DyingDatabase(context.database, after)), installation.settings)
    assert installation.go_on(run_id) == "done"
    scores = [point.score for point in installation.document(run_id).trace]
    assert scores[:3] == [0.2, 0.25, None]
    assert len(scores) == 4


def test_a_run_that_is_over_is_ranked_again_with_what_was_entered_since(installation):
    run_id = installation.start(plan(candidates=OWN, hypotheses=0, budget=1), paper_ids=[])
    installation.go_on(run_id)
    before = installation.document(run_id).hypotheses
    last = next(row for row in before if row.title == "Guanidinium in a gelatin gel")
    with installation.database.write() as session:
        experiments = Experiments(session, installation.workspace_id)
        chosen = experiments.choose(run_id, last.id, "a chemist")
        experiments.record(chosen.id, score=0.9, source="a chemist")
    service.rerank(installation.settings, run_id)
    after = installation.document(run_id)
    assert after.run.state == "done"
    now = next(row for row in after.hypotheses if row.id == last.id)
    assert (now.tested, now.mean > last.mean) == (last.tested + 1, True)
    with installation.database.read() as session:
        outcome = Runs(session, installation.workspace_id).get(run_id).outcome
        events = RunEvents(session, installation.workspace_id).after(run_id)
    assert events[-1].kind == "ranking"
    assert outcome["explanations"]["0"]["traits"] is not None
    assert outcome["advice"]["reason"]


def test_the_embedded_reasoner_walks_the_same_way(installation):
    run_id = installation.start(plan(hypotheses=4))
    assert service.continue_run(installation.settings, run_id) == "done"
    document = installation.document(run_id)
    assert document.run.reasoner == "extractive"
    assert document.hypotheses


def test_a_language_model_is_paid_once_wherever_the_run_is_killed(installation, fake_language_model):
    whole = installation.start(plan(reasoner="llm"))
    installation.go_on(whole)
    price = fake_language_model.paid
    expected = installation.ranking(whole)
    assert installation.document(whole).costs.calls == price

    for steps in (0, 1, 3, 5, 8, 10):
        run_id = installation.start(plan(reasoner="llm"))
        left = iter(range(steps))

        def die(*_step: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed

        paid = fake_language_model.paid
        with pytest.raises(Killed):
            installation.go_on(run_id, die)
        assert installation.go_on(run_id) == "done"
        assert installation.ranking(run_id) == expected
        assert fake_language_model.paid == paid + price


@pytest.mark.parametrize(("of_all", "of_this"), [(300, None), (None, 300), (300, 10**6), (10**6, 300)])
def test_a_budget_that_is_used_up_ends_the_run_with_what_there_is(installation, of_all, of_this):
    reasoner = installation.settings.reasoner.model_copy(update={"token_budget": of_all})
    poor = installation.settings.model_copy(update={"reasoner": reasoner})
    run_id = installation.start(plan(reasoner="llm", hypotheses=6, token_budget=of_this))
    installation.settings = poor
    assert installation.go_on(run_id) == "done"
    document = installation.document(run_id)
    assert document.hypotheses
    assert len(document.trace) == 4
    assert any("budget is used up" in note for note in document.notes)
    # The budget went on proposals: none of them could be broken up, and each stands whole.
    assert {point.role for row in document.hypotheses for point in row.key_points} == {"proposal"}


def test_a_model_that_goes_down_fails_the_run_and_it_can_be_resumed(installation, fake_language_model):
    run_id = installation.start(plan(reasoner="llm"))
    fake_language_model.will_fail(503, times=6)
    with pytest.raises(Exception, match="resume the run when it is back"):
        installation.go_on(run_id)
    assert installation.document(run_id).run.state == "failed"
    fake_language_model.moves.clear()
    assert installation.go_on(run_id) == "done"


def test_an_unreachable_model_is_bad_input_and_leaves_nothing(installation):
    reasoner = installation.settings.reasoner.model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    installation.settings = installation.settings.model_copy(update={"reasoner": reasoner})
    with pytest.raises(BadInput, match=r"127\.0\.0\.1:9") as caught:
        installation.start(plan(reasoner="llm"))
    assert caught.value.code == "model_unreachable"


@pytest.mark.parametrize(
    ("question", "papers", "code"),
    [
        (" ", 8, "question_empty"),
        ("x" * 20_000, 8, "question_too_long"),
        (QUESTION, 1, "corpus_too_small"),
        (QUESTION, 0, "corpus_too_small"),
    ],
)
def test_what_cannot_be_started_is_said_and_not_kept(installation, question, papers, code):
    with pytest.raises(BadInput) as caught:
        service.start_run(
            installation.database,
            installation.settings,
            installation.workspace_id,
            question,
            "",
            plan(),
            installation.paper_ids[:papers],
        )
    assert caught.value.code == code
    assert "\n" not in caught.value.message


def test_a_run_that_somebody_continues_is_busy(installation):
    run_id = installation.start(plan())

    def meanwhile(*_step: object) -> None:
        with pytest.raises(BadInput) as caught:
            service.continue_run(installation.settings, run_id)
        assert caught.value.code == "run_busy"
        raise Killed

    with pytest.raises(Killed):
        service.continue_run(installation.settings, run_id, progress=meanwhile)
    assert service.continue_run(installation.settings, run_id) == "done"
