"""What people and papers write may be anything: on every page it is text, fits a phone, and stays light."""

from __future__ import annotations

import random
from typing import Any

from browsing import a_browser_of, quiet_page
from desks import Desk, newcomer
from playwright.sync_api import Browser
from sqlalchemy.orm import Session

from config import Settings
from records.database import Database
from records.models import Paper, Passage
from records.repositories import (
    Category,
    Collections,
    Experiments,
    Failures,
    Feeds,
    Hypotheses,
    Judging,
    Novelties,
    Papers,
    Remarks,
    Runs,
    Topics,
)
from records.repositories.failures import Failed
from records.repositories.judging import Said
from records.repositories.topics import Grown, Lies

HOSTILE = (
    "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">'\"{{7*7}}"
    "\u202e\u2066" + "x" * 3_000 + " "
)
"""Markup, quotes, what a template would compute, marks that turn the direction round, a word without end."""
LONG = HOSTILE + " ".join(random.Random(1).choices([f"w{n:x}" for n in range(4_000)], k=12_000))[:47_000]
BYTES = 150_000
"""What a page may weigh on its way; style and scripts are kept by the browser."""


class Odd(Desk):
    """A question with all that people and papers write about it as odd and as long as it can be."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "odd", "odd")
        with database.write() as session:
            self._write_over(session)
            self._judge(session)
            self.paper_id, self.topic_id = self._shelve(session)

    def _write_over(self, session: Session) -> None:
        runs, hypotheses = Runs(session, self.workspace_id), Hypotheses(session, self.workspace_id)
        run, question = runs.get(self.run_id), runs.question(self.run_id)
        question.text = question.survey = run.failure = LONG
        traits = [{**one, "trait": LONG} for one in run.outcome["contributions"]]
        advice = {**run.outcome["advice"], "reason": LONG}
        runs.set_outcome(run.id, {**run.outcome, "contributions": traits, "advice": advice})
        for hypothesis_id in self.hypotheses:
            hypotheses.get(hypothesis_id).title = LONG
        first = hypotheses.get(self.hypotheses[0])
        first.statement = first.clauses[0].text = first.key_points[0].name = first.key_points[0].role = LONG
        every = dict.fromkeys(self.hypotheses, 1.0)
        hypotheses.replace_clusters(run.id, [Category(f"{place}{LONG}", (LONG,), every) for place in "ab"])

    def _judge(self, session: Session) -> None:
        first, workspace = self.hypotheses[0], self.workspace_id
        result = Experiments(session, workspace).result(self.result_id)
        result.note, result.source, result.unit = LONG, LONG, HOSTILE
        for name in ("odo", "other"):
            Judging(session, workspace, name).say(first, Said("submitted", "reject", LONG), version=None)
        Judging(session, workspace, "odo").say(self.hypotheses[1], Said("draft", None, LONG), version=None)
        Remarks(session, workspace).comment(first, HOSTILE, LONG)
        Remarks(session, workspace).set_tags(first, [HOSTILE], "odo")

    def _shelve(self, session: Session) -> tuple[str, str]:
        papers, feeds = Papers(session, self.workspace_id), Feeds(session, self.workspace_id)
        told: dict[str, Any] = {
            "title": LONG,
            "abstract": LONG,
            "venue": LONG,
            "licence": LONG,
            "source": HOSTILE,
        }
        told |= {"title_key": "odd", "authors": [LONG] * 5}
        paper = papers.add(Paper(**told), [Passage(text=LONG, section=LONG)])
        collections = Collections(session, self.workspace_id)
        shelf = collections.create(LONG)
        collections.add(shelf.id, [paper])
        topics = Topics(session, self.workspace_id)
        grown = [Grown(None, None, LONG, (HOSTILE,), 2), *(Grown(None, 0, f"{n}{LONG}", (), 1) for n in "ab")]
        topics.replace(grown, [Lies(1, paper)])
        feed = feeds.create(LONG, "arxiv", LONG, "0 6 * * *")
        feeds.looked_into(feed.id, {"error": LONG})
        Novelties(session, self.workspace_id).flag(self.hypotheses[0], paper, 0.4)
        Failures(session, self.workspace_id).note("arxiv", [Failed(HOSTILE, LONG)])
        return paper, topics.tree()[1].id

    @property
    def places(self) -> list[str]:
        run, one = f"/runs/{self.run_id}", f"/hypotheses/{self.hypotheses[0]}"
        of_run = [run, *(f"{run}/{name}" for name in ("bench", "sheet", "review", "pictures"))]
        shelves = [f"topics/{self.topic_id}", f"papers/{self.paper_id}", "topics", "feeds", "search"]
        admin = [f"/admin/{name}" for name in ("members", "keys", "jobs", "budgets", "audit")]
        of_one = [one, f"{one}?edit=1", f"{run}/review?at={self.hypotheses[0]}&queue=submitted"]
        return [
            "/",
            "/ask",
            *of_run,
            *of_one,
            "/literature",
            *(f"/literature/{at}" for at in shelves),
            *admin,
        ]


def test_whatever_is_written_is_text_fits_a_phone_and_stays_light(
    browsed: tuple[str, Settings], browsed_database: Database, browser: Browser
) -> None:
    odd = Odd(browsed_database)
    token = newcomer(browsed_database, browsed[1], "odo", "owner", "odd")
    with a_browser_of(browser, browsed[0], token) as context, quiet_page(context) as page:
        page.set_viewport_size({"width": 360, "height": 800})
        found: list[tuple[str, str, object]] = []
        for place in odd.places:
            answer = page.goto(place)
            assert answer is not None
            assert answer.status == 200, place
            weight = answer.request.sizes()["responseBodySize"]
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [(place, "heavy", weight)] if weight > BYTES else []
            found += [(place, "wide", wide)] if wide > 360 else []
            assert page.title() != "ran", place
        assert found == [], found
