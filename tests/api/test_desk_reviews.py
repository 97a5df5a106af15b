"""Judging at the desk: queue by queue, several at once, two of one mind or not, and every step undone."""

from __future__ import annotations

import re

import httpx
import pytest
from desks import TITLES, Desk

from records.database import Database
from records.repositories import Hypotheses, Judging, Reviews


def value(page: str, name: str, near: str = "") -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page[page.index(near) :])
    assert found, f"there is no field {name}"
    return found[1]


def judge(client: httpx.Client, desk: Desk, place: int, do: str, **fields: str) -> httpx.Response:
    data = {"run": desk.run_id, "queue": "pending", "do": do, **fields}
    return client.post(f"/hypotheses/{desk.hypotheses[place]}/judge", data=data)


def test_the_queue_shows_one_after_the_other_and_a_step_is_undone(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    page = owner.get(f"/runs/{desk.run_id}/review").text
    assert "1 of 5 in this queue" in page
    assert "How to judge" in page
    accepted = judge(owner, desk, 0, "accept", novelty="4")
    assert "Accepted." in accepted.text
    assert desk.hypotheses[1] in str(accepted.url)
    assert "pending <b>4</b>" in accepted.text
    undo = re.search(r'action="(/undo/[^"]+)"', accepted.text)
    assert undo
    undone = owner.post(undo[1], data={"back": f"/runs/{desk.run_id}/review?queue=pending"})
    assert "Undone." in undone.text
    assert "pending <b>5</b>" in undone.text
    with desk_database.read() as session:
        assert Judging(session, desk.workspace_id, "owner").mine(desk.hypotheses[0]).status == "pending"


def test_a_rejection_wants_a_reason_and_keeps_what_was_chosen(owner: httpx.Client, desk: Desk) -> None:
    refused = judge(owner, desk, 1, "reject", feasibility="2")
    assert refused.status_code == 422
    assert "Say in the reason why it is rejected." in refused.text
    assert re.search(r'name="feasibility" value="2"[^>]* checked', refused.text)
    assert "Rejected." in judge(owner, desk, 1, "reject", reason="known").text
    assert "Kept as a draft." in judge(owner, desk, 2, "draft", reason="hm").text
    begun = owner.get("/").text.partition("Reviews that you began")[2]
    assert begun.index(TITLES[2]) < begun.index("hm")
    assert "Set aside." in judge(owner, desk, 3, "discard").text
    queue = owner.get(f"/runs/{desk.run_id}/review", params={"queue": "draft"}).text
    assert ">hm</textarea>" in queue


def test_two_windows_with_the_same_first_review_are_a_conflict(owner: httpx.Client, desk: Desk) -> None:
    judge(owner, desk, 0, "reject", reason="from the one")
    late = judge(owner, desk, 0, "accept", reason="typed in the other")
    assert late.status_code == 412
    assert "in another window" in late.text
    assert "“<bdi>from the one</bdi>”" in late.text
    assert ">typed in the other</textarea>" in late.text
    assert (
        judge(owner, desk, 0, "accept", version=value(late.text, "version", "judge#judge")).status_code == 200
    )


def test_the_second_of_two_clicks_is_no_conflict(owner: httpx.Client, desk: Desk) -> None:
    place = f"/hypotheses/{desk.hypotheses[0]}"
    edited = {"version": "1", "title": "Guanidinium", "statement": "It helps."}
    for _ in range(2):
        assert "Accepted." in judge(owner, desk, 0, "accept", novelty="4").text
        assert "Your version is kept" in owner.post(f"{place}/edit", data=edited).text
    assert judge(owner, desk, 0, "accept", novelty="5").status_code == 412


def test_others_are_shown_only_to_whoever_has_submitted(
    owner: httpx.Client, colleague: httpx.Client, desk: Desk
) -> None:
    judge(colleague, desk, 0, "reject", reason="the salt is not stable")
    at = f"/runs/{desk.run_id}/review?at={desk.hypotheses[0]}"
    assert "the salt is not stable" not in owner.get(at).text
    judge(owner, desk, 0, "accept")
    seen = owner.get(f"{at}&queue=submitted").text
    assert "the salt is not stable" in seen
    assert "You disagree" in seen
    table = owner.get(f"/runs/{desk.run_id}", params={"opinion": "disputed"}).text
    assert "1 of 5 candidates fit" in table
    assert "1 : 1" in table
    assert "The reviewers disagree" in owner.get(f"/hypotheses/{desk.hypotheses[0]}").text


def test_marked_rows_are_judged_at_once_and_undone_at_once(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    place = f"/runs/{desk.run_id}/hypotheses"
    assert owner.post(place, data={"do": "accept"}).status_code == 422
    assert "why it is rejected" in owner.post(place, data={"do": "reject", "pick": desk.hypotheses[:2]}).text
    rejected = {"do": "reject", "reason": "no salt", "pick": desk.hypotheses[:2]}
    kept = owner.post(place, data=rejected)
    assert "2 reviews kept" in kept.text
    with desk_database.read() as session:
        assert [one.reason for one in Reviews(session, desk.workspace_id).page(2)] == ["no salt"] * 2
    assert owner.post(place, data={"do": "discard", "all": "1", "q": "no such words"}).status_code == 422
    owner.post(place, data={"do": "accept", "all": "1", "cluster": "", "q": ""})
    with desk_database.read() as session:
        judging = Judging(session, desk.workspace_id, "owner")
        assert judging.queues([desk.run_id])["submitted"] == 5
    undo = re.search(r'action="(/undo/[^"]+)"', kept.text)
    assert undo
    assert (
        owner.post(undo[1], data={"back": f"/runs/{desk.run_id}"}).status_code == 409
    )  # more was said since


def test_marked_rows_are_tagged_and_found_by_the_tag(owner: httpx.Client, desk: Desk) -> None:
    data = {"do": "tag", "tags": "To order, salts", "pick": desk.hypotheses[3:]}
    assert "2 hypotheses tagged" in owner.post(f"/runs/{desk.run_id}/hypotheses", data=data).text
    found = owner.get(f"/runs/{desk.run_id}", params={"tag": "to order"}).text
    assert "2 of 5 candidates fit" in found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "tested"}, 1),
        ({"status": "waiting"}, 1),
        ({"opinion": "unreviewed"}, 5),
        ({"least": "2,5"}, 2),
        ({"least": "much"}, 5),
        ({"trait": "gelatin"}, 5),
        ({"trait": "Urea"}, 1),
        ({"reviewer": "nobody"}, 0),
    ],
)
def test_the_table_is_narrowed(owner: httpx.Client, desk: Desk, asked: dict[str, str], found: int) -> None:
    text = owner.get(f"/runs/{desk.run_id}", params=asked).text
    assert len(re.findall(r'class="row" href="/hypotheses/', text[text.index('id="ranking"') :])) == found


def test_an_edit_is_a_new_version_and_of_two_the_later_one_sees_both(
    owner: httpx.Client, colleague: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    place = f"/hypotheses/{desk.hypotheses[0]}"
    typed = {"version": "1", "title": "Guanidinium in gelatin", "statement": "It raises the thermopower."}
    typed |= {f"clause-{n}": f"Clause {n}" for n in range(3)}
    kept = owner.post(f"{place}/edit", data=typed)
    assert "Your version is kept" in kept.text
    assert "edited by owner" in kept.text
    assert "Version 1, as it was made" in kept.text
    late = colleague.post(f"{place}/edit", data={**typed, "title": "Typed late"})
    assert late.status_code == 412
    assert "owner edited it meanwhile" in late.text
    assert ">Typed late</textarea>" in late.text
    blank = owner.post(f"{place}/edit", data={**typed, "version": "2", "title": " "})
    assert blank.status_code == 422
    assert "this is blank" in blank.text
    with desk_database.read() as session:
        row = Hypotheses(session, desk.workspace_id).get(desk.hypotheses[0])
        assert (row.title, row.version, row.clauses[1].text) == ("Guanidinium in gelatin", 2, "Clause 1")
        assert row.clauses[0].evidence


def test_a_comment_sent_twice_is_one_comment(
    owner: httpx.Client, colleague: httpx.Client, desk: Desk
) -> None:
    place = f"/hypotheses/{desk.hypotheses[0]}"
    typed = {
        "text": "Ask <b>the supplier</b>",
        "once": value(owner.get(place).text, "once", "/comments#tags"),
    }
    for _ in range(2):
        assert "Your comment is kept" in owner.post(f"{place}/comments", data=typed).text
    seen = colleague.get(place).text
    assert seen.count("Ask &lt;b&gt;the supplier") == 1
    assert owner.post(f"{place}/comments", data={"text": " "}).status_code == 422
    back = f"/runs/{desk.run_id}/review?at={desk.hypotheses[0]}"
    tagged = owner.post(f"{place}/tags", data={"tags": "To order,salts", "back": back})
    assert "salts, to order" in tagged.text
    assert tagged.url.path == f"/runs/{desk.run_id}/review"


def test_a_hypothesis_shows_what_is_like_it_and_where_it_lies(owner: httpx.Client, desk: Desk) -> None:
    text = owner.get(f"/hypotheses/{desk.hypotheses[0]}").text
    assert "both have <bdi>gelatin" in text
    assert 'class="spot c0 s4 here"' in text


def test_a_reader_judges_nothing(reader: httpx.Client, desk: Desk) -> None:
    page = reader.get(f"/runs/{desk.run_id}/review")
    assert page.status_code == 200
    assert 'id="judge"' not in page.text
    assert judge(reader, desk, 0, "accept").status_code == 403
    for form in ("edit", "comments", "tags"):
        assert reader.post(f"/hypotheses/{desk.hypotheses[0]}/{form}", data={"text": "x"}).status_code == 403


def test_anothers_hypotheses_are_neither_judged_nor_edited(
    owner: httpx.Client, desk_database: Database
) -> None:
    theirs = Desk(desk_database, "elsewhere", "tanzanite")
    hypothesis = f"/hypotheses/{theirs.hypotheses[0]}"
    answers = [
        owner.get(f"/runs/{theirs.run_id}/review"),
        owner.get("/review", params={"at": theirs.hypotheses[0]}),
        owner.get(f"/runs/{theirs.run_id}/pictures"),
        owner.get(f"/runs/{theirs.run_id}/pictures/trace.svg"),
        judge(owner, theirs, 0, "accept"),
        owner.post(f"/hypotheses/{theirs.hypotheses[0]}/judge", data={"do": "accept"}),
        owner.post(f"/runs/{theirs.run_id}/hypotheses", data={"do": "accept", "pick": theirs.hypotheses}),
        owner.post(f"{hypothesis}/edit", data={"version": "1", "title": "x", "statement": "x"}),
        owner.post(f"{hypothesis}/comments", data={"text": "x"}),
        owner.post(f"{hypothesis}/tags", data={"tags": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert not [answer.url for answer in answers if "tanzanite" in answer.text]
    with desk_database.read() as session:
        assert Reviews(session, theirs.workspace_id).page(10) == []
        assert Hypotheses(session, theirs.workspace_id).get(theirs.hypotheses[0]).version == 1


def test_a_hypothesis_may_hold_anything(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    hostile = "<script>alert(1)</script> \u202e\x0b" + "x" * 50_000
    with desk_database.write() as session:
        row = Hypotheses(session, desk.workspace_id).get(desk.hypotheses[0])
        row.title = row.statement = hostile
        row.clauses[0].text = row.key_points[0].name = hostile
    run = f"/runs/{desk.run_id}"
    for place in (run, f"{run}/review", f"{run}/pictures", f"{run}/bench", f"/hypotheses/{row.id}"):
        page = owner.get(place)
        assert page.status_code == 200, place
        assert "<script>alert" not in page.text, place
    for kind in ("svg", "csv"):
        assert owner.get(f"{run}/pictures/intervals.{kind}").status_code == 200
