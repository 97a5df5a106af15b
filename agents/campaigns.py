"""The ranking campaign of a run, rebuilt from its records each time: the database is the truth."""

from __future__ import annotations

from agents.plan import Plan
from agents.pool import Pool, build_pool
from knowledge.embedding import Embedder
from ranking import Campaign, policy
from records.database import Database
from records.models import Experiment
from records.repositories import Experiments, Hypotheses


class Campaigns:
    """Rebuilds one run's campaign; keeps the pool between calls, which no experiment changes."""

    def __init__(
        self, database: Database, workspace_id: str, run_id: str, plan: Plan, embedder: Embedder
    ) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._run_id = run_id
        self._plan = plan
        self._embedder = embedder
        self._pool: Pool | None = None

    @property
    def policy(self) -> str:
        """The plan's policy, or belief alone where nothing is measured and nothing is known."""
        unmeasured = self._plan.laboratory.kind == "none" and not self._plan.known
        return "prior" if unmeasured else self._plan.policy

    def pool(self) -> Pool:
        if self._pool is None:
            with self._database.read() as session:
                rows = Hypotheses(session, self._workspace_id).of_run(self._run_id)
            self._pool = build_pool(rows, self._plan, self._embedder)
        return self._pool

    def forget(self) -> None:
        """The run's hypotheses have changed."""
        self._pool = None

    def rebuild(self) -> Campaign:
        """The campaign with every experiment of the run told in its order."""
        pool = self.pool()
        campaign = Campaign(
            pool.candidates,
            policy=policy(self.policy),
            seed=self._plan.seed,
            trait_vectors=pool.trait_vectors,
        )
        for candidate in pool.untestable:
            campaign.exclude(candidate)
        candidate_of = {
            row_id: candidate.id
            for row_id, candidate in zip(pool.hypothesis_ids, pool.candidates, strict=True)
        }
        with self._database.read() as session:
            experiments = Experiments(session, self._workspace_id).of_run(self._run_id)
        for experiment in experiments:
            _tell(campaign, candidate_of[experiment.hypothesis_id], experiment)
        return campaign


def _tell(campaign: Campaign, candidate: str, experiment: Experiment) -> None:
    valid = [result for result in experiment.results if result.status != "withdrawn"]
    for result in valid:
        campaign.add_result(
            candidate,
            result.score,
            sem=result.sem,
            status="failed" if result.status == "failed" else "done",
            cost=result.cost,
        )
    if experiment.state == "abandoned":
        campaign.exclude(candidate)
    elif not valid:
        campaign.mark_pending(candidate)
