"""Running a workspace at the desk: people, keys, jobs, budgets, the trail; and forms that lose nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import httpx
import pytest
from desks import PASSWORD, Desk
from sqlalchemy import select

from api.access.headers import PAGE_POLICY
from records.database import Database
from records.models import Job, ModelCall
from records.repositories import Experiments, Jobs, ModelCalls, Runs
from workers.orders import order_rerank


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_member_is_invited_promoted_and_shown_out(owner: httpx.Client, served_desk) -> None:
    page = owner.post("/admin/members", data={"name": "mia", "role": "reader"}).text
    (link,) = re.findall(r'<code class="secret">http://[^/]+(/sign-in[^<]+)</code>', page)
    token = link.partition("token=")[2]
    with httpx.Client(base_url=served_desk[0], headers={"Sec-Fetch-Site": "same-origin"}) as mia:
        assert mia.post("/sign-in", data={"token": token, "password": PASSWORD}).status_code == 303
        assert mia.get("/admin/members").status_code == 403
        assert mia.get("/admin/jobs").status_code == 200
    assert owner.post("/admin/members", data={"name": "mia"}).status_code == 422
    assert owner.post("/admin/members", data={"name": "not a name!"}).status_code == 422
    (member,) = re.findall(
        r'action="/admin/members/([^"]+)"><select name="role" aria-label="Role of mia"', page
    )
    owner.post(f"/admin/members/{member}", data={"do": "role", "role": "chemist", "was": "reader"})
    late = owner.post(f"/admin/members/{member}", data={"do": "role", "role": "owner", "was": "reader"})
    assert "The role of mia is chemist by now" in late.text
    gone = owner.post(f"/admin/members/{member}", data={"do": "remove"})
    assert "Role of mia" not in gone.text
    trail = owner.get("/admin/audit", params={"kind": "member"}).text
    assert trail.index("member.removed") < trail.index("member.role_set") < trail.index("member.invited")


def test_the_last_owner_stays(owner: httpx.Client) -> None:
    page = owner.get("/admin/members").text
    (me,) = re.findall(
        r'action="/admin/members/([^"]+)"><select name="role" aria-label="Role of owner"', page
    )
    assert owner.post(f"/admin/members/{me}", data={"do": "role", "role": "reader"}).status_code == 422


def test_a_key_is_shown_once_and_revoked(owner: httpx.Client, served_desk) -> None:
    page = owner.post("/admin/keys", data={"name": "robot", "scope": "write"}).text
    (key,) = re.findall(r'<code class="secret">(tsk_[^<]+)</code>', page)
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{served_desk[0]}/v1/me", headers=headers).status_code == 200
    page = owner.get("/admin/keys").text
    assert key not in page
    (place,) = re.findall(r'action="(/admin/keys/[^"]+/revoke)"', page)
    assert "revoked" in owner.post(place).text
    assert httpx.get(f"{served_desk[0]}/v1/me", headers=headers).status_code == 401
    assert owner.post("/admin/keys", data={"name": "late", "expires": "1999-01-01"}).status_code == 422


def test_a_dead_job_is_told_of_and_tried_again(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    with desk_database.write() as session:
        order_rerank(session, desk.workspace_id, desk.run_id)
        job = session.scalars(select(Job).where(Job.workspace_id == desk.workspace_id)).one()
        job.state, job.reason = "dead", "the <disk> was full"
        job_id = job.id
    page = owner.get("/admin/jobs", params={"state": "dead"}).text
    assert "Some jobs are dead" in page
    assert "the &lt;disk&gt; was full" in page
    assert f"/admin/jobs/{job_id}/retry" in page
    owner.post(f"/admin/jobs/{job_id}/retry")
    with desk_database.read() as session:
        assert Jobs(session).get(job_id).state == "queued"


def test_what_runs_spent_on_models_is_shown(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    told = {"purpose": "propose", "model": "m", "prompt_version": "1", "answer": "{}", "call_key": "k"}
    with desk_database.write() as session:
        call = ModelCall(run_id=desk.run_id, prompt_tokens=12_345, completion_tokens=67, cost=0.25, **told)
        ModelCalls(session).add(call)
    page = owner.get("/admin/budgets").text
    assert "12,345" in page
    assert "no limit" in page


def test_a_question_that_is_sent_twice_is_asked_once(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    typed = {"question": "Which salt, sent twice?", "hypotheses": "0", "candidates": "One\nTwo", "do": "ask"}
    typed["once"] = once(owner.get("/ask").text)
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: owner.post("/ask", data=typed), range(2)))
    assert len({answer.url.path for answer in answers}) == 1
    assert answers[0].url.path.startswith("/runs/")
    changed = owner.post("/ask", data={**typed, "question": "Another, typed after going back?"})
    assert changed.url.path != answers[0].url.path
    with desk_database.read() as session:
        runs = Runs(session, desk.workspace_id)
        asked = [runs.question(run.id).text for run in runs.recent(4)]
    assert asked.count("Which salt, sent twice?") == 1


def test_whoever_was_signed_out_meanwhile_sends_what_they_typed(
    served_desk, owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    place = f"/experiments/{desk.pending_id}/results"
    typed = {"status": "done", "score": "3.7", "note": "so <i>odd</i>", "source": "Ada"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=served_desk[0], headers=headers, follow_redirects=True) as browser:
        lost = browser.post(place, data=typed)
        assert lost.status_code == 401
        assert "Nothing is lost" in lost.text
        kept = re.search(r'name="kept" value="([^"]*)"', lost.text)
        assert kept
        told = {"name": "owner", "password": "a guess", "kept": unescape(kept[1])}
        assert "Nothing is lost" in browser.post("/sign-in", data=told).text
        again = browser.post("/sign-in", data={**told, "password": PASSWORD})
        assert "so &lt;i&gt;odd&lt;/i&gt;" in again.text
        fields = dict(re.findall(r'<textarea name="([^"]+)" hidden>([^<]*)</textarea>', again.text))
        assert f'action="{place}"' in again.text
        assert browser.post(place, data={k: unescape(v) for k, v in fields.items()}).status_code == 200
    with desk_database.read() as session:
        (result,) = Experiments(session, desk.workspace_id).get(desk.pending_id).results
    assert (result.score, result.note) == (3.7, "so <i>odd</i>")


def test_another_sites_form_is_not_kept_for_later(served_desk, desk: Desk) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = httpx.post(f"{served_desk[0]}/runs/{desk.run_id}", data={"wish": "cancel"}, headers=headers)
    assert answer.status_code == 403
    assert "cancel" not in answer.text


def test_what_is_too_long_is_told_as_a_page(owner: httpx.Client, served_desk, desk: Desk) -> None:
    long = {"table": "x" * (served_desk[1].api.body_limit + 1)}
    answer = owner.post(f"/runs/{desk.run_id}/results", data=long)
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert "what you typed is still there" in answer.text


def test_what_breaks_is_told_as_a_page_with_a_number_to_tell(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    with desk_database.write() as session:
        broken = Runs(session, desk.workspace_id).create("How?", "", {"no": "laboratory"}, []).id
    answer = owner.get(f"/runs/{broken}", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert f"this number: <code>{answer.headers['x-request-id']}</code>" in answer.text
    assert "laboratory" not in answer.text
    with desk_database.write() as session:
        session.delete(Runs(session, desk.workspace_id).get(broken))


def test_a_time_that_is_typed_here_is_kept_as_utc(
    owner: httpx.Client, desk: Desk, desk_database: Database
) -> None:
    typed = {"status": "done", "score": "1", "measured_at": "2026-07-01T10:30", "measured_at_offset": "-120"}
    owner.post(f"/experiments/{desk.pending_id}/results", data=typed)
    with desk_database.read() as session:
        (result,) = Experiments(session, desk.workspace_id).get(desk.pending_id).results
    assert result.measured_at is not None
    assert result.measured_at.isoformat() == "2026-07-01T08:30:00+00:00"


def test_columns_are_assigned_by_whoever_looks_at_them(owner: httpx.Client, desk_database: Database) -> None:
    typed = {
        "question": "Which?",
        "hypotheses": "0",
        "candidates": "Additive;Thermopower\nUrea;1.9\nBetaine;2.1\n",
    }
    seen = owner.post("/ask", data={**typed, "do": "preview"}).text
    assert 'name="column-1" value="Thermopower"' in seen
    roles = {"column-0": "Additive", "role-0": "title", "column-1": "Thermopower", "role-1": "score"}
    seen = owner.post("/ask", data={**typed, **roles, "do": "preview"}).text
    assert "2 candidates with 2 known results" in seen
    guessed = owner.post(
        "/ask", data={**typed, "candidates": "Name,Yield,Lot\nUrea,1.9,7\nSalt,,8\n", "do": "preview"}
    )
    assert "2 candidates with 1 known result," in guessed.text
    asked = owner.post("/ask", data={**typed, **roles, "do": "ask"})
    assert asked.url.path.startswith("/runs/")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"laboratory": "recorded", "table": ""}, "Bring a table"),
        ({"laboratory": "recorded", "table": "base,yield\nDBU,high\n"}, "“high” is no number"),
        ({"laboratory": "recorded", "table": "base,yield\nDBU,3\n", "measured": "ee"}, "no column “ee”"),
        ({"laboratory": "recorded", "table": "base,base\nDBU,3\n"}, "stands there twice"),
        ({"laboratory": "simulated", "truth": "much; salt"}, "truth, line 1: Write a weight"),
        ({"laboratory": "simulated", "truth": ""}, "Say what the hidden truth is made of"),
    ],
)
def test_a_laboratory_that_cannot_measure_is_told(
    owner: httpx.Client, typed: dict[str, str], why: str
) -> None:
    answer = owner.post("/ask", data={"question": "Which?", "do": "ask", **typed})
    assert answer.status_code == 422
    assert why in answer.text


def test_a_table_and_a_simulation_measure(owner: httpx.Client, desk: Desk, desk_database: Database) -> None:
    table = "base,temp,yield\nDBU,80,41\nDBU,80,43\nK2CO3,100,\n"
    typed = {
        "question": "Which base?",
        "hypotheses": "0",
        "do": "ask",
        "laboratory": "recorded",
        "table": table,
    }
    recorded = owner.post("/ask", data=typed).url.path.rpartition("/")[2]
    typed = {"question": "Which salt?", "do": "ask", "laboratory": "simulated", "noise": "0.1"}
    typed["truth"] = "60; guanidinium; crystallises\n40; gelatin; holds"
    simulated = owner.post("/ask", data=typed).url.path.rpartition("/")[2]
    with desk_database.read() as session:
        runs = Runs(session, desk.workspace_id)
        rows = runs.get(recorded).plan["laboratory"]["rows"]
        truth = runs.get(simulated).plan["laboratory"]["truth"]
    assert [(row["features"], row["values"]) for row in rows] == [
        ({"base": "DBU", "temp": 80.0}, [41.0, 43.0]),
        ({"base": "K2CO3", "temp": 100.0}, [None]),
    ]
    assert [point["weight"] for point in truth["key_points"]] == [60.0, 40.0]
    assert truth["noise"] == 0.1


def test_a_molecule_is_drawn_from_its_smiles(owner: httpx.Client, reader: httpx.Client) -> None:
    drawn = reader.get("/molecule.svg", params={"smiles": "NC(=N)N"})
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "<svg" in drawn.text
    assert owner.get("/molecule.svg", params={"smiles": "no molecule"}).status_code == 404
    assert owner.get("/molecule.svg", params={"smiles": "C" * 300}).status_code == 404
