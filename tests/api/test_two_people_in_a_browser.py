"""Two people at one record, each in a browser: whoever is later sees both, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import a_browser_of, another_browser, quiet_page
from desks import Desk, newcomer
from playwright.sync_api import Browser, BrowserContext, Page, expect

from config import Settings
from records.database import Database
from records.repositories import Experiments, Remarks


@pytest.fixture(scope="module")
def theirs(
    browsed: tuple[str, Settings], browsed_database: Database, browser: Browser
) -> Iterator[BrowserContext]:
    """Another chemist's browser."""
    with a_browser_of(browser, browsed[0], newcomer(browsed_database, browsed[1], "dora", "chemist")) as one:
        yield one


@pytest.fixture
def late(theirs: BrowserContext) -> Iterator[Page]:
    """The page of whoever will be later."""
    with quiet_page(theirs, refused=True) as opened:
        yield opened


def test_an_edit_over_anothers_shows_both_and_keeps_the_earlier_versions(
    page: Page, late: Page, browsed_desk: Desk, browsed_database: Database
) -> None:
    for one in (page, late):
        one.goto(f"/hypotheses/{browsed_desk.hypotheses[0]}?edit=1#edit")
    page.get_by_label("Title").fill("Guanidinium raises it")
    page.get_by_label("Clause 2").fill("Near the cold electrode.")
    page.get_by_role("button", name="Keep as version 2").click()
    expect(page.get_by_role("status").first).to_contain_text("Your version is kept")
    late.get_by_label("Title").fill("Guanidinium, typed late")
    late.get_by_role("button", name="Keep as version 2").click()
    expect(late.get_by_role("alert")).to_contain_text("owner edited it meanwhile")
    expect(late.get_by_label("Title")).to_have_value("Guanidinium, typed late")
    told = late.get_by_text("It now reads:")
    expect(told).to_have_text(
        ["It now reads: Guanidinium raises it", "It now reads: Near the cold electrode."]
    )
    late.get_by_label("Clause 2").fill("Near the cold electrode.")
    late.get_by_role("button", name="Keep as version 3").click()
    expect(late.get_by_role("heading", name="Guanidinium, typed late")).to_be_visible()
    late.get_by_text("2 earlier versions").click()
    expect(late.get_by_text("Guanidinium raises it")).to_be_visible()
    expect(late.get_by_text("Version 1, as it was made")).to_be_visible()
    with browsed_database.read() as session:
        kept = Remarks(session, browsed_desk.workspace_id).versions(browsed_desk.hypotheses[0])
    assert [one.clauses[1] for one in kept] == [
        "It takes ferrocyanide out of solution.",
        "Near the cold electrode.",
    ]


def test_a_result_amended_over_anothers_shows_both(
    page: Page, late: Page, browsed_desk: Desk, browsed_database: Database
) -> None:
    for one in (page, late):
        one.goto(f"/runs/{browsed_desk.run_id}/bench")
        one.locator("#done summary").first.click()
    page.locator("#done").get_by_label("Score").first.fill("2,5")
    page.locator("#done").get_by_label("Note").first.fill("weighed again")
    page.get_by_role("button", name="Amend").click()
    expect(page.get_by_role("status").first).to_contain_text("Kept")
    late.locator("#done").get_by_label("Score").first.fill("2.7")
    late.get_by_role("button", name="Amend").click()
    expect(late.get_by_role("alert")).to_contain_text("owner changed this result meanwhile")
    expect(late.get_by_role("alert")).to_contain_text("2.5 ± 0.1 mV/K, “weighed again”")
    expect(late.locator("#done").get_by_label("Score").first).to_have_value("2.7")
    late.get_by_role("button", name="Amend").click()
    expect(late.get_by_role("status").first).to_contain_text("Kept")
    with browsed_database.read() as session:
        assert Experiments(session, browsed_desk.workspace_id).result(browsed_desk.result_id).score == 2.7


def test_a_review_changed_in_another_window_is_shown_beside_what_was_typed(
    signed_in: BrowserContext, browsed: tuple[str, Settings], browsed_desk: Desk
) -> None:
    at = f"/runs/{browsed_desk.run_id}/review?at={browsed_desk.hypotheses[0]}"
    with (
        another_browser(signed_in, browsed[0]) as elsewhere,
        quiet_page(signed_in, refused=True) as first,
        quiet_page(elsewhere, refused=True) as second,
    ):
        for one in (first, second):
            one.goto(at)
        first.get_by_role("textbox", name="Reason").fill("from the one")
        first.get_by_role("button", name="Reject").click()
        expect(first.get_by_role("status").first).to_contain_text("Rejected")
        second.get_by_role("textbox", name="Reason").fill("typed in the other")
        second.get_by_role("button", name="Keep as a draft").click()
        expect(second.get_by_role("alert")).to_contain_text("“from the one”")
        expect(second.get_by_role("textbox", name="Reason")).to_have_value("typed in the other")
        second.get_by_role("button", name="Keep as a draft").click()
        expect(second.get_by_role("status").first).to_contain_text("Kept as a draft")
