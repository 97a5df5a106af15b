"""How soon pages stand there, and what they weigh: ``python -m bench.pages [--rounds 9]``.

Fills a database with a run of 100 ranked hypotheses and one of 10,000, 50 of them measured, starts
``touchstone serve`` on it, and opens every kind of page in Chromium, each time with an empty cache. Prints
the first contentful paint (median and worst), the server's part of it, and the bytes transferred.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, StorageState, sync_playwright
from sqlalchemy.orm import Session

from api.schemas.questions import PlanIn
from bench.load import serving
from config import Settings
from records.database import Database
from records.first_start import first_start
from records.models import Clause, Hypothesis, KeyPoint
from records.repositories import Category, Experiments, Hypotheses, Runs, Workspaces

PASSWORD = "four plain words here"
PAINTED = """new Promise(told => new PerformanceObserver(seen => {
    const paint = seen.getEntriesByName("first-contentful-paint")[0];
    if (paint) told(paint.startTime);
}).observe({type: "paint", buffered: true}))"""
ANSWERED = "performance.getEntriesByType('navigation')[0].responseStart"
WEIGHT = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .reduce((sum, one) => sum + one.transferSize, 0)"""
CHROMIUM = "/usr/bin/chromium"
CLUSTERS, TRAITS, MEASURED = 12, 40, 50


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a page: milliseconds, and bytes."""

    painted: float
    answered: float
    weight: float


def fill(session: Session, workspace_id: str, count: int) -> tuple[str, str]:
    """A run with ``count`` hypotheses: its id, and that of the best of them."""
    runs, hypotheses = Runs(session, workspace_id), Hypotheses(session, workspace_id)
    generator = np.random.default_rng(count)
    question = f"Which of {count:,} salts gives a gelatin thermocell the highest thermopower?"
    run = runs.create(question, "", PlanIn().stored(), [], created_by="bench")
    ids = hypotheses.replace(run.id, [_hypothesis(place) for place in range(count)])
    categories = [
        Category(f"category {one}", (f"trait {one}",), dict.fromkeys(ids[one::CLUSTERS], 1.0))
        for one in range(CLUSTERS)
    ]
    hypotheses.replace_clusters(run.id, categories)
    scores = np.sort(generator.normal(2, 1, count))[::-1]
    experiments = Experiments(session, workspace_id)
    for sequence, place in enumerate(generator.permutation(count)[:MEASURED], start=1):
        told = float(scores[place])
        asked = experiments.recommend(run.id, sequence, ids[place], "surrogate", (told, 0.5))
        experiments.record(asked.id, score=told + float(generator.normal(0, 0.2)), sem=0.2, source="bench")
    runs.set_outcome(run.id, _outcome(scores, generator))
    runs.set_state(run.id, "waiting")
    return run.id, ids[0]


def _hypothesis(place: int) -> Hypothesis:
    return Hypothesis(
        title=f"Salt {place} crystallises one of the two ions of the couple near the cold electrode",
        statement=f"Salt {place} crystallises one of the two ions of the couple and so widens the gap.",
        reasoner="extractive",
        prompt_version="extractive-3",
        clauses=[
            Clause(kind=kind, text=f"The {kind} of salt {place}.", evidence=[])
            for kind in ("proposal", "mechanism", "prediction")
        ],
        key_points=[
            KeyPoint(name=f"trait {(place + step) % TRAITS}", role="takes an ion out of solution")
            for step in range(4)
        ],
    )


def _outcome(scores: np.ndarray, generator: np.random.Generator) -> dict[str, object]:
    return {
        "standings": [
            {
                "position": place,
                "rank": place + 1,
                "mean": float(score),
                "sd": 0.4,
                "p_best": 1 / (place + 2) ** 2,
                "expected_improvement": 0.3 / (place + 1),
                "tested": 0,
                "failed": 0,
            }
            for place, score in enumerate(scores)
        ],
        "contributions": [
            {
                "trait": f"trait {one}",
                "effect": effect,
                "low": effect - 0.4,
                "high": effect + 0.4,
                "candidates": 9,
            }
            for one, effect in enumerate(generator.normal(0, 1, TRAITS).tolist())
        ],
        "map": [
            {"position": place, "x": x, "y": y}
            for place, (x, y) in enumerate(generator.normal(0, 1, (len(scores), 2)).tolist())
        ],
    }


def pages(made: dict[int, tuple[str, str]]) -> dict[str, str]:
    """Paths by what to call them."""
    found = {
        "home": "/",
        "ask": "/ask",
        "review": "/review",
        "literature": "/literature",
        "feeds": "/literature/feeds",
        "members": "/admin/members",
        "jobs": "/admin/jobs",
    }
    for count, (run_id, best) in made.items():
        found |= {
            f"run of {count:,}": f"/runs/{run_id}",
            f"its bench, of {count:,}": f"/runs/{run_id}/bench",
            f"its pictures, of {count:,}": f"/runs/{run_id}/pictures",
            f"its best hypothesis, of {count:,}": f"/hypotheses/{best}",
        }
    return found


def opened(browser: Browser, here: str, path: str, state: StorageState) -> Opened:
    """Open a page in a context of its own, so with nothing cached."""
    context = browser.new_context(base_url=here, storage_state=state)
    page = context.new_page()
    answer = page.goto(path, wait_until="load")
    assert answer is not None
    assert answer.ok, f"{path}: {answer.status}"
    told = Opened(page.evaluate(PAINTED), page.evaluate(ANSWERED), page.evaluate(WEIGHT))
    context.close()
    return told


def signed_in(browser: Browser, here: str, token: str) -> StorageState:
    """The cookies of the owner, who signs in by the first start's link."""
    context = browser.new_context(base_url=here)
    page = context.new_page()
    page.goto(f"/sign-in?token={token}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.wait_for_url("**/")
    state = context.storage_state()
    context.close()
    return state


def show(browser: Browser, here: str, paths: dict[str, str], state: StorageState, rounds: int) -> None:
    """Print a line for each page; rounds go over all pages in turn, so that a busy minute hits them alike."""
    found: dict[str, list[Opened]] = {name: [] for name in paths}
    for _ in range(rounds + 1):
        for name, path in paths.items():
            found[name].append(opened(browser, here, path, state))
    print(f"{'page':32} {'painted':>8} {'worst':>6} {'server':>7} {'kB':>6}")
    for name, (_, *times) in found.items():  # the first loads code and fills the database's cache
        painted = [one.painted for one in times]
        server, weight = median(one.answered for one in times), times[-1].weight / 1000
        print(f"{name:32} {median(painted):8.0f} {max(painted):6.0f} {server:7.0f} {weight:6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="First contentful paint and bytes of every page.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data_dir=folder)
        database = Database(f"sqlite:///{folder / 'touchstone.db'}")
        database.migrate()
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create("local").id
            made = {count: fill(session, workspace_id, count) for count in given.sizes}
        with serving(folder) as (here, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            token = first_start(database, settings)  # the service's own start made that of before void
            assert token is not None
            show(browser, here, pages(made), signed_in(browser, here, token), given.rounds)
            database.close()
            browser.close()


if __name__ == "__main__":
    main()
