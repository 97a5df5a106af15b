"""People in a browser: links, passwords, cookies, and other sites' forms."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from argon2 import PasswordHasher

from api.access.throttle import ACCOUNT
from config import ApiSettings, Settings
from records.base import now
from records.database import Database
from records.first_start import first_start
from records.models import Account, BrowserSession
from records.repositories import Workspaces
from records.repositories.people import Accounts, Members

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "four plain words here"
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(client: httpx.Client) -> Iterator[Callable[[], httpx.Client]]:
    """A new browser, which sends what a page of ours makes it send."""
    opened: list[httpx.Client] = []

    def new(headers: dict[str, str] = OWN) -> httpx.Client:
        opened.append(httpx.Client(base_url=client.base_url, headers=headers, timeout=30))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


@pytest.fixture
def owner(browser, database: Database, settings: Settings) -> httpx.Client:
    """The owner's browser, signed in with the link of the first start."""
    token = first_start(database, settings)
    signed_in = browser()
    answer = signed_in.post("/sign-in", data={"token": token, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
    return signed_in


def sign_in(browser: httpx.Client, name: str = "owner", password: str = PASSWORD) -> httpx.Response:
    return browser.post("/sign-in", data={"name": name, "password": password})


def test_the_first_link_lets_the_owner_choose_a_password_once(browser, database, settings) -> None:
    token = first_start(database, settings)
    ada, eve = browser(), browser()
    for _ in range(2):  # looking at it, as a mail program might, does not use it up
        seen = ada.get("/sign-in", params={"token": token})
        assert seen.status_code == 200
        assert "owner" in seen.text
    assert ada.post("/sign-in", data={"token": token, "password": "too short"}).status_code == 422
    assert ada.post("/sign-in", data={"token": token, "password": PASSWORD}).status_code == 303
    assert ada.get("/v1/me").json()["scopes"] == ["read", "write", "admin"]
    assert eve.post("/sign-in", data={"token": token, "password": PASSWORD}).status_code == 403
    assert eve.get("/sign-in", params={"token": token}).status_code == 403
    assert eve.get("/v1/me").status_code == 401


def test_of_many_who_use_a_link_at_once_one_gets_in(browser, database, settings) -> None:
    token = first_start(database, settings)
    browsers = [browser() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda one: one.post("/sign-in", data={"token": token, "password": PASSWORD}), browsers
        )
        assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403]


def test_a_password_opens_a_session_and_signing_out_closes_it(owner, browser, database) -> None:
    other = browser()
    answer = sign_in(other, " Owner ")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert re.match(r"touchstone=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax$", cookie)
    token = other.cookies["touchstone"]
    with database.read() as session:
        assert not any(token in row.digest for row in session.query(BrowserSession))
    assert other.get("/").status_code == 200
    assert other.post("/sign-out").headers["location"] == "/sign-in"
    assert other.get("/v1/me", headers={"Cookie": f"touchstone={token}"}).status_code == 401
    assert owner.get("/v1/me").status_code == 200


def test_over_https_the_cookie_is_bound_to_the_host(owner, browser) -> None:
    secure = browser({**OWN, "X-Forwarded-Proto": "https"})
    cookie = sign_in(secure).headers["set-cookie"]
    assert cookie.startswith("__Host-touchstone=")
    assert cookie.endswith("; Path=/; SameSite=lax; Secure")
    assert "domain" not in cookie.lower()


def test_pages_lead_to_the_sign_in_and_back_but_never_away(owner, browser) -> None:
    stranger = browser()
    assert stranger.get("/password").headers["location"] == "/sign-in?next=/password"
    for wanted, led in (
        ("/password", "/password"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil", "/"),
    ):
        answer = stranger.post("/sign-in", data={"name": "owner", "password": PASSWORD, "next": wanted})
        assert answer.headers["location"] == led


def test_the_home_page_shows_the_workspaces_questions_as_text(owner, client, paper_ids) -> None:
    client.post("/v1/questions", json={"question": "<script>alert(1)</script>"})
    shown = owner.get("/")
    assert "&lt;script&gt;alert(1)" in shown.text
    scripts = re.findall("<script[^>]*>", shown.text)
    assert [one for one in scripts if not one.startswith('<script src="/static/')] == []
    assert "style=" not in shown.text
    style = owner.get("/static/touchstone.css")
    assert style.headers["content-type"].startswith("text/css")
    assert owner.get("/static/../rendering.py").status_code == 404
    assert owner.get("/static/%2e%2e/rendering.py").status_code == 404


def test_what_is_wrong_with_a_sign_in_shows_in_neither_answer_nor_time(owner, browser, database) -> None:
    with database.write() as session:
        Accounts(session).create("fresh")
        disabled = Accounts(session).create("gone")
        disabled.password_hash, disabled.disabled_at = PasswordHasher().hash(PASSWORD), now()

    def seconds(name: str) -> float:
        begun = time.perf_counter()
        answer = sign_in(browser(), name, PASSWORD if name != "owner" else "not this one at all")
        took = time.perf_counter() - begun
        assert answer.status_code == 401
        answers.add(answer.text.replace(f'value="{name}"', ""))
        return took

    answers: set[str] = set()
    names = ("owner", "nobody", "fresh", "gone")
    least = [min(seconds(name) for _ in range(5)) for name in names]  # whatever else the machine does
    assert len(answers) == 1
    assert max(least) < 2.5 * min(least), dict(zip(names, least, strict=True))


def test_guessing_is_slowed_down_for_the_account_and_known_by_no_other_name(owner, browser) -> None:
    for name in ("owner", "nobody"):
        guesser = browser()
        codes = [sign_in(guesser, name, "wrong").status_code for _ in range(ACCOUNT.at_once + 1)]
        assert codes == [401] * ACCOUNT.at_once + [429]
    refused = sign_in(browser())  # the right password too, while guesses go on
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60


def test_a_password_changed_ends_all_other_sessions(owner, browser) -> None:
    other = browser()
    sign_in(other)
    wrong = owner.post("/password", data={"current": "not it", "password": "another four plain words"})
    assert wrong.status_code == 403
    answer = owner.post("/password", data={"current": PASSWORD, "password": "another four plain words"})
    assert answer.status_code == 303
    assert other.get("/v1/me").status_code == 401
    assert owner.get("/v1/me").status_code == 200
    assert sign_in(browser()).status_code == 401
    assert sign_in(browser(), password="another four plain words").status_code == 303


def test_a_hash_of_weaker_times_is_renewed_at_the_next_sign_in(owner, browser, database) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with database.write() as session:
        session.query(Account).filter_by(name="owner").one().password_hash = weak
    assert sign_in(browser()).status_code == 303
    with database.read() as session:
        kept = session.query(Account).filter_by(name="owner").one().password_hash
    assert kept.startswith("$argon2id$")
    assert not PasswordHasher().check_needs_rehash(kept)
    assert owner.get("/v1/me").status_code == 200  # it is the same password, so nobody has to sign in again


def test_only_our_own_pages_may_make_a_browser_change_something(owner, browser) -> None:
    own = str(owner.base_url).rstrip("/")
    allowed: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": own},
        {"Referer": f"{own}/page"},
    ]
    refused: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": own},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[", "Referer": f"{own}/"},
        {"Origin": f"{own}.evil.example"},
        {},
    ]
    for headers in (*allowed, *refused):
        sender = browser(headers)
        sender.cookies.update(owner.cookies)
        answer = sender.post("/v1/keys", json={"name": "robot"})
        assert answer.status_code == (201 if headers in allowed else 403), (headers, answer.text)
        assert sender.get("/v1/me").status_code == 200  # safe: the other site cannot read the answer
        if headers in refused:
            assert answer.json()["code"] == "cross_site"
            assert sign_in(sender).status_code == 403  # nor may it sign somebody in as another


def test_a_key_needs_no_page_of_ours(client) -> None:
    answer = client.post("/v1/keys", json={"name": "robot"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 201


def test_roles_say_what_a_person_may_do(owner, browser, database, workspace_id) -> None:
    invited = owner.post("/v1/members", json={"name": "Bob", "role": "reader"}).json()
    bob = browser()
    assert (
        bob.post(
            invited["sign_in"].partition("?")[0],
            data={"token": invited["sign_in"].partition("=")[2], "password": PASSWORD},
        ).status_code
        == 303
    )
    assert bob.get("/v1/me").json()["scopes"] == ["read"]
    refused = bob.post("/v1/questions", json={"question": "How?"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert owner.patch(f"/v1/members/{invited['id']}", json={"role": "chemist"}).status_code == 200
    assert bob.get("/v1/me").json()["scopes"] == ["read", "write"]
    assert bob.get("/v1/keys").status_code == 403
    assert owner.delete(f"/v1/members/{invited['id']}").status_code == 204
    assert bob.get("/v1/me").status_code == 401


def test_an_owner_cannot_take_over_an_account_that_belongs_elsewhere(owner, client, database) -> None:
    with database.write() as session:
        ada = Accounts(session).create("ada")
        elsewhere = Workspaces(session).get_or_create("elsewhere").id
        Members(session, elsewhere).add(ada.id, "owner")
    taken = owner.post("/v1/members", json={"name": "ada"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    with database.write() as session:
        here = Workspaces(session).get_or_create("local").id
        member = Members(session, here).add(ada.id, "reader")
    refused = owner.post(f"/v1/members/{member.id}/link")
    assert (refused.status_code, refused.json()["code"]) == (409, "belongs_elsewhere")


def test_an_account_chooses_among_its_workspaces(owner) -> None:
    made = owner.post("/v1/workspaces", json={"name": "Zweites Labor – B"})
    assert made.status_code == 201
    other = made.json()["id"]
    assert owner.get("/v1/me").json()["workspace"]["name"] == "local"
    named = owner.get("/v1/me", headers={"X-Workspace": "Zweites%20Labor%20%E2%80%93%20B"}).json()
    assert (named["workspace"]["id"], named["workspace"]["role"]) == (other, "owner")
    assert owner.get("/v1/me", headers={"X-Workspace": "nobody's"}).status_code == 404
    assert owner.post(f"/v1/workspaces/{other}/show").status_code == 204
    assert owner.get("/v1/me").json()["workspace"]["id"] == other
    assert len(owner.get("/v1/workspaces").json()["workspaces"]) == 2
    assert owner.post("/v1/workspaces", json={"name": "local"}).status_code == 409


def test_a_session_that_idles_too_long_ends(serving, settings, database, browser, owner) -> None:
    with database.write() as session:
        (row,) = session.query(BrowserSession)
        row.seen_at = now() - timedelta(hours=ApiSettings().session_idle_h, seconds=1)
    assert owner.get("/v1/me").status_code == 401


def test_an_account_without_a_workspace_is_told(owner, browser, database) -> None:
    with database.write() as session:
        Accounts(session).create("alone").password_hash = PasswordHasher().hash(PASSWORD)
    answer = sign_in(browser(), "alone")
    assert answer.status_code == 403
    assert "workspace" in answer.text


def test_names_that_were_given_are_answered_to(serving, settings) -> None:
    named = settings.model_copy(
        update={"api": ApiSettings(allowed_hosts="touchstone.example.org, 192.0.2.7")}
    )
    client = serving(named)
    for host in (
        "Touchstone.example.org:8443",
        "touchstone.example.org.",
        "192.0.2.7",
        "[::1]:80",
        "localhost",
    ):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "touchstone.example.org.evil.example", "192.0.2.70", "[::2]", ""):
        assert client.get("/health", headers={"Host": host}).status_code == 421
