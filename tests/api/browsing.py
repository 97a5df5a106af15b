"""What the tests in a browser share: quiet pages, people's browsers, what axe finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from desks import PASSWORD
from playwright.sync_api import Browser, BrowserContext, Page, expect

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
SERIOUS = """rules => axe.run({resultTypes: ["violations"], ...(rules && {runOnly: rules})})
    .then(found => found.violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))"""
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What the browser itself says of an answer that a person is shown as a page."""


@contextmanager
def quiet_page(context: BrowserContext, refused: bool = False) -> Iterator[Page]:
    """A page that has nothing to complain about: no error, no policy broken; no answer of 4xx either.

    ``refused``: such answers are what the test is about.
    """
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    opened.close()
    assert [text for text in said if not (refused and text.startswith(REFUSED))] == []


@contextmanager
def a_browser_of(browser: Browser, here: str, token: str) -> Iterator[BrowserContext]:
    """Somebody's browser, who signs in by this link."""
    context = browser.new_context(base_url=here)
    page = context.new_page()
    page.goto(f"/sign-in?token={token}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.wait_for_url("**/")
    page.close()
    yield context
    context.close()


@contextmanager
def another_browser(context: BrowserContext, here: str, **told: Any) -> Iterator[BrowserContext]:
    """Of the same person, with other settings."""
    assert context.browser is not None
    opened = context.browser.new_context(base_url=here, storage_state=context.storage_state(), **told)
    yield opened
    opened.close()


def serious(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What axe finds serious on the page, by these of its rules or by all."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(SERIOUS, rules)
    return found


def open_all(page: Page) -> None:
    """Whatever is folded away is unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")


def listens(page: Page) -> None:
    """Wait until the page hears its shortcuts."""
    expect(page.locator("html[data-keys]")).to_be_attached()
