"""The desk's pages as a browser without JavaScript uses them: links, forms, and what they answer."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest
from desks import NUMBERS, QUOTE, Desk

from api.access.headers import PAGE_POLICY
from config import Settings
from records.database import Database
from records.repositories import Experiments, Hypotheses, Jobs, Reviews, Runs


def field(page: str, name: str, near: str = "") -> str:
    """The value of the form's field, of the first one behind ``near``."""
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page[page.index(near) :])
    assert found, f"there is no field {name}"
    return found[1]


def test_home_tells_what_waits_and_how_far_the_questions_are(owner: httpx.Client, desk: Desk) -> None:
    page = owner.get("/")
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert f"/runs/{desk.run_id}/bench#experiment-{desk.pending_id}" in page.text
    assert "1 measured" in page.text
    assert "1 to enter" in page.text


def test_whoever_is_not_signed_in_is_led_to_the_sign_in(
    served_desk: tuple[str, Settings], desk: Desk
) -> None:
    answer = httpx.get(f"{served_desk[0]}/runs/{desk.run_id}/bench")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next=/runs/{desk.run_id}/bench"


def test_a_run_shows_its_ranking_what_to_test_next_and_why(owner: httpx.Client, desk: Desk) -> None:
    text = owner.get(f"/runs/{desk.run_id}").text
    assert "3.40" in text
    assert "± 0.600" in text
    assert "Go on:" in text
    assert text.index("Guanidinium chloride") < text.index("Urea widens") < text.index("Sodium chloride")
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("asked", "first", "found"),
    [
        ({"q": "urea"}, "Urea widens", "1 of 5 candidates fit"),
        ({"sort": "tests"}, "Urea widens", "5 candidates"),
        ({"sort": "title"}, "A &lt;script&gt;", "5 candidates"),
        ({"sort": "nonsense", "page": "9"}, "Guanidinium", "5 candidates"),
    ],
)
def test_the_ranking_is_filtered_and_sorted(
    owner: httpx.Client, desk: Desk, asked: dict[str, str], first: str, found: str
) -> None:
    text = owner.get(f"/runs/{desk.run_id}", params=asked).text
    table = text[text.index('<div id="ranking"') :]
    assert found in table
    rows = re.findall(r'class="row"[^>]*><bdi>(.*?)</bdi>', table)
    assert rows[0].startswith(first)


def test_the_ranking_is_filtered_by_cluster(owner: httpx.Client, desk: Desk) -> None:
    page = owner.get(f"/runs/{desk.run_id}").text
    (solvation,) = re.findall(r'<option value="([^"]+)">solvation \(2\)', page)
    assert "2 of 5 candidates fit" in owner.get(f"/runs/{desk.run_id}", params={"cluster": solvation}).text
    assert "Nothing fits" in owner.get(f"/runs/{desk.run_id}", params={"q": "nothing such"}).text


def test_a_run_is_paused_resumed_and_cancelled_by_its_buttons(owner: httpx.Client, desk: Desk) -> None:
    for wish, state in (("pause", "paused"), ("resume", "created"), ("cancel", "cancelled")):
        answer = owner.post(f"/runs/{desk.run_id}", data={"wish": wish})
        assert answer.status_code == 200
        assert f'class="state {state}"' in answer.text
    assert owner.post(f"/runs/{desk.run_id}", data={"wish": "pause"}).status_code == 409
    assert owner.post(f"/runs/{desk.run_id}", data={"wish": "fly"}).status_code == 404


def test_a_run_is_cloned_and_ranked_again(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    ranked = owner.post(f"/runs/{desk.run_id}", data={"wish": "rerank"})
    assert ranked.url.path == f"/runs/{desk.run_id}"
    clone = owner.post(f"/runs/{desk.run_id}", data={"wish": "clone"}).url.path.rpartition("/")[2]
    assert clone != desk.run_id
    with desk_database.read() as session:
        assert Runs(session, desk.workspace_id).get(clone).cloned_from == desk.run_id
        assert {job.payload["run_id"] for job in Jobs(session).recent()} >= {clone, desk.run_id}


def test_a_hypothesis_shows_each_clause_with_its_quote_marked(owner: httpx.Client, desk: Desk) -> None:
    text = owner.get(f"/hypotheses/{desk.hypotheses[0]}").text
    assert f"<mark>{QUOTE}</mark> near the cold electrode" in text
    assert 'href="https://doi.org/10.1/thermocell' in text
    assert "Made by a machine" in text
    assert "No passage is quoted" in text
    assert "Experiments that speak for it" in text
    assert f'href="/hypotheses/{desk.hypotheses[1]}" data-key="n"' in text


def test_a_hypothesis_is_reviewed_and_the_review_changed(owner: httpx.Client, desk: Desk) -> None:
    place = f"/hypotheses/{desk.hypotheses[2]}"
    said = {"verdict": "accept", "reason": "plausible", "novelty": "4", "status": "submitted"}
    kept = owner.post(f"{place}/reviews", data=said)
    assert kept.status_code == 200
    assert "Your review is kept" in kept.text
    assert "novelty 4" in kept.text
    seen = {"version": field(kept.text, "version", "/reviews#review")}
    changed = owner.post(
        f"{place}/reviews", data={**said, **seen, "verdict": "reject", "reason": "too salty"}
    )
    assert "too salty" in changed.text
    assert "plausible" not in changed.text


def test_a_rejection_without_a_reason_is_told_and_keeps_what_was_chosen(
    owner: httpx.Client, desk: Desk
) -> None:
    place = f"/hypotheses/{desk.hypotheses[2]}/reviews"
    answer = owner.post(place, data={"verdict": "reject", "novelty": "2"})
    assert answer.status_code == 422
    assert "Say in the reason why it is rejected." in answer.text
    assert re.search(r'value="reject"[^>]* checked', answer.text)
    assert '<option value="2" selected>' in answer.text
    undecided = owner.post(place, data={"reason": "hm"})
    assert undecided.status_code == 422
    assert "keep it as a draft" in undecided.text


def test_of_two_who_change_a_review_the_later_one_sees_both(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    place = f"/hypotheses/{desk.hypotheses[2]}"
    first = owner.post(f"{place}/reviews", data={"verdict": "accept", "reason": "one"}).text
    seen = {"version": field(first, "version", "/reviews#review")}
    owner.post(f"{place}/reviews", data={**seen, "verdict": "accept", "reason": "two"})
    late = owner.post(f"{place}/reviews", data={**seen, "verdict": "reject", "reason": "three, typed late"})
    assert late.status_code == 412
    assert "changed this review meanwhile" in late.text
    assert "“<bdi>two</bdi>”" in late.text
    assert ">three, typed late</textarea>" in late.text
    with desk_database.read() as session:
        (kept,) = Reviews(session, desk.workspace_id).of_hypothesis(desk.hypotheses[2])
    assert kept.reason == "two"
    again = {
        **seen,
        "version": field(late.text, "version", "/reviews#review"),
        "verdict": "reject",
        "reason": "three",
    }
    assert owner.post(f"{place}/reviews", data=again).status_code == 200


def test_a_result_is_entered_amended_and_withdrawn(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    typed = {
        "status": "done",
        "score": "3.7",
        "sem": "0.2",
        "unit": "mV/K",
        "measured_at": "2026-11-24T09:30",
        "source": "Ada",
        "note": "dry",
    }
    kept = owner.post(f"/experiments/{desk.pending_id}/results", data=typed)
    assert kept.status_code == 200
    assert kept.url.path == f"/runs/{desk.run_id}/bench"
    assert "<b>3.7</b> ± 0.2 <bdi>mV/K</bdi>" in kept.text
    assert "2026-11-24 09:30 UTC" in kept.text
    with desk_database.read() as session:
        (result,) = Experiments(session, desk.workspace_id).get(desk.pending_id).results
        assert any(job.payload.get("run_id") == desk.run_id for job in Jobs(session).recent())
    version = field(kept.text, "version", f'action="/results/{result.id}#')
    amended = owner.post(f"/results/{result.id}", data={**typed, "score": "3.9", "version": version})
    assert "<b>3.9</b>" in amended.text
    stale = owner.post(f"/results/{result.id}", data={**typed, "score": "4.1", "version": version})
    assert stale.status_code == 412
    assert "owner changed this result meanwhile" in stale.text
    assert 'value="4.1"' in stale.text
    newer = field(stale.text, "version", f'action="/results/{result.id}#')
    gone = owner.post(f"/results/{result.id}", data={"status": "withdrawn", "version": newer})
    assert gone.status_code == 200
    assert f'id="experiment-{desk.pending_id}"' in gone.text  # it waits again


def test_a_failure_is_a_result(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    data = {"status": "failed", "note": "it gelled", "source": "Ada", "score": ""}
    assert owner.post(f"/experiments/{desk.pending_id}/results", data=data).status_code == 200
    with desk_database.read() as session:
        assert Experiments(session, desk.workspace_id).get(desk.pending_id).state == "failed"


@pytest.mark.parametrize(
    ("typed", "status", "why"),
    [
        ({"score": "high"}, 422, "This should be a valid number"),
        ({"score": ""}, 422, "needs a score"),
        ({"score": "1", "sem": "-1"}, 422, "This should be greater than or equal to 0"),
        ({"score": "inf"}, 422, "This should be a finite number"),
    ],
)
def test_a_wrong_result_is_told_beside_what_was_typed(
    owner: httpx.Client, desk: Desk, typed: dict[str, str], status: int, why: str
) -> None:
    data = {"status": "done", "note": "so <i>odd</i>", **typed}
    answer = owner.post(f"/experiments/{desk.pending_id}/results", data=data)
    assert answer.status_code == status
    assert why in answer.text
    assert 'value="so &lt;i&gt;odd&lt;/i&gt;"' in answer.text


def test_another_result_for_the_same_replicate_is_a_conflict(owner: httpx.Client, desk: Desk) -> None:
    answer = owner.post(f"/experiments/{desk.measured_id}/results", data={"status": "done", "score": "9"})
    assert answer.status_code == 409
    assert "already has another result" in answer.text
    further = {"status": "done", "score": "9", "replicate": "1"}
    assert owner.post(f"/experiments/{desk.measured_id}/results", data=further).status_code == 200


def test_the_table_of_what_waits_is_filled_in_and_handed_in(owner: httpx.Client, desk: Desk) -> None:
    table = owner.get(f"/runs/{desk.run_id}/bench.csv").text
    assert desk.pending_id in table
    empty = owner.post(f"/runs/{desk.run_id}/results", data={"table": table})
    assert empty.status_code == 422
    assert "line 2" in empty.text
    assert "needs a score" in empty.text
    filled = table.replace(",done,,", ",done,3.3,")
    files = {"file": ("results.csv", filled.encode(), "text/csv")}
    kept = owner.post(f"/runs/{desk.run_id}/results", files=files)
    assert kept.status_code == 200
    assert "<b>3.3</b>" in kept.text
    latin = {"file": ("results.csv", "note\nµ".encode("latin-1"), "text/csv")}
    assert owner.post(f"/runs/{desk.run_id}/results", files=latin).status_code == 422


def test_a_hypothesis_nobody_asked_for_is_put_on_the_bench(owner: httpx.Client, desk: Desk) -> None:
    answer = owner.post(f"/hypotheses/{desk.hypotheses[3]}/test")
    assert answer.url.path == f"/runs/{desk.run_id}/bench"
    assert answer.text.count('class="slip"') == 3
    sheet = owner.get(f"/runs/{desk.run_id}/sheet").text
    assert desk.pending_id in sheet
    left = owner.post(f"/experiments/{desk.pending_id}/abandon").text
    assert "abandoned" in left


def test_a_question_is_asked_with_candidates_that_were_looked_at(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    typed = {
        "question": "Which salt is best?",
        "laboratory": "human",
        "hypotheses": "0",
        "budget": "3",
        "candidates": "title;statement;score;unit\nUrea;it widens;1.9;mV/K\nBetaine;;;\nUrea;;2.1;mV/K\n",
    }
    seen = owner.post("/ask", data={**typed, "do": "preview"})
    assert "2 candidates with 2 known results" in seen.text
    asked = owner.post("/ask", data={**typed, "do": "ask"})
    assert asked.url.path.startswith("/runs/")
    with desk_database.read() as session:
        plan = Runs(session, desk.workspace_id).get(asked.url.path.rpartition("/")[2]).plan
    assert (plan["budget"], plan["hypotheses"]) == (3, 0)
    assert [one["title"] for one in plan["candidates"]] == ["Urea", "Betaine"]
    assert [one["score"] for one in plan["candidates"][0]["results"]] == [1.9, 2.1]


def test_a_question_that_cannot_be_asked_keeps_all_that_was_typed(owner: httpx.Client, desk: Desk) -> None:
    typed = {"question": " ", "survey": "much was tried", "budget": "0", "candidates": "One\nTwo"}
    answer = owner.post("/ask", data={**typed, "do": "ask"})
    assert answer.status_code == 422
    assert "Say something: this is blank" in answer.text
    assert "budget</a>: This should be greater than or equal to 1" in answer.text
    assert ">much was tried</textarea>" in answer.text
    assert ">One\nTwo</textarea>" in answer.text
    long = {
        "question": " ",
        "survey": "much was tried " * 80_000,
    }  # more than a form's part may have by itself
    assert f">{long['survey']}</textarea>" in owner.post("/ask", data=long, files={"file": ("", b"")}).text


def test_a_file_that_is_no_text_is_told_and_nothing_else_is_lost(owner: httpx.Client, desk: Desk) -> None:
    files = {"file": ("own.csv", "title\nµ".encode("latin-1"), "text/csv")}
    for do in ("ask", "preview"):
        answer = owner.post("/ask", data={"question": "Which?", "survey": "salts", "do": do}, files=files)
        assert answer.status_code == 422
        assert "save it as CSV UTF-8" in answer.text
        assert ">salts</textarea>" in answer.text


def test_wrong_rows_of_candidates_are_told_by_line(owner: httpx.Client, desk: Desk) -> None:
    rows = "title,score\nUrea,high\n,3\nBetaine,1,2\nSalt\nSalt\n"
    answer = owner.post("/ask", data={"question": "?", "candidates": rows, "do": "ask"})
    assert answer.status_code == 422
    assert re.findall(r"<li>line (\d+): (\S+)", answer.text) == [
        ("2", "score:"),
        ("3", "title:"),
        ("4", "The"),
        ("6", "“Salt”"),
    ]


def test_a_reader_sees_everything_and_changes_nothing(reader: httpx.Client, desk: Desk) -> None:
    run = f"/runs/{desk.run_id}"
    for place in (run, f"{run}/bench", f"/hypotheses/{desk.hypotheses[0]}", "/ask"):
        page = reader.get(place)
        assert page.status_code == 200
        assert re.findall(r'<form[^>]*method="post" action="([^"]*)"', page.text) == ["/sign-out"]
    refused = reader.post(f"/experiments/{desk.pending_id}/results", data={"status": "done", "score": "1"})
    assert refused.status_code == 403
    assert "You may read here" in refused.text
    assert reader.post(f"/runs/{desk.run_id}", data={"wish": "cancel"}).status_code == 403


def test_another_sites_form_changes_nothing(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    for place in (f"/runs/{desk.run_id}", f"/hypotheses/{desk.hypotheses[0]}/reviews", "/ask"):
        answer = owner.post(place, data={"wish": "cancel"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    with desk_database.read() as session:
        assert Runs(session, desk.workspace_id).get(desk.run_id).state == "waiting"


def test_with_anothers_ids_no_page_finds_or_changes_anything(
    owner: httpx.Client, desk_database: Database
) -> None:
    theirs = Desk(desk_database, "elsewhere", f"zanzibar{next(NUMBERS)}")
    run, hypothesis = f"/runs/{theirs.run_id}", f"/hypotheses/{theirs.hypotheses[0]}"
    reads = [run, f"{run}/bench", f"{run}/sheet", f"{run}/bench.csv", f"{run}/results", hypothesis]
    reads += [
        f"/experiments/{theirs.pending_id}/results",
        f"/results/{theirs.result_id}",
        f"{hypothesis}/reviews",
    ]
    writes = {
        run: {"wish": "cancel"},
        f"{run}/results": {"table": f"hypothesis_id,score\n{theirs.hypotheses[0]},1\n"},
        f"{hypothesis}/reviews": {"verdict": "accept"},
        f"{hypothesis}/test": {},
        f"/experiments/{theirs.pending_id}/results": {"status": "done", "score": "1"},
        f"/experiments/{theirs.pending_id}/abandon": {},
        f"/results/{theirs.result_id}": {"status": "withdrawn", "version": "1"},
    }
    answers = [owner.get(place) for place in reads]
    answers += [owner.post(place, data=data) for place, data in writes.items()]
    assert {answer.status_code for answer in answers} == {404}
    assert not [answer.url for answer in answers if "zanzibar" in answer.text]
    assert "zanzibar" not in owner.get("/").text
    with desk_database.read() as session:
        assert Runs(session, theirs.workspace_id).get(theirs.run_id).state == "waiting"
        assert Experiments(session, theirs.workspace_id).result(theirs.result_id).version == 1
        assert Reviews(session, theirs.workspace_id).page(10) == []
        assert Hypotheses(session, theirs.workspace_id).count(theirs.run_id) == 5


def test_a_refused_forms_address_leads_back_to_its_page(owner: httpx.Client, desk: Desk) -> None:
    bench = f"/runs/{desk.run_id}/bench"
    for place in (f"/experiments/{desk.pending_id}/results", f"/results/{desk.result_id}"):
        assert owner.get(place).url.path == bench
    assert owner.get(f"/runs/{desk.run_id}/results").url.path == bench
    reviews = f"/hypotheses/{desk.hypotheses[0]}/reviews"
    assert owner.get(reviews).url.path == f"/hypotheses/{desk.hypotheses[0]}"


@pytest.mark.parametrize("place", ["/runs/{}", "/runs/{}/bench", "/hypotheses/{}", "/runs/cut-off"])
def test_what_is_not_there_is_told_as_a_page(owner: httpx.Client, place: str) -> None:
    answer = owner.get(place.format(uuid4()))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Not found" in answer.text
