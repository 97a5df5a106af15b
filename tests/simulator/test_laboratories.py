"""What every laboratory keeps to."""

from __future__ import annotations

import subprocess
import sys

import pytest

from simulator import (
    GroundTruth,
    HumanLaboratory,
    KeyPoint,
    Laboratory,
    Noise,
    RecordedLaboratory,
    Sample,
    SimulatedLaboratory,
)

TRUTH = GroundTruth((KeyPoint("silver catalyst", weight=70), KeyPoint("80 °C", weight=30)))
SAMPLES = [
    Sample("1", (KeyPoint("silver catalyst"), KeyPoint("80 °C")), row="Ag|80"),
    Sample("2", (KeyPoint("silver catalyst"), KeyPoint("60 °C")), row="Ag|60"),
    Sample("3", (KeyPoint("gold catalyst"), KeyPoint("80 °C")), row="Au|80"),
    Sample("4", (KeyPoint("stirring"),), row="stirring"),
]
LABORATORIES = {
    "simulated": SimulatedLaboratory(TRUTH, seed=3),
    "rugged": SimulatedLaboratory(TRUTH, seed=3, landscape=3),
    "unreliable": SimulatedLaboratory(TRUTH, seed=3, noise=Noise(failure_rate=0.5)),
    "recorded": RecordedLaboratory(
        {"Ag|80": [91.0, 93.0], "Ag|60": [55.0, None], "Au|80": [40.0], "stirring": [None]}
    ),
    "sampled": RecordedLaboratory(
        {"Ag|80": [91.0, 93.0], "Ag|60": [55.0, None], "Au|80": [40.0], "stirring": [None]},
        replicates="sample",
    ),
    "human": HumanLaboratory(),
}


@pytest.fixture(params=LABORATORIES)
def laboratory(request: pytest.FixtureRequest) -> Laboratory:
    return LABORATORIES[request.param]


def test_answers_for_each_sample_in_order(laboratory: Laboratory) -> None:
    results = laboratory.measure(SAMPLES)
    assert [result.id for result in results] == ["1", "2", "3", "4"]
    assert {result.source for result in results} == {laboratory.name}


def test_scores_what_is_done_and_nothing_else(laboratory: Laboratory) -> None:
    for result in laboratory.measure(SAMPLES):
        assert (result.score is not None) == (result.status == "done")
        if result.status != "done":
            assert result.sem is None
        assert result.cost >= 0


def test_says_the_same_when_asked_again(laboratory: Laboratory) -> None:
    assert laboratory.measure(SAMPLES) == laboratory.measure(SAMPLES)


def test_the_order_and_the_company_of_samples_do_not_matter(laboratory: Laboratory) -> None:
    together = laboratory.measure(SAMPLES)
    assert laboratory.measure(SAMPLES[::-1]) == together[::-1]
    assert [laboratory.measure([sample])[0] for sample in SAMPLES] == together


def test_ids_decide_nothing(laboratory: Laboratory) -> None:
    renamed = [Sample(f"another-{s.id}", s.key_points, s.row) for s in SAMPLES]
    for before, after in zip(laboratory.measure(SAMPLES), laboratory.measure(renamed), strict=True):
        assert (after.status, after.score, after.sem) == (before.status, before.score, before.sem)


def test_measures_nothing_when_asked_for_nothing(laboratory: Laboratory) -> None:
    assert laboratory.measure([]) == []


def test_noise_is_the_same_in_another_process() -> None:
    program = (
        "from simulator import *\n"
        "truth = GroundTruth((KeyPoint('silver catalyst', weight=1),))\n"
        "sample = Sample('1', (KeyPoint('gold catalyst'), KeyPoint('80 °C')))\n"
        "print(SimulatedLaboratory(truth, seed=3, landscape=2).measure([sample])[0].score)"
    )
    run = [sys.executable, "-c", program]
    scores = {
        subprocess.run(
            run,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(scores) == 1


def test_people_are_waited_for() -> None:
    results = HumanLaboratory().measure(SAMPLES)
    assert {(result.status, result.cost) for result in results} == {("pending", 0.0)}
