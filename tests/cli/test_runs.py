"""What a run may be given, and what it leaves."""

from __future__ import annotations

import signal
import time

from command import QUESTION, document, run_id_in


def test_a_run_prints_its_ranking_and_writes_the_report(whole):
    said = whole.finished
    assert QUESTION[:40] in said.out
    assert f"{whole.out / 'report.html'} and {whole.out / 'run.json'} are written." in said.out
    assert f"touchstone run --resume {said.run_id}" in said.err
    run = document(whole.out)
    assert len(run["trace"]) == 3
    assert sorted(one["rank"] for one in run["hypotheses"]) == [1, 2, 3, 4]
    # The hidden answer is the laboratory's alone.
    assert "guanidinium sulfate dissolved" not in said.out


def test_a_run_names_a_broken_entry_and_goes_on_with_the_others(touchstone, bibliography, papers, tmp_path):
    survey, out = tmp_path / "survey.txt", tmp_path / "out"
    survey.write_text("Chaotropic salts raise the thermopower, but the gel softens and tears.")
    corpus = ("--corpus", bibliography, "--corpus", papers(8))
    done = touchstone("run", QUESTION, *corpus, "--survey", survey, "--lab", "none", "--out", out)
    assert done.code == 0, done.err
    assert "Left out: entry 'unfinished' (line 4) in refs.bib: its braces" in done.err
    run = document(out)
    assert run["corpus"]["papers"] == 2 + 8
    assert run["question"]["survey"] == survey.read_text()
    # Without a laboratory, belief alone ranks.
    assert (run["run"]["policy"], run["trace"]) == ("prior", [])
    assert run["hypotheses"]


def test_interrupted_a_run_says_that_its_work_is_kept_and_goes_on_when_asked(touchstone, table, tmp_path):
    request = (
        "run",
        "Which yields most?",
        "--lab",
        f"recorded:{table}:yield",
        "--budget",
        20,
        "--out",
        tmp_path,
    )
    process = touchstone.begin(*request)
    while (run_id := run_id_in(process.said())) is None:
        assert process.poll() is None, process.said()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert told.splitlines()[-1] == "Interrupted; what was done is kept."
    assert "Traceback" not in told

    done = touchstone("run", "--resume", run_id, "--out", tmp_path)
    assert done.code == 0, done.err
    run = document(tmp_path)
    assert len(run["trace"]) == len(run["hypotheses"]) == 12
    assert sum(point["status"] == "failed" for point in run["trace"]) == 1
    assert min(run["hypotheses"], key=lambda one: one["rank"])["title"] == "CsOPiv · 105"
    # A table needs no papers, and so no index.
    assert not (touchstone.data_dir / "chroma").exists()
