from __future__ import annotations

import pytest

from records.errors import BadInput, Conflict, NotFound
from records.repositories import Hypotheses, Judging, Remarks, Runs
from records.repositories.alike import alike
from records.repositories.judging import Said
from records.repositories.remarks import Wording, wording_of

ACCEPT = Said("submitted", "accept", ratings={"novelty": 4})
REJECT = Said("submitted", "reject", "known since 1998")


def test_a_hypothesis_lies_in_one_queue_of_each_reviewer(database, workspace_id, content) -> None:
    first, second, third = content.hypothesis_ids
    with database.write() as session:
        ada = Judging(session, workspace_id, "ada")
        ada.say(first, ACCEPT, version=None)
        ada.say(second, Said("draft", reason="hm"), version=None)
        assert ada.queues([content.run_id]) == {"pending": 1, "draft": 1, "submitted": 1, "discarded": 0}
        assert list(ada.standing_of()) == [first, second, third]
        bob = Judging(session, workspace_id, "bob")
        assert bob.queues()["pending"] == 3
        bob.say(first, REJECT, version=None)
        assert ada.opinions(content.run_id)[first].verdict == "disputed"
        assert ada.progress(content.run_id) == [("ada", 1), ("bob", 1)]


def test_a_first_review_in_two_windows_is_one_review(database, workspace_id, content) -> None:
    first = content.hypothesis_ids[0]
    with database.write() as session:
        assert Judging(session, workspace_id, "ada").say(first, ACCEPT, version=None).version == 1
    with pytest.raises(Conflict) as caught, database.write() as session:
        Judging(session, workspace_id, "ada").say(first, REJECT, version=None)
    assert caught.value.code == "changed_meanwhile"
    with database.write() as session:
        judging = Judging(session, workspace_id, "ada")
        assert judging.say(first, REJECT, version=1).version == 2
        assert judging.opinion(first).rejects == 1


def test_what_was_said_of_several_at_once_is_undone_at_once(database, workspace_id, content) -> None:
    first, second, _ = content.hypothesis_ids
    with database.write() as session:
        ada = Judging(session, workspace_id, "ada")
        ada.say(first, ACCEPT, version=None)
        action_id, count = ada.say_of_all([first, second], REJECT)
        assert count == 2
        assert ada.mine(first).ratings == {"novelty": 4}  # what was rated stays
    with database.write() as session:
        with pytest.raises(NotFound):
            Judging(session, workspace_id, "bob").undo(action_id)
        ada = Judging(session, workspace_id, "ada")
        assert ada.undo(action_id) == [first, second]
        assert (ada.mine(first).verdict, ada.mine(second).status) == ("accept", "pending")
        with pytest.raises(Conflict):
            ada.undo(action_id)


def test_a_step_behind_which_another_came_is_not_undone(database, workspace_id, content) -> None:
    first = content.hypothesis_ids[0]
    with database.write() as session:
        ada = Judging(session, workspace_id, "ada")
        ada.say(first, ACCEPT, version=None, action_id="one")
        ada.say(first, REJECT, version=1, action_id="two")
        with pytest.raises(Conflict):
            ada.undo("one")
        ada.undo("two")
        assert ada.mine(first).verdict == "accept"


def test_an_edited_hypothesis_keeps_how_it_read(database, workspace_id, content) -> None:
    first = content.hypothesis_ids[0]
    with database.write() as session:
        row = Hypotheses(session, workspace_id).get(first)
        remarks = Remarks(session, workspace_id)
        before = wording_of(row)
        remarks.edit(row, before, "ada")
        assert (row.version, remarks.versions(first)) == (1, [])  # nothing was said otherwise
        remarks.edit(row, Wording("Guanidine", before.statement, ("Guanidine salt", "higher")), "ada")
        assert (row.version, row.edited_by) == (2, "ada")
        remarks.edit(row, Wording("Guanidine", before.statement, ("Guanidine salt", "lower")), "ada")
        assert row.version == 3
        told = [(one.version, one.clauses, one.written_by) for one in remarks.versions(first)]
        assert told == [(1, ["Guanidine", "higher"], ""), (2, ["Guanidine salt", "higher"], "ada")]
        assert row.clauses[0].evidence[0].quote == "salts"
        with pytest.raises(BadInput):
            remarks.edit(row, Wording("Guanidine", "", ("one",)), "ada")


def test_tags_are_the_same_however_they_are_typed(database, workspace_id, stranger_id, content) -> None:
    first = content.hypothesis_ids[0]
    with database.write() as session:
        remarks = Remarks(session, workspace_id)
        assert remarks.set_tags(first, ["To  Order", " salts", "SALTS", ""], "ada") == ["salts", "to order"]
        assert remarks.set_tags(first, ["salts"], "bob") == ["salts"]
        remarks.set_tags(first, ["salts", "new"], "ada")  # while bob still sees "salts" alone
        assert remarks.change_tags(first, ["salts"], ["gels"], "bob") == ["gels", "new"]
        remarks.set_tags(first, ["salts"], "bob")
        assert remarks.tags_of_run(content.run_id) == {first: ("salts",)}
        remarks.comment(first, "ada", "ask the supplier")
        assert [one.text for one in remarks.comments(first)] == ["ask the supplier"]
        with pytest.raises(NotFound):
            Remarks(session, stranger_id).set_tags(first, ["theirs"], "eve")


def test_those_with_the_same_traits_are_alike(database, workspace_id, content) -> None:
    first, second, _ = content.hypothesis_ids
    with database.write() as session:
        Hypotheses(session, workspace_id).set_key_points({second: [("urea", "solvates")]})
        found = alike(session, workspace_id, first)
    assert [(one.title, one.share, one.traits) for one in found] == [("Gelatin", 0.5, ("guanidinium",))]


def test_what_waits_is_counted_without_what_is_over(database, workspace_id, content) -> None:
    with database.write() as session:
        ada = Judging(session, workspace_id, "ada")
        ada.say(content.hypothesis_ids[0], ACCEPT, version=None, action_id="one")
        assert ada.pending() == 2
        ada.undo("one")
        assert ada.pending() == 3
        Runs(session, workspace_id).set_state(content.run_id, "cancelled")
        assert ada.pending() == 0
