"""A workspace with one of everything, for tests that ask for all that there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from sqlalchemy import select

from records.database import Database
from records.models import Clause, Evidence, Hypothesis, Job, KeyPoint, Paper, Passage
from records.repositories import (
    Collections,
    Experiments,
    Failed,
    Failures,
    Files,
    Hypotheses,
    Novelties,
    Papers,
    Runs,
    Topics,
    Workspaces,
)
from records.repositories.topics import Grown, Lies


class Tenant:
    """A workspace with one of everything, each text of which holds the tenant's word."""

    def __init__(self, client: httpx.Client, database: Database, word: str) -> None:
        self.client = client
        self.word = word
        with database.write() as session:
            self.workspace_id = Workspaces(session).get_or_create(word).id
        self.ids = {"workspace_id": self.workspace_id, **self._literature(database)}
        self.ids |= self._run(database)
        self.ids |= self._organised(database)
        self.ids |= self._rest(database)
        self.ids["subject_id"] = self.ids["run_id"]
        self.ids["paper_ids"] = self.ids["paper_id"]

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def _literature(self, database: Database) -> dict[str, str]:
        with database.write() as session:
            papers = Papers(session, self.workspace_id)
            ids = [
                papers.add(
                    Paper(title=title, title_key=title, abstract=title, source=title), [Passage(text=title)]
                )
                for title in (f"{self.word} gels", f"{self.word} cells")
            ]
        feed = self.post("/v1/feeds", {"name": f"{self.word} feed", "query": self.word})
        with database.write() as session:
            failures = Failures(session, self.workspace_id)
            failures.note("folder", [Failed(f"{self.word}.pdf", self.word)], feed_id=feed["id"])
            (failure,) = failures.page(1)
        return {"paper_id": ids[0], "feed_id": feed["id"], "failure_id": failure.id}

    def _run(self, database: Database) -> dict[str, str]:
        run_id = self.post("/v1/questions", {"question": f"{self.word}?", "survey": self.word})["id"]
        with database.write() as session:
            passage = Papers(session, self.workspace_id).passages()[0]
            rows = [self._hypothesis(passage, number) for number in range(2)]
            hypotheses = Hypotheses(session, self.workspace_id).replace(run_id, rows)
            experiments = Experiments(session, self.workspace_id)
            pending = experiments.recommend(run_id, 0, hypotheses[0], "surrogate").id
            measured = experiments.recommend(run_id, 1, hypotheses[1], "surrogate").id
            Runs(session, self.workspace_id).set_state(run_id, "waiting")
            job = session.scalars(select(Job).where(Job.workspace_id == self.workspace_id)).one()
            job.state, job.reason = "dead", self.word
        result = self.post(f"/v1/experiments/{measured}/results", {"score": 1.0, "source": self.word})
        review = self.post(
            f"/v1/hypotheses/{hypotheses[0]}/reviews", {"verdict": "reject", "reason": self.word}
        )
        return {
            "run_id": run_id,
            "hypothesis_id": hypotheses[0],
            "experiment_id": pending,
            "result_id": _result_id(result),
            "review_id": review["id"],
            "job_id": job.id,
        }

    def _organised(self, database: Database) -> dict[str, str]:
        with database.write() as session:
            topics = Topics(session, self.workspace_id)
            topics.replace([Grown(None, None, self.word, (self.word,), 1)], [Lies(0, self.ids["paper_id"])])
            (topic,) = topics.tree()
            novelties = Novelties(session, self.workspace_id)
            novelties.flag(self.ids["hypothesis_id"], self.ids["paper_id"], 0.5)
            (flag,) = novelties.flags(1)
            collection = Collections(session, self.workspace_id).create(f"{self.word} list")
        return {"topic_id": topic.id, "flag_id": flag.id, "collection_id": collection.id}

    def _rest(self, database: Database) -> dict[str, str]:
        with database.write() as session:
            files = Files(session, self.workspace_id)
            name = f"{self.word}.csv"
            file_id = files.add(name, "text/csv", self.word.encode(), created_by=self.word).id
        batch = self.post(
            "/v1/batches", {"name": self.word, "campaigns": [{"name": self.word, "candidates": []}]}
        )
        key = self.post("/v1/keys", {"name": self.word})
        member = self.post("/v1/members", {"name": f"{self.word}-member"})
        return {"file_id": file_id, "batch_id": batch["id"], "key_id": key["id"], "member_id": member["id"]}

    def _hypothesis(self, passage: Passage, number: int) -> Hypothesis:
        quote = Evidence(passage_id=passage.id, quote=passage.text[:4], start=0, end=4)
        return Hypothesis(
            title=f"{self.word} {number}",
            statement=self.word,
            reasoner="extractive",
            clauses=[Clause(kind="proposal", text=self.word, evidence=[quote])],
            key_points=[KeyPoint(name=self.word, role=self.word)],
        )


def _result_id(answer: Mapping[str, Any]) -> str:
    """Of the one result, whether the answer is it or holds it."""
    results = answer.get("results", [answer])
    return str(results[0]["id"])
