"""Asking as a chemist does: with a table of one's own, by keyboard alone, and where no script runs."""

from __future__ import annotations

from pathlib import Path

from browsing import listens, quiet_page
from desks import Desk
from playwright.sync_api import BrowserContext, Page, expect

from records.database import Database
from records.repositories import Collections, Papers, Runs

OWN = "\ufeffAdditive;Why;Thermopower;Lot\nUrea;it widens solvation;1,9;7\nBetaine;;2.1;8\nUrea;;high;9\n"
"""As a spreadsheet with decimal commas saves it; its last row is wrong."""


def choose(page: Page, field: str, words: str) -> None:
    """By keyboard: the field's option that begins so."""
    page.locator(field).focus()
    page.keyboard.type(words)


def test_a_table_is_looked_at_assigned_mended_and_asked_by_keyboard(
    signed_in: BrowserContext, tmp_path: Path, browsed_desk: Desk, browsed_database: Database
) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    with quiet_page(signed_in, refused=True) as page:
        page.goto("/")
        listens(page)
        page.keyboard.type("ga")
        page.wait_for_url("**/ask")
        expect(page.get_by_label("Question")).to_be_focused()
        page.keyboard.type("Which salt?")
        page.locator("#laboratory").select_option("simulated")
        expect(page.locator("#truth")).to_be_visible()
        page.locator("#laboratory").select_option("human")
        page.locator("#hypotheses").focus()
        page.keyboard.type("0")
        page.locator("#file").set_input_files(tmp_path / "own.csv")
        page.keyboard.press("Escape")
        page.keyboard.press("l")
        expect(page.get_by_text("No column is the title yet")).to_be_visible()
        listens(page)  # it is another page now
        for number, role in enumerate(("title", "statement", "score")):
            choose(page, f"#role-{number}", role)
        page.keyboard.press("Escape")
        expect(page.locator("#role-2")).not_to_be_focused()
        page.keyboard.press("s")
        alert = page.get_by_role("alert").first
        expect(alert).to_be_focused()
        expect(alert).to_contain_text("It was not asked yet")
        expect(page.get_by_role("alert").nth(1)).to_contain_text(
            "line 4: score: This should be a valid number"
        )
        expect(page.get_by_role("row", name="Urea it widens solvation")).to_contain_text("1.90")
        expect(page.locator("#hypotheses")).to_have_value("0")
        listens(page)
        page.locator("#candidates").fill(OWN.strip("\ufeff").replace("high", "2.3"))
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        page.wait_for_url("**/runs/*")
    with browsed_database.read() as session:
        plan = Runs(session, browsed_desk.workspace_id).get(page.url.rpartition("/")[2]).plan
    told = [(one["title"], [result["score"] for result in one["results"]]) for one in plan["candidates"]]
    assert told == [("Urea", [1.9, 2.3]), ("Betaine", [2.1])]


def test_without_javascript_a_question_keeps_its_files_and_a_double_click_asks_once(
    plain_page: Page, tmp_path: Path, browsed_desk: Desk, browsed_database: Database
) -> None:
    with browsed_database.write() as session:
        shelf = Collections(session, browsed_desk.workspace_id)
        paper = Papers(session, browsed_desk.workspace_id).ids()[0]
        named = shelf.create(f"Salts {browsed_desk.run_id}")
        shelf.add(named.id, [paper])
    (tmp_path / "table.csv").write_text("base,yield\nDBU,41\nDBU,43\nK2CO3,\n")
    page, question = plain_page, f"Which base, {browsed_desk.run_id}?"
    page.goto("/ask")
    page.get_by_label("Question").fill(question)
    page.get_by_label("Papers it may read").select_option(named.id)
    page.get_by_label("Who measures").select_option("recorded")
    page.get_by_label("Experiments").fill("none")
    page.get_by_label("Money").fill("2,5")
    page.get_by_label("Hypotheses").fill("0")
    page.locator("summary", has_text="A table of measured values").click()
    page.locator("#table_file").set_input_files(tmp_path / "table.csv")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("alert")).to_contain_text("budget: This should be a valid integer")
    expect(page.get_by_text("2 different rows were read")).to_be_visible()
    expect(page.get_by_label("Who measures")).to_have_value("recorded")
    expect(page.get_by_label("Papers it may read")).to_have_value(named.id)
    page.get_by_label("Experiments").fill("2")
    page.get_by_label("Measured is").select_option("yield")
    page.get_by_role("button", name="Ask").dblclick()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("heading", name=question)).to_be_visible()
    with browsed_database.read() as session:
        runs = Runs(session, browsed_desk.workspace_id)
        asked = [run for run in runs.recent(9) if runs.question(run.id).text == question]
        assert len(asked) == 1
        assert runs.paper_ids(asked[0].id) == [paper]
    assert (asked[0].plan["budget"], asked[0].plan["money_budget"]) == (2, 2.5)
    assert [row["values"] for row in asked[0].plan["laboratory"]["rows"]] == [[41.0, 43.0], [None]]
