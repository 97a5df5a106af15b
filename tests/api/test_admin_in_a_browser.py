"""Running a workspace in a browser: people come and go, keys, dead jobs, feeds that run by themselves."""

from __future__ import annotations

import re

import httpx
from browsing import a_browser_of, quiet_page
from desks import Desk
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from config import Settings
from records.database import Database
from records.models import Job
from records.repositories import Feeds
from workers.orders import order_rerank


def test_somebody_is_invited_comes_in_rises_and_is_shown_out(
    signed_in: BrowserContext, browser: Browser, browsed: tuple[str, Settings]
) -> None:
    with quiet_page(signed_in, refused=True) as page:
        comes_and_goes(page, browser, browsed[0])


def comes_and_goes(page: Page, browser: Browser, here: str) -> None:
    page.goto("/admin/members")
    page.get_by_label("Name").fill("Nora Lind")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Nora Lind")
    page.get_by_label("Name").fill("nora")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("code.secret").inner_text()
    with (
        a_browser_of(browser, here, link.partition("token=")[2]) as theirs,
        quiet_page(theirs, refused=True) as seen,
    ):
        seen.goto("/admin/members")
        expect(seen.get_by_role("heading", name="Not allowed")).to_be_visible()
        page.get_by_label("Role of nora").select_option("owner")
        page.get_by_role("button", name="Change the role of nora").click()
        seen.reload()
        expect(seen.get_by_role("heading", name="Workspace local")).to_be_visible()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove nora").click()
        expect(page.get_by_label("Role of nora")).to_have_count(0)
        seen.reload()
        expect(seen.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/admin/audit?kind=member")
    expect(page.get_by_role("row").nth(1)).to_contain_text("member.removed")
    page.get_by_role("link", name="all of this member").first.click()
    expect(page.get_by_role("row").last).to_contain_text("member.invited")


def test_a_key_is_shown_once_and_a_dead_job_tried_again(
    page: Page, browsed: tuple[str, Settings], browsed_desk: Desk, browsed_database: Database
) -> None:
    with browsed_database.write() as session:
        order_rerank(session, browsed_desk.workspace_id, browsed_desk.run_id)
        job = session.scalars(
            select(Job).where(Job.payload["run_id"].as_string() == browsed_desk.run_id)
        ).one()
        job.state, job.reason = "dead", "the disk was full"
    page.goto("/")
    page.locator("html[data-keys]").wait_for()
    page.keyboard.type("gm")
    page.wait_for_url("**/admin/members")
    page.locator("html[data-keys]").wait_for()
    page.keyboard.type("g2")
    page.wait_for_url("**/admin/keys")
    page.get_by_label("Name").fill("robot")
    page.get_by_label("It may").select_option("read")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make it").click()
    key = page.locator("code.secret").inner_text()
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{browsed[0]}/v1/me", headers=headers).status_code == 200
    page.goto("/admin/keys")
    expect(page.get_by_text(key)).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke robot").click()
    expect(page.get_by_role("row", name="robot")).to_contain_text("revoked")
    assert httpx.get(f"{browsed[0]}/v1/me", headers=headers).status_code == 401
    page.get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="Look at those").click()
    dead = page.get_by_role("row", name="the disk was full")
    dead.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("row", name="rerank").first).to_contain_text("queued")
    page.get_by_role("link", name="Audit trail").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("job.retried")
    page.get_by_role("link", name="Budgets").click()
    expect(page.get_by_text("Tokens a run may use")).to_be_visible()


def test_a_feed_runs_when_it_should_and_tells_what_it_brought(
    signed_in: BrowserContext, browsed_desk: Desk, browsed_database: Database
) -> None:
    name = f"Gels {browsed_desk.run_id[-6:]}"
    with quiet_page(signed_in, refused=True) as page:
        page.goto("/literature/feeds")
        new = page.locator("form", has=page.get_by_role("button", name="Set it up"))
        expect(new.locator("[name=cron]")).to_be_hidden()
        new.get_by_label("Name").fill(name)
        new.locator("[name=every]").select_option("week")
        new.locator("[name=weekday]").select_option(label="Sunday")
        new.locator("[name=at]").fill("07:30")
        new.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("say what to look for", ignore_case=True)
        expect(new.locator("[name=at]")).to_have_value("07:30")
        new.get_by_label("Look for").fill("gels")
        new.get_by_role("button").click()
        feed = page.locator("article", has_text=name)
        expect(feed).to_contain_text("every Sunday at 07:30 UTC")
        feed.get_by_role("button", name="Switch off").click()
        expect(feed).to_contain_text("none while it is off")
        feed.get_by_role("button", name="Switch on").click()
        feed.get_by_text("Change").click()
        feed.locator("[name=every]").select_option("cron")
        feed.locator("[name=cron]").fill("*/20 8-18 * * 1-5")
        feed.get_by_role("button", name="Keep").click()
        expect(feed).to_contain_text("*/20 8-18 * * 1-5")
        feed.get_by_role("button", name="Run now").click()
        expect(feed).to_contain_text("It is being looked into")
        with browsed_database.write() as session:
            feeds = Feeds(session, browsed_desk.workspace_id)
            feeds.looked_into(feeds.named(name).id, {"added": 3, "known": 1})
        expect(feed).to_contain_text("It has been looked into")
        expect(feed).to_contain_text(re.compile("3 new, 1 known"))
