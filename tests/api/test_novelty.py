"""Novelty over HTTP: what was found, having it looked for, and the papers that touch hypotheses."""

from __future__ import annotations

from records.repositories import Jobs, Novelties


def test_novelty_is_asked_for_and_read_and_flags_are_seen(
    client, database, workspace_id, paper_ids, propose
) -> None:
    run_id = client.post("/v1/questions", json={"question": "How?"}).json()["id"]
    (first, second), _ = propose(run_id)
    ordered = client.post(f"/v1/runs/{run_id}/novelty")
    with database.write() as session:
        assert Jobs(session).get(ordered.json()["job_id"]).payload == {"run_id": run_id}
        point = {"name": "salts", "strength": 0.8, "passage_id": paper_ids[0], "start": 0, "end": 4}
        near = {"paper_id": paper_ids[0], "title": "Gels", "year": 2020, "overlap": 0.5, "score": 0.44}
        novelties = Novelties(session, workspace_id)
        novelties.keep(first, 0.44, [{**near, "key_points": [point]}], "all-MiniLM-L6-v2")
        assert novelties.flag(first, paper_ids[0], 0.44)
    told = client.get(f"/v1/hypotheses/{first}/novelty").json()
    assert (told["score"], told["nearest"][0]["key_points"]) == (0.44, [point])
    assert client.get(f"/v1/hypotheses/{second}/novelty").json()["score"] is None
    assert len(client.get(f"/v1/runs/{run_id}/novelty").json()["novelties"]) == 1
    (flag,) = client.get("/v1/novelty/flags", params={"seen": False, "run_id": run_id}).json()["items"]
    assert (flag["hypothesis_id"], flag["paper_id"], flag["seen"]) == (first, paper_ids[0], None)
    assert client.post(f"/v1/novelty/flags/{flag['id']}/seen").json()["seen_by"] == "key tests"
    assert client.get("/v1/novelty/flags", params={"seen": False}).json()["items"] == []
