"""What the tests in a browser share: a page that must not complain, and what axe finds serious on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

from playwright.sync_api import BrowserContext, Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
SERIOUS = """rules => axe.run(rules ? {runOnly: rules} : {}).then(found => found.violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))"""


@contextmanager
def quiet_page(context: BrowserContext) -> Iterator[Page]:
    """A page that has nothing to complain about: no error, no policy broken."""
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    opened.close()
    assert said == []


def serious(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """What axe finds serious on the page, by these of its rules or by all."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(SERIOUS, rules)
    return found
