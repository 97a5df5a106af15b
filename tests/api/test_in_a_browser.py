"""The pages in a real browser, which applies their policy and sends its own headers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from config import Settings
from records.database import Database
from records.first_start import first_start

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "four plain words here"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that has nothing to complain about: no error, no policy broken, no request elsewhere."""
    context = browser.new_context()
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert [text for text in said if "401 (Unauthorized)" not in text] == []


def test_an_owner_comes_in_by_the_link_leaves_and_comes_back(
    page: Page, client: httpx.Client, database: Database, settings: Settings, paper_ids: list[str]
) -> None:
    client.post("/v1/questions", json={"question": "Is <b>this</b> a question?"}).raise_for_status()
    here = str(client.base_url)

    page.goto(f"{here}/sign-in?token={first_start(database, settings)}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Questions")).to_be_visible()
    expect(page.get_by_role("cell", name="Is <b>this</b> a question?")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # the style sheet is let in
    assert page.evaluate("document.cookie") == ""  # and no script may read the session

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{here}/password")
    page.get_by_label("Name").fill("Owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Change your password")).to_be_visible()


def test_a_wrong_password_is_told_on_the_page(page: Page, client: httpx.Client) -> None:
    page.goto(f"{client.base_url}/sign-in")
    page.get_by_label("Name").fill("owner")
    page.get_by_label("Password").fill("a guess")
    with page.expect_response("**/sign-in") as answered:
        page.get_by_role("button").click()
    assert answered.value.status == 401
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("owner")
