"""At the bench: the table goes out and comes back, the sheet is printed, and what is refused stays marked."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from browsing import quiet_page
from desks import Desk
from playwright.sync_api import BrowserContext, Page, expect
from pypdf import PdfReader

from config import Settings
from records.database import Database
from records.repositories import Experiments


def filled(table: str, scores: dict[str, str]) -> str:
    """The table as a spreadsheet with decimal commas gives it back, with these scores by experiment."""
    rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff"))))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows({**row, "score": scores[row["experiment_id"]], "unit": "mV/K"} for row in rows)
    return "\ufeff" + text.getvalue()


def test_the_table_goes_out_is_filled_in_and_comes_back(
    signed_in: BrowserContext, browsed_desk: Desk, browsed_database: Database, tmp_path: Path
) -> None:
    with browsed_database.write() as session:
        experiments = Experiments(session, browsed_desk.workspace_id)
        third = experiments.recommend(browsed_desk.run_id, 3, browsed_desk.hypotheses[2], "surrogate").id
    with quiet_page(signed_in, refused=True) as page:
        page.goto(f"/runs/{browsed_desk.run_id}/bench")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Get the table of what waits").click()
        table = Path(saved.value.path()).read_text()
        back = tmp_path / "bench.csv"
        for score in ("high", "2,25"):
            back.write_text(filled(table, {browsed_desk.pending_id: "3,7", third: score}))
            page.get_by_label("or a file").set_input_files(back)
            page.get_by_role("button", name="Enter the table").click()
            if score == "high":
                expect(page.get_by_role("alert")).to_contain_text("line 3, score")
                expect(page.locator("#table")).to_have_value(back.read_text()[1:])
        expect(page.get_by_role("status").first).to_contain_text("Kept")
        expect(page.locator("#done")).to_contain_text("2.25 mV/K")
    with browsed_database.read() as session:
        experiments = Experiments(session, browsed_desk.workspace_id)
        kept = [experiments.get(one).results[0].score for one in (browsed_desk.pending_id, third)]
    assert kept == [3.7, 2.25]


def test_the_sheet_is_printed_with_room_to_write_and_nothing_to_press(page: Page, browsed_desk: Desk) -> None:
    page.goto(f"/runs/{browsed_desk.run_id}/sheet")
    expect(page.get_by_role("button", name="Print it")).to_be_visible()
    (sheet,) = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    text = sheet.extract_text()
    assert sheet.mediabox.width > sheet.mediabox.height
    assert browsed_desk.pending_id in text
    assert "Note, date, name" in text
    for pressed in ("Print it", "Sign out", "Ranking"):
        assert pressed not in text


def test_without_javascript_what_is_refused_stays_marked(plain_page: Page, browsed_desk: Desk) -> None:
    plain_page.goto(f"/runs/{browsed_desk.run_id}?sort=title")
    marked = plain_page.get_by_label("Mark Sodium chloride")
    marked.check()
    plain_page.get_by_text("With the marked ones").click()
    plain_page.get_by_label("Tags").fill("dry")
    plain_page.get_by_role("button", name="Reject").click()
    expect(plain_page.get_by_role("alert")).to_contain_text("why it is rejected")
    expect(marked).to_be_checked()
    expect(plain_page.get_by_label("Tags")).to_have_value("dry")
    expect(plain_page.get_by_label("Sort by")).to_have_value("title")
    plain_page.get_by_role("button", name="Tag", exact=True).click()
    expect(plain_page.get_by_role("status")).to_contain_text("1 hypothesis tagged")


def test_an_error_is_told_to_a_person_as_a_page_that_says_what_to_do(
    signed_in: BrowserContext, browsed: tuple[str, Settings], browsed_desk: Desk
) -> None:
    with quiet_page(signed_in, refused=True) as page:
        for place, said in (("/nowhere", "There is no such page"), ("/sign-out", "There is no such page")):
            page.goto(place)
            expect(page.get_by_role("alert")).to_contain_text(said)
            expect(page.get_by_text("The address may have been cut off")).to_be_visible()
        page.goto(f"/runs/{browsed_desk.run_id}/bench")
        page.locator("#table").fill("x" * (browsed[1].api.body_limit + 1))
        page.get_by_role("button", name="Enter the table").click()
        expect(page.get_by_role("heading", name="Too much at once")).to_be_visible()
        page.goto("/v1/nowhere")
        expect(page.get_by_text("urn:touchstone:problem:not_found")).to_be_visible()
