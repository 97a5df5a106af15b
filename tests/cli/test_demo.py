"""The demo, as a newcomer sees it."""

from __future__ import annotations

from command import document


def test_the_demo_ranks_hypotheses_against_a_hidden_answer(touchstone, tmp_path):
    done = touchstone("demo", "--out", tmp_path)
    assert done.code == 0, done.err
    run = document(tmp_path, "demo-run.json")
    assert run["run"]["state"] == "done"
    assert len(run["trace"]) == 12
    best = min(run["hypotheses"], key=lambda one: one["rank"])
    row = next(line for line in done.out.splitlines() if line.lstrip().startswith("1 "))
    assert best["title"][:20] in row
    assert best["title"] in (tmp_path / "demo-report.html").read_text()
    # The database of a demo is thrown away.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo-report.html", "demo-run.json"]


def test_the_reactions_demo_finds_a_good_yield_in_a_measured_table(touchstone, tmp_path):
    done = touchstone("demo", "--reactions", "--out", tmp_path)
    assert done.code == 0, done.err
    run = document(tmp_path, "demo-reactions-run.json")
    assert (len(run["hypotheses"]), len(run["trace"])) == (1728, 30)
    assert max(point["best_so_far"] or 0 for point in run["trace"]) > 90
    assert "and 1716 more in the report" in done.out
    assert (tmp_path / "demo-reactions-report.html").stat().st_size > 10_000
