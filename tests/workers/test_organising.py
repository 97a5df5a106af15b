"""Jobs that bring order into the literature, done by their handlers on real rooms."""

from __future__ import annotations

import json

import pytest

from records.models import Hypothesis, KeyPoint
from records.repositories import Files, Hypotheses, Jobs, Novelties, Runs, Topics
from workers.kinds.literature import ingest
from workers.kinds.organising import build_topics, check_novelty
from workers.orders import order_ingest, order_novelty, order_topics
from workers.performing import perform

NOTES = {
    "Gel thermocells": "Gelatin slows convection between the electrodes of a thermocell.",
    "Guanidinium": "Guanidinium crystallises ferrocyanide in the cold half of the cell.",
    "Zinc": "Zinc anodes grow dendrites in aqueous electrolytes.",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_topics_are_grown_and_hypotheses_held_against_what_is_there(database, workspace_id, here) -> None:
    with database.write() as session:
        notes = "\n".join(json.dumps({"title": name, "abstract": text}) for name, text in NOTES.items())
        files = Files(session, workspace_id)
        file_id = files.add("notes.jsonl", "application/jsonl", notes.encode(), created_by="Ada").id
        run_id = Runs(session, workspace_id).create("How?", "", {}, []).id
        statement = NOTES["Guanidinium"]
        row = Hypothesis(title="Known", statement=statement, reasoner="x")
        row.key_points = [KeyPoint(name="guanidinium"), KeyPoint(name="crystallises ferrocyanide")]
        (hypothesis_id,) = Hypotheses(session, workspace_id).replace(run_id, [row])
        orders = [
            (order_ingest(session, workspace_id, file_id).id, ingest),
            (order_topics(session, workspace_id).id, build_topics),
            (order_novelty(session, workspace_id, run_id).id, check_novelty),
        ]
    for job_id, handler in orders:
        perform(database, here, job_id, handler)
    with database.read() as session:
        ended = [Jobs(session).get(job_id) for job_id, _ in orders]
        assert [job.state for job in ended] == ["done"] * 3, [job.reason for job in ended]
        assert ended[1].result == {"papers": 3, "topics": 1, "leaves": 1}
        (topic,) = Topics(session, workspace_id).tree()
        known = Novelties(session, workspace_id).find(hypothesis_id)
    assert topic.size == 3
    assert known is not None
    assert ended[2].result == {"checked": 1, "least": known.score}
    assert known.score < 0.3
    assert known.nearest[0]["title"] == "Guanidinium"
