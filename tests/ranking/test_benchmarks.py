"""The benchmarks of the ranking: what reaches a policy, what is counted, and what bad input is told."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from agents.benchmarks import reactions, trials
from agents.benchmarks.entrants import POOL_ENTRANTS
from agents.benchmarks.pools import read_pool
from agents.benchmarks.ranking_plots import plot_trials
from agents.benchmarks.trials import Setting
from cli.bench.ranking import Spread
from cli.bench.reactions import reactions as bench_reactions
from records.errors import BadInput

WORDS = "gel salt light steam copper ligand base heat".split()


class HashedWords:
    """A text's vector is the sum of its words', which are hashed: quick, and alike where words are shared."""

    name = "hashed words"
    dimension = 32

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.array([sum(map(self._word, text.lower().split())) for text in texts])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def _word(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).normal(size=self.dimension)


def written_pool() -> dict[str, Any]:
    draw = random.Random(4)
    candidates = []
    for n in range(24):
        words = draw.sample(WORDS, 3)
        judged = {"similarity": [90 * ("gel" in words) + n / 10, 80 * ("salt" in words)], "relevant": 1}
        traits = [{"name": word, "role": f"does {word}"} for word in words]
        candidates.append({"id": f"c{n}", "text": " ".join(words), "traits": traits, "judged": judged})
    candidates[7]["judged"]["similarity"] = [100, 100]
    points = [{"name": "gel", "role": "holds", "weight": 3}, {"name": "salt", "role": "acts", "weight": 1}]
    return {
        "question": "which gel",
        "ground_truth_id": "c7",
        "key_points": points,
        "candidates": candidates,
    }


@pytest.fixture
def pool_file(tmp_path: Path) -> Callable[..., Path]:
    def write(change: Callable[[dict[str, Any]], None] | None = None, name: str = "pool.json") -> Path:
        data = written_pool()
        if change:
            change(data)
        (tmp_path / name).write_text(json.dumps(data))
        return tmp_path / name

    return write


def orders(path: Path, *, seeds: int = 1, names: Sequence[str] = ()) -> dict[str, list[tuple[str, ...]]]:
    """What each policy tests, by seed."""
    found = trials.run_trials([path], names, Setting(seeds=seeds), HashedWords())
    return {
        name: [trial.order for some in of_pool.values() for trial in some] for name, of_pool in found.items()
    }


def test_the_hidden_score_is_the_weighted_similarity(pool_file: Callable[..., Path]) -> None:
    def irrelevant(data: dict[str, Any]) -> None:
        data["candidates"][3]["judged"]["relevant"] = 0

    pool, hidden = read_pool(pool_file(irrelevant), "in")
    first, second = written_pool()["candidates"][5]["judged"]["similarity"]
    assert hidden["c5"] == pytest.approx(0.75 * first + 0.25 * second)
    assert (hidden["c7"], hidden["c3"], len(pool.members)) == (100, 0, 24)


def test_without_the_truth_the_best_of_the_others_has_100(pool_file: Callable[..., Path]) -> None:
    pool, hidden = read_pool(pool_file(), "out")
    _, kept = read_pool(pool_file(), "in")
    assert "c7" not in hidden
    assert "c7" not in {one.id for one in pool.members}
    best = max(score for id, score in kept.items() if id != "c7")
    assert max(hidden.values()) == pytest.approx(100)
    assert hidden["c2"] == pytest.approx(100 * kept["c2"] / best)


def test_the_order_of_candidates_cannot_reach_a_policy(pool_file: Callable[..., Path]) -> None:
    def shuffled(data: dict[str, Any]) -> None:
        random.Random(1).shuffle(data["candidates"])

    assert orders(pool_file()) == orders(pool_file(shuffled))


def test_what_was_judged_reaches_a_policy_by_results_alone(pool_file: Callable[..., Path]) -> None:
    """Every untested candidate's judgement is changed: what is tested before stays the same."""
    plain = orders(pool_file(), seeds=1)
    for name, [order] in plain.items():
        known = set(order[:6])

        def changed(data: dict[str, Any], known: set[str] = known) -> None:
            for one in data["candidates"]:
                if one["id"] not in known | {"c7"}:
                    one["judged"]["similarity"] = [one["judged"]["similarity"][1], 5.0]

        best = max(read_pool(pool_file(), "out")[1].items(), key=lambda item: item[1])[0]
        if best not in known:  # else the scale of the known ones would change with the rest
            changed_file = pool_file(lambda data, keep=known | {best}: changed(data, keep), "other.json")
            kept = pool_file()
            kept.rename(kept.with_name("kept.json"))
            changed_file.rename(kept)
            [again] = orders(kept, seeds=1, names=[name])[name]
            assert again[:7] == order[:7], name


def test_the_key_points_and_the_truth_are_not_among_what_a_policy_is_given(
    pool_file: Callable[..., Path],
) -> None:
    """Other names in the ground truth, other weights for the same scores: the same experiments."""

    def renamed(data: dict[str, Any]) -> None:
        data["ground_truth"] = "the answer is here"
        for point in data["key_points"]:
            point.update(name="secret", role="secret", weight=10 * point["weight"])

    assert orders(pool_file()) == orders(pool_file(renamed))


def test_all_policies_meet_the_same_noise(pool_file: Callable[..., Path]) -> None:
    """A candidate's measured value hangs on seed and candidate, not on when or by whom it is tested."""
    from ranking import Campaign

    told: dict[tuple[int, str], set[float]] = {}
    add = Campaign.add_result

    def listen(self: Campaign, id: str, score: float | None, **rest: Any) -> None:
        assert score is not None
        told.setdefault((self._seed, id), set()).add(score)
        add(self, id, score, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Campaign, "add_result", listen)
        orders(pool_file(), seeds=2, names=["surrogate", "greedy", "random"])
    assert len(told) > 30
    assert all(len(scores) == 1 for scores in told.values())
    assert len({scores.pop() for scores in told.values()}) == len(told)


def test_the_figures_are_those_of_the_trials(pool_file: Callable[..., Path]) -> None:
    found = trials.run_trials([pool_file()], ["surrogate", "most-traits"], Setting(seeds=3), HashedWords())
    figures = trials.document(found)
    hidden = read_pool(pool_file(), "out")[1]
    best = max(hidden, key=lambda id: hidden[id])
    counts = [trial.order.index(best) + 1 for trial in found["surrogate"]["pool"]]
    assert figures["trials_to_best"] == pytest.approx(fmean(counts))
    assert figures["trials_median"] == np.median(counts)
    assert figures["pools"] == {"pool": pytest.approx(fmean(counts))}
    assert set(figures["declared_regret"]) == {"5", "10", "20"}
    assert 0 <= figures["declared_regret"]["20"] <= figures["declared_regret"]["5"] <= 1
    assert set(figures["policies"]) == {"surrogate", "most-traits"}
    assert figures["policy"] == "surrogate"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.pop("candidates"), "candidates: Field required"),
        (lambda data: data["candidates"][0].pop("judged"), "judged: Field required"),
        (lambda data: data["candidates"][2]["judged"]["similarity"].pop(), "'c2' has 1 similarities for 2"),
        (lambda data: data.update(ground_truth_id="c99"), "the ground truth 'c99' is no candidate"),
        (lambda data: data["candidates"][1].update(id="c0"), "two candidates have the id 'c0'"),
        (lambda data: data["key_points"][0].update(weight=-1), "weight"),
    ],
)
def test_a_file_that_is_no_pool_is_told_of_in_a_line(
    pool_file: Callable[..., Path], change: Callable[[dict[str, Any]], None], told: str
) -> None:
    with pytest.raises(BadInput, match=told) as raised:
        read_pool(pool_file(change))
    assert "\n" not in raised.value.message


def test_missing_files_unknown_policies_and_twins_are_told_of(
    pool_file: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_pool(tmp_path / "nowhere.json")
    with pytest.raises(BadInput, match="no policy 'oracle'; use one of surrogate"):
        orders(pool_file(), names=["oracle"])
    with pytest.raises(BadInput, match="two of the files are named pool"):
        trials.run_trials([pool_file(), pool_file()], ["random"], Setting(seeds=1), HashedWords())


def test_every_policy_takes_part() -> None:
    assert {"surrogate", "linear", "cluster", "epistemic", "greedy", "prior", "random"} < set(POOL_ENTRANTS)


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["base", "base_smiles", "T", "yield"])
        for base, smiles, gain in (
            ("acetate", "CC(=O)[O-]", 30),
            ("hydroxide", "[OH-]", 5),
            ("amine", "CCN", 9),
        ):
            for celsius in range(60, 120, 5):
                writer.writerow([base, smiles, celsius, gain + celsius / 2])
    return path


def test_every_policy_starts_a_table_with_the_same_experiment(table_file: Path) -> None:
    table = reactions.read_table(table_file, ["base", "T"], "yield")
    runs = reactions.run_table(table, [], 12, 2)
    assert set(runs) == {"surrogate", "linear", "cluster", "epistemic", "greedy", "random"}
    starts = {tuple(run.best[0] for run in of_policy) for of_policy in runs.values()}
    assert starts == {tuple(table.yields[reactions.first_row(36, seed)] for seed in range(2))}
    figures = reactions.document(runs)
    assert list(figures["best_after"]) == ["5", "10", "12"]
    assert figures["best_after"]["12"] == fmean(run.best[11] for run in runs["surrogate"])
    assert figures["best_after"]["12"] > figures["policies"]["random"]["best_after"]["12"]
    assert figures["seconds_per_recommendation"] > 0


def test_yields_of_the_untested_cannot_reach_a_policy(table_file: Path) -> None:
    table = reactions.read_table(table_file, ["base", "T"], "yield")
    one = reactions.run_one(table, "surrogate", 10, 1)
    other = tuple(value if row in one.order else 99.0 - value for row, value in enumerate(table.yields))
    assert other != table.yields
    assert reactions.run_one(reactions.Table(table.candidates, other), "surrogate", 10, 1).order == one.order


def test_numbers_are_quantities_and_the_rest_categories(table_file: Path) -> None:
    table = reactions.read_table(table_file, ["base", "T"], "yield")
    assert table.candidates[0].features == {"base": "acetate", "T": 60.0}


def test_a_name_beside_its_smiles_counts_once(table_file: Path) -> None:
    table = reactions.read_table(table_file, ["base", "T"], "yield", ["base_smiles"])
    assert table.candidates[0].features == {"T": 60.0}
    [vector] = table.candidates[0].descriptors.values()
    assert len(vector) > 100


@pytest.mark.parametrize(
    ("features", "target", "told"),
    [
        (["base", "pressure"], "yield", "no column 'pressure'; it has base, base_smiles, T, yield"),
        (["T"], "base", "'acetate' under 'base' is no number"),
    ],
)
def test_a_table_that_cannot_be_used_is_told_of(
    table_file: Path, features: list[str], target: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        reactions.read_table(table_file, features, target)


def test_tables_that_are_none_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        reactions.read_table(tmp_path / "nowhere.csv", ["T"], "yield")
    path = tmp_path / "gap.csv"
    path.write_text("T,yield\n60,1\n70,\n")
    with pytest.raises(BadInput, match="line 3: nothing stands under 'yield'"):
        reactions.read_table(path, ["T"], "yield")
    path.write_bytes(b"T,yield\n\xff\xfe,1\n")
    with pytest.raises(BadInput, match="is not a table"):
        reactions.read_table(path, ["T"], "yield")


def test_an_option_takes_several_values(table_file: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command(cls=Spread)(bench_reactions)
    told = CliRunner().invoke(
        app,
        [
            *("--table", str(table_file), "--features", "base", "T", "--target", "yield", "--json"),
            *("--policy", "random", "surrogate", "--budget", "10", "--seeds", "2", "--out", str(tmp_path)),
        ],
    )
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout.splitlines()[-1])
    assert set(figures["policies"]) == {"random", "surrogate"}
    assert figures["best_after"] == figures["policies"]["surrogate"]["best_after"]
    assert all(Path(path).stat().st_size > 1000 for path in figures["plots"])


def test_the_trials_are_drawn(pool_file: Callable[..., Path], tmp_path: Path) -> None:
    found = trials.run_trials([pool_file()], ["random", "prior"], Setting(seeds=2), HashedWords())
    svg, png = plot_trials(found, tmp_path / "plots")
    assert "experiments" in svg.read_text()
    assert png.read_bytes().startswith(b"\x89PNG")
