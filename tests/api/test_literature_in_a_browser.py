"""The literature in a real browser: without a mouse, without JavaScript, and for everybody's eyes."""

from __future__ import annotations

import pytest
from browsing import open_all, serious
from desks import Desk
from playwright.sync_api import Page, expect

from records.database import Database
from records.models import Paper, Passage
from records.repositories import Novelties, Papers, Topics
from records.repositories.topics import Grown, Lies


@pytest.fixture
def desk_database(browsed_database: Database) -> Database:
    return browsed_database


@pytest.fixture
def desk(browsed_desk: Desk) -> Desk:
    return browsed_desk


@pytest.fixture
def topics(desk_database: Database, desk: Desk) -> list[str]:
    """Soft matter with gels and cells in it, a paper in each; the topics' ids, then the papers'."""
    with desk_database.write() as session:
        papers = Papers(session, desk.workspace_id)
        ids = [
            papers.add(
                Paper(
                    title=f"{name} {desk.run_id}", title_key=f"{name}{desk.run_id}", abstract="", source="n"
                ),
                [Passage(text=f"{name} are soft. " * 40)],
            )
            for name in ("Gels", "Cells")
        ]
        tree = Topics(session, desk.workspace_id)
        grown = [Grown(None, None, "Soft matter", ("gels",), 2)]
        grown += [Grown(None, 0, name, (name.lower(),), 1) for name in ("Gels", "Cells")]
        tree.replace(grown, [Lies(1, ids[0]), Lies(2, ids[1])])
        Novelties(session, desk.workspace_id).flag(desk.hypotheses[0], ids[0], 0.4)
        return [*(topic.id for topic in tree.tree()), *ids]


def test_axe_finds_nothing_serious_and_nothing_is_cut_off_on_a_phone(page: Page, topics: list[str]) -> None:
    leaf, paper = f"topics/{topics[1]}", f"papers/{topics[3]}"
    for place in ("", "topics", f"topics/{topics[0]}", leaf, paper, "feeds", "search"):
        page.goto(f"/literature/{place}".rstrip("/"))
        open_all(page)
        page.emulate_media(color_scheme="light")
        assert serious(page) == [], place
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place
        if place in (leaf, paper, "feeds"):
            page.emulate_media(color_scheme="dark")
            assert serious(page, ["color-contrast"]) == [], place


def test_a_topic_is_found_renamed_and_a_paper_moved_without_a_mouse(
    page: Page, topics: list[str], desk: Desk, desk_database: Database
) -> None:
    page.goto("/")
    for keys in ("gl", "gt"):
        expect(page.locator("html[data-keys]")).to_be_attached()
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url("**/literature" if keys == "gl" else "**/topics")
    expect(page.locator("html[data-keys]")).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{topics[0]}")
    expect(page.locator("html[data-keys]")).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{topics[1]}")
    expect(page.locator("html[data-keys]")).to_be_attached()
    page.keyboard.press("c")
    page.keyboard.press("Control+a")
    page.keyboard.type("Tough gels")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tough gels")).to_be_visible()
    expect(page.locator("html[data-keys]")).to_be_attached()
    page.keyboard.press("j")
    page.keyboard.press("m")
    page.keyboard.press("e")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 moved")
    with desk_database.read() as session:
        homes = Topics(session, desk.workspace_id).homes()
    assert {lie.paper_id: lie.topic_id for lie in homes}[topics[3]] == topics[2]


def test_without_javascript_topics_are_read_and_papers_put_where_they_belong(
    plain_page: Page, topics: list[str]
) -> None:
    page = plain_page
    page.goto("/literature/topics")
    page.get_by_role("link", name="Gels", exact=True).click()
    page.get_by_role("link", name="Gels").first.click()
    page.get_by_label("Belongs to").select_option(label="Soft matter › Cells")
    page.get_by_role("button", name="Put it there").click()
    expect(page.get_by_role("status")).to_contain_text("stays there")
