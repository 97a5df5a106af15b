from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.database import Database
from records.errors import Conflict, NotFound
from records.models import Hypothesis
from records.repositories import Category, Experiments, Hypotheses


def own(title: str) -> Hypothesis:
    return Hypothesis(title=title, statement=title, origin="own", reasoner="human")


def test_a_hypothesis_is_kept_with_everything_that_speaks_for_it(database, workspace_id, content) -> None:
    with database.read() as session:
        first, *_ = Hypotheses(session, workspace_id).of_run(content.run_id)
    # Read after the session is closed: everything that hangs on it came along.
    assert (first.position, first.title) == (0, "Guanidine")
    assert [clause.kind for clause in first.clauses] == ["proposal", "prediction"]
    assert first.clauses[0].evidence[0].quote == "salts"
    assert [point.name for point in first.key_points] == ["guanidinium"]
    assert [inspiration.passage_id for inspiration in first.inspirations] == [content.passage_ids[0]]


def test_a_node_that_runs_again_replaces_what_it_wrote(database, workspace_id, content) -> None:
    for _ in range(2):
        with database.write() as session:
            Hypotheses(session, workspace_id).replace(content.run_id, [own("a"), own("b")])
    with database.read() as session:
        kept = Hypotheses(session, workspace_id).of_run(content.run_id)
        assert [(row.position, row.title) for row in kept] == [(0, "a"), (1, "b")]
        assert Hypotheses(session, workspace_id).title(content.run_id, 1) == "b"
        assert Hypotheses(session, workspace_id).title(content.run_id, 2) is None


def test_hypotheses_that_were_tested_are_not_replaced(database, workspace_id, content) -> None:
    with database.write() as session:
        Experiments(session, workspace_id).recommend(content.run_id, 0, content.hypothesis_ids[0], "random")
    with pytest.raises(Conflict) as caught, database.write() as session:
        Hypotheses(session, workspace_id).replace(content.run_id, [own("a")])
    assert caught.value.code == "run_has_experiments"


def test_a_chemists_own_comes_last(database: Database, workspace_id: str, content) -> None:
    with database.write() as session:
        hypotheses = Hypotheses(session, workspace_id)
        added = hypotheses.add(content.run_id, own("mine"))
        assert [row.id for row in hypotheses.of_run(content.run_id)] == [*content.hypothesis_ids, added]


words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.lists(st.tuples(words, words), max_size=6))
def test_key_points_come_back_as_they_were_set(database, workspace_id, content, points) -> None:
    hypothesis_id = content.hypothesis_ids[1]
    with database.write() as session:
        Hypotheses(session, workspace_id).set_key_points({hypothesis_id: points})
    with database.read() as session:
        kept = Hypotheses(session, workspace_id).get(hypothesis_id)
        assert [(point.name, point.role) for point in kept.key_points] == points


def test_a_hypothesis_may_be_in_several_clusters(database, workspace_id, content) -> None:
    first, second, third = content.hypothesis_ids
    categories = [
        Category("crystallisation", ("guanidinium", "urea"), {first: 0.75, second: 1.0}),
        Category("gelation", ("gelatin",), {first: 0.25, third: 1.0}),
    ]
    for _ in range(2):
        with database.write() as session:
            Hypotheses(session, workspace_id).replace_clusters(content.run_id, categories)
    with database.read() as session:
        kept = Hypotheses(session, workspace_id).clusters(content.run_id)
    assert [(category.name, category.key_points, category.members) for category in kept] == [
        (category.name, category.key_points, category.members) for category in categories
    ]
    assert list(kept[0].members) == [second, first]  # heaviest first


def test_a_cluster_holds_only_hypotheses_of_its_run(database, workspace_id, content) -> None:
    with pytest.raises(NotFound), database.write() as session:
        Hypotheses(session, workspace_id).replace_clusters(
            content.run_id, [Category("x", (), {"nobody": 1.0})]
        )


def test_another_workspace_finds_no_hypothesis(database, workspace_id, stranger_id, content) -> None:
    with database.write() as session:
        theirs = Hypotheses(session, stranger_id)
        assert theirs.title(content.run_id, 0) is None
        for attempt in (
            lambda: theirs.of_run(content.run_id),
            lambda: theirs.get(content.hypothesis_ids[0]),
            lambda: theirs.replace(content.run_id, []),
            lambda: theirs.add(content.run_id, own("mine")),
            lambda: theirs.set_key_points({content.hypothesis_ids[0]: []}),
            lambda: theirs.replace_clusters(content.run_id, []),
            lambda: theirs.clusters(content.run_id),
        ):
            with pytest.raises(NotFound):
                attempt()
    with database.read() as session:
        assert len(Hypotheses(session, workspace_id).of_run(content.run_id)) == 3
