"""The desk in a real browser: without a mouse, live, for everybody's eyes, and under its policy."""

from __future__ import annotations

import re
import time

import pytest
from browsing import another_browser, listens, open_all, serious
from desks import Desk
from playwright.sync_api import BrowserContext, Page, Request, expect

from config import Settings
from records.database import Database
from records.repositories import Experiments, Judging, Reviews, RunEvents, Runs

FIRST_PAINT = """new Promise(told => new PerformanceObserver(seen => {
    const paint = seen.getEntriesByName("first-contentful-paint")[0];
    if (paint) told(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


@pytest.fixture
def database(browsed_database: Database) -> Database:
    return browsed_database


@pytest.fixture
def desk(browsed_desk: Desk) -> Desk:
    return browsed_desk


def test_axe_finds_nothing_serious_and_nothing_is_cut_off_on_a_phone(page: Page, desk: Desk) -> None:
    run = f"/runs/{desk.run_id}"
    places = ["/", run, f"/hypotheses/{desk.hypotheses[0]}", "/ask"]
    places += [f"{run}/{name}" for name in ("bench", "sheet", "review", "pictures")]
    places += [f"/admin/{name}" for name in ("members", "keys", "jobs", "budgets", "audit")]
    places += ["/password", f"/hypotheses/{desk.hypotheses[0]}?edit=1"]
    coloured = (run, f"{run}/review", f"{run}/bench", f"{run}/pictures")  # between them every colour there is
    for place in places:
        page.goto(place)
        open_all(page)
        page.emulate_media(color_scheme="light")
        assert serious(page) == [], place
        if place in coloured:
            page.emulate_media(color_scheme="dark")
            assert serious(page, ["color-contrast"]) == [], place
        for width in (2560, 360) if place in coloured else (360,):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (place, width)


def test_a_result_is_entered_without_a_mouse(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/bench")
    listens(page)
    page.keyboard.press("e")
    expect(page.get_by_label("Score").first).to_be_focused()
    page.keyboard.type("3.7")
    page.keyboard.press("Tab")
    page.keyboard.type("0.2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Kept")
    with database.read() as session:
        (result,) = Experiments(session, desk.workspace_id).get(desk.pending_id).results
    assert (result.score, result.sem, result.source) == (3.7, 0.2, "owner")


def test_hypotheses_are_judged_without_a_mouse(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}#ranking")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hypotheses/*")
    for verdict in ("a", "x"):
        listens(page)
        at = page.url.partition("?")[0]
        page.keyboard.press(verdict)
        page.keyboard.press("e")
        page.keyboard.type("seen")
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        expect(page.get_by_role("status").first).to_contain_text("Your review is kept")
        listens(page)
        page.keyboard.press("n")
        expect(page).not_to_have_url(re.compile(re.escape(at)))
    with database.read() as session:
        kept = [
            one
            for one in Reviews(session, desk.workspace_id).page(200)
            if one.hypothesis_id in desk.hypotheses
        ]
    assert [one.verdict for one in kept] == ["reject", "accept"]


def test_a_reviewer_judges_thirty_a_minute_by_keyboard(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}/review")
    begun = time.monotonic()
    for keys in (("v", "4", "f", "5", "a"), ("1", "x"), ("x", "too salty", "Control+Enter"), ("d",), ("i",)):
        listens(page)
        at = page.url
        for key in keys:
            if " " in key:
                page.keyboard.type(key)
            else:
                page.keyboard.press(key)
        expect(page).not_to_have_url(at)
    assert time.monotonic() - begun < 10  # seconds for five; on an idle machine one takes a fifth of a second
    expect(page.get_by_role("status").first).to_contain_text("Set aside")
    listens(page)
    page.keyboard.press("z")
    expect(page.get_by_role("status").first).to_contain_text("Undone")
    with database.read() as session:
        judging = Judging(session, desk.workspace_id, "owner")
        said = [judging.mine(one) for one in desk.hypotheses[:4]]
    told = [(one.status, one.verdict, one.reason) for one in said if one is not None]
    assert told[0] == ("submitted", "accept", "")
    assert told[1] == ("submitted", "reject", "It is known already")
    assert told[2] == ("submitted", "reject", "too salty")
    assert told[3] == ("draft", None, "")
    assert said[0] is not None
    assert said[0].ratings == {"novelty": 4, "feasibility": 5}


def test_the_map_is_coloured_walked_and_told(page: Page, desk: Desk) -> None:
    page.goto(f"/runs/{desk.run_id}/pictures")
    figure = page.locator("#picture-map")
    page.get_by_role("button", name="expected score").click()
    expect(figure).to_have_attribute("data-colour", "score")
    first = figure.locator(".plot a[tabindex='0']")
    first.focus()
    expect(page.locator("#chosen")).to_contain_text("Guanidinium")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#chosen")).to_contain_text("Sodium")
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_contain_text("Selected: 3. Sodium")
    with page.expect_download() as saved:
        page.get_by_role("link", name="SVG of Hypothesis map").click()
    assert saved.value.suggested_filename.startswith("map-")
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/hypotheses/*")


def test_times_are_the_readers_own(
    signed_in: BrowserContext, browsed: tuple[str, Settings], desk: Desk
) -> None:
    with another_browser(signed_in, browsed[0], timezone_id="Asia/Kolkata") as kolkata:
        page = kolkata.new_page()
        page.goto(f"/runs/{desk.run_id}/bench")
        expect(page.locator("time").first).to_contain_text("GMT+5:30")
        expect(page.locator("label", has_text="Measured").first).to_contain_text("GMT+5:30")
        page.get_by_label("Score").first.fill("3.7")
        page.get_by_label("Measured").first.fill("2026-11-24T10:30")
        page.get_by_role("button", name="Enter the result").first.click()
        expect(page.get_by_text("2026-11-24 10:30 GMT+5:30")).to_be_visible()


def test_a_run_that_is_over_tells_when_it_was_ranked_again(
    page: Page, desk: Desk, database: Database
) -> None:
    with database.write() as session:
        Runs(session, desk.workspace_id).set_state(desk.run_id, "done")
    with page.expect_response("**/events/stream*"):
        page.goto(f"/runs/{desk.run_id}")
    page.wait_for_timeout(1_100)  # what happened within the second before the page is news to it too
    with database.write() as session:
        runs = Runs(session, desk.workspace_id)
        standings = [{**one, "mean": 9.76} for one in runs.get(desk.run_id).outcome["standings"]]
        runs.set_outcome(desk.run_id, {"standings": standings})
        RunEvents(session, desk.workspace_id).add(desk.run_id, "ranking", {})
    expect(page.get_by_role("cell", name="9.76").first).to_be_visible()


def test_the_shortcuts_are_told_and_can_be_switched_off(page: Page, desk: Desk) -> None:
    page.goto(f"/hypotheses/{desk.hypotheses[0]}")
    page.keyboard.press("?")
    told = page.get_by_role("dialog")
    expect(told).to_be_visible()
    expect(told).to_contain_text("Accept")
    told.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    page.keyboard.press("a")
    expect(page.get_by_label("Accept")).not_to_be_checked()
    page.get_by_role("button", name="Shortcuts").click()
    told.get_by_label("Single keys are shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_label("Accept")).to_be_checked()


def test_the_ranking_moves_while_one_looks(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}")
    page.get_by_label("Find").fill("salt")  # no row has it: the filter stays through what is new
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_label("Find").fill("sodium")
    expect(page.get_by_text("1 of 5 candidates fit")).to_be_visible()
    with database.write() as session:
        runs = Runs(session, desk.workspace_id)
        standings = [{**one, "mean": 9.87} for one in runs.get(desk.run_id).outcome["standings"]]
        runs.set_outcome(desk.run_id, {"standings": standings})
        runs.set_state(desk.run_id, "done")
    expect(page.get_by_role("cell", name="9.87")).to_be_visible()
    expect(page.get_by_text("1 of 5 candidates fit")).to_be_visible()
    expect(page.locator("#state .state").first).to_have_text("done")


def test_what_is_being_typed_is_not_swept_away(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}/bench")
    page.get_by_label("Score").first.fill("3.1")
    with database.write() as session:
        runs = Runs(session, desk.workspace_id)
        standings = [{**one, "mean": 8.76} for one in runs.get(desk.run_id).outcome["standings"]]
        runs.set_outcome(desk.run_id, {"standings": standings})
        runs.set_stage(desk.run_id, "measure")
    expect(page.locator("#best")).to_contain_text("8.76")
    expect(page.get_by_text("moved on while you were at it")).to_be_visible()
    expect(page.get_by_label("Score").first).to_have_value("3.1")


def test_a_run_is_cancelled_only_by_whoever_means_it(page: Page, desk: Desk, database: Database) -> None:
    page.goto(f"/runs/{desk.run_id}")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Cancel").click()
    with database.read() as session:
        assert Runs(session, desk.workspace_id).get(desk.run_id).state == "waiting"
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#state .state").first).to_have_text("cancelled")


def test_without_javascript_a_result_is_entered_and_nothing_promises_more(
    plain_page: Page, desk: Desk, database: Database
) -> None:
    page = plain_page
    page.goto(f"/runs/{desk.run_id}")
    expect(page.get_by_role("cell", name="3.40")).to_be_visible()
    expect(page.locator("kbd").first).to_be_hidden()
    page.get_by_role("link", name="Bench", exact=True).click()
    page.get_by_label("Score").first.fill("3.7")
    page.get_by_role("button", name="Enter the result").first.click()
    expect(page.get_by_role("status").first).to_contain_text("Kept")
    with database.read() as session:
        assert Experiments(session, desk.workspace_id).get(desk.pending_id).state == "done"


def test_a_page_is_light(signed_in: BrowserContext, browsed: tuple[str, Settings], desk: Desk) -> None:
    """Its bytes with style and scripts for a browser that has none of them yet, and its first paint."""
    with another_browser(signed_in, browsed[0]) as fresh:
        page = fresh.new_page()
        finished: list[Request] = []
        page.on("requestfinished", lambda one: finished.append(one))  # it wants a function
        page.goto(f"/runs/{desk.run_id}")
        painted = page.evaluate(FIRST_PAINT)
        sizes = [one.sizes()["responseBodySize"] for one in finished if re.search("/(runs|static)/", one.url)]
    assert 20_000 < sum(sizes) < 60_000
    assert painted < 2_000  # milliseconds; a fifth of a second where nothing else runs
