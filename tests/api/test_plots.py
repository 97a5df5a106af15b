"""The pictures of a run: what they show, and that they stand alone."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from itertools import permutations
from statistics import mean
from xml.etree import ElementTree

import pytest

from api.pages.plots import PICTURES, Seen, draw, draw_all
from api.pages.plots.by_chance import best_by_chance
from api.pages.plots.gathering import Dot, Outcome
from api.pages.plots.scales import Axis
from api.pages.plots.tree import joined
from api.schemas.hypotheses import ClusterOut, TraitEffect
from records.errors import NotFound

SVG = "{http://www.w3.org/2000/svg}"


def seen(count: int = 6) -> Seen:
    dots = [
        Dot(
            f"h{n}",
            f"<b>Salt</b>\x0b {n} & more",
            n + 1,
            1.0 - 0.1 * n,
            0.05,
            0.5 / (n + 1),
            n % 2,
            place=(n, n * n),
        )
        for n in range(count)
    ]
    tests = [
        Outcome("h1", 1, 0.4, 0.02, None, None),
        Outcome("h3", 2, None, None, 0.6, 0.1),
        Outcome("h5", 3, 0.7, None, 0.5, 0.2),
    ]
    clusters = [
        ClusterOut(id="a", name="=salts", key_points=["salt"], members={"h0": 1.0, "h1": 1.0}),
        ClusterOut(id="b", name="gels", key_points=["gel"], members={"h1": 0.5, "h2": 1.0}),
        ClusterOut(id="c", name="acids", key_points=["acid"], members={"h4": 1.0}),
    ]
    traits = [TraitEffect(trait="salt", effect=0.3, low=0.1, high=0.5, candidates=2)]
    return Seen("r", dots, tests, traits, clusters, "mV/K")


def test_a_run_with_results_has_all_pictures_and_one_without_has_few() -> None:
    assert [picture.name for picture in draw_all(seen())] == list(PICTURES)
    fresh = replace(seen(), tests=[], dots=[Dot("h0", "Salt"), Dot("h1", "Urea")], clusters=[])
    assert draw_all(fresh) == []
    with pytest.raises(NotFound):
        draw(fresh, "trace")


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_a_file_that_needs_nothing_else(name: str) -> None:
    picture = draw(seen(), name)
    root = ElementTree.fromstring(picture.as_file())
    assert root.tag == f"{SVG}svg"
    assert "fill" in (root.findtext(f"{SVG}style") or "")
    assert not [one for one in root.iter() if "href" in one.attrib]  # nothing leads anywhere
    assert not list(root.iter(f"{SVG}b"))  # what a title says is text
    table = list(csv.reader(io.StringIO(picture.as_csv(), newline="")))
    assert len(table) == 1 + len(picture.rows)
    assert all(len(row) == len(picture.columns) for row in picture.rows)


def test_a_spreadsheet_computes_nothing_from_a_name() -> None:
    assert "'=salts" in draw(seen(), "tree").as_csv()


def test_the_best_by_chance_is_what_all_orders_give_on_average() -> None:
    scores = [0.1, 0.9, 0.4, 0.4, 0.7]
    for one in best_by_chance(scores, range(1, 6)):
        tried = sorted(max(order[: one.picks]) for order in permutations(scores))
        assert one.mean == pytest.approx(mean(tried))
        assert one.low <= one.mean <= one.high
        assert one.high in scores
    assert best_by_chance([0.3] * 5000, [4000])[0].mean == pytest.approx(0.3)


def test_the_trace_counts_a_failure_and_keeps_the_best() -> None:
    picture = draw(seen(), "trace")
    assert [(row[2], row[4]) for row in picture.rows] == [(0.4, 0.4), (None, 0.4), (0.7, 0.7)]


def test_predicted_is_what_was_expected_before_the_result() -> None:
    picture = draw(seen(), "predicted")
    assert [row[2:5] for row in picture.rows] == [(0.5, 0.2, 0.7)]
    assert "1 of 1 lie within" in picture.caption


def test_a_map_of_ten_thousand_is_still_a_page() -> None:
    picture = draw(seen(10_000), "map")
    assert len(str(picture.svg)) < 140_000
    assert len(picture.rows) == 10_000
    assert "of 10000 are drawn" in picture.caption


def test_clusters_that_share_most_are_joined_first() -> None:
    root = joined([{"x": 1.0, "y": 1.0}, {"z": 1.0}, {"x": 1.0, "y": 0.5}])
    assert root.distance == 1.0
    pair = next(part for part in root.parts if part.parts)
    assert (set(pair.members), pair.distance) == ({0, 2}, 0.25)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 41.0), (5.0, 5.0), (1e-7, 2e-7), (-1e9, 1e9)])
def test_an_axis_has_a_few_round_numbers_on_it(low: float, high: float) -> None:
    axis = Axis.over([low, high], 0.0, 100.0)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 8
    assert all(-1e-6 <= axis.at(tick) <= 100 + 1e-6 for tick in ticks)
