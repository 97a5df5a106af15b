from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config import Settings
from records.base import now
from records.errors import BadInput, Conflict, NotFound
from records.first_start import OWNER, first_start
from records.key_text import new_key_text, read_key_text
from records.repositories import Workspaces
from records.repositories.keys import Keys, key_by_prefix, key_was_used
from records.repositories.people import Accounts, Members
from records.repositories.sign_ins import BrowserSessions, SignInLinks
from records.roles import scopes_of, with_implied
from records.secrets import installation_secret, keyed_digest

SECRET = b"a secret of at least thirty-two bytes"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


def test_the_secret_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: installation_secret(settings), range(32)))
    assert len(made) == 1
    assert len(made.pop()) >= 32
    path = settings.data_dir / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in settings.data_dir.iterdir()] == ["secret.key"]


def test_the_environment_may_give_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHSTONE_SECRET", "x" * 40)
    settings = Settings(data_dir=tmp_path / "data")
    assert installation_secret(settings) == b"x" * 40
    assert not settings.data_dir.exists()
    assert "xxxx" not in repr(settings)
    with pytest.raises(ValidationError):
        Settings(secret=SecretStr("short"))


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        ("y" * 40, 0o640, "secret_exposed"),
        ("y" * 40, 0o604, "secret_exposed"),
        ("short\n", 0o600, "bad_secret"),
    ],
)
def test_a_secret_that_is_none_stops_the_start(tmp_path: Path, content: str, mode: int, code: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(BadInput) as caught:
        installation_secret(Settings(data_dir=tmp_path))
    assert caught.value.code == code
    assert "\n" not in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match="cannot write"):
        installation_secret(Settings(data_dir=tmp_path))


def test_digests_of_one_token_differ_by_secret_and_purpose() -> None:
    digests = {
        keyed_digest(SECRET, "key", "t"),
        keyed_digest(SECRET, "session", "t"),
        keyed_digest(b"another", "key", "t"),
    }
    assert len(digests) == 3
    assert all(len(digest) == 64 for digest in digests)


def test_a_key_is_read_back_and_any_slip_in_it_is_seen() -> None:
    key = new_key_text()
    assert read_key_text(key.text) == key
    assert key.text not in repr(key)
    for place in range(len(key.text)):
        wrong = "b" if key.text[place] != "b" else "c"
        assert read_key_text(key.text[:place] + wrong + key.text[place + 1 :]) is None
    for text in ("", key.text[:-1], key.text + "a", key.text.upper(), f" {key.text}", f"{key.text}\n"):
        assert read_key_text(text) is None


def test_scopes_imply_those_below_them() -> None:
    assert with_implied(["admin"]) == {"read", "write", "admin"}
    assert with_implied(["write"]) == {"read", "write"}
    assert with_implied([]) == with_implied(["owner", "root"]) == frozenset()
    assert scopes_of("reader") == {"read"}
    assert scopes_of("chemist") == {"read", "write"}
    assert scopes_of("owner") == {"read", "write", "admin"}
    assert scopes_of("admin") == frozenset()


def test_of_a_key_only_a_digest_is_kept(database, workspace_id) -> None:
    with database.write() as session:
        key, text = Keys(session, workspace_id).create(SECRET, "robot", ["write", "read"], "ada")
    assert key.scopes == ["read", "write"]
    assert key.digest == keyed_digest(SECRET, "key", text)
    assert not any(text in str(value) for value in vars(key).values())
    with database.read() as session:
        assert key_by_prefix(session, key.prefix).id == key.id


@pytest.mark.parametrize(
    ("name", "scopes", "lives"),
    [
        ("", ["read"], None),
        ("x" * 101, ["read"], None),
        ("a", [], None),
        ("a", ["root"], None),
        ("a", ["read"], -1),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_makes_no_sense_is_refused(database, workspace_id, name, scopes, lives) -> None:
    expires = None if lives is None else now() + timedelta(seconds=lives)
    with pytest.raises(BadInput), database.write() as session:
        Keys(session, workspace_id).create(SECRET, name, scopes, "ada", expires)


def test_another_workspaces_keys_are_unknown(database, workspace_id, stranger_id) -> None:
    with database.write() as session:
        key, _ = Keys(session, workspace_id).create(SECRET, "robot", ["read"], "ada")
        strange = Keys(session, stranger_id)
        assert strange.page(10) == []
        assert strange.find(key.prefix) is None
        for act in (strange.get, strange.revoke):
            with pytest.raises(NotFound):
                act(key.id)
        keys = Keys(session, workspace_id)
        assert [row.id for row in keys.page(10)] == [key.id]
        assert keys.revoke(key.id)
        assert not keys.revoke(key.id)


def test_a_use_is_noted_at_most_once_a_while(database, workspace_id) -> None:
    with database.write() as session:
        key, _ = Keys(session, workspace_id).create(SECRET, "robot", ["read"], "ada")

    def used(every: timedelta):
        with database.write() as session:
            key_was_used(session, key.id, every)
        with database.read() as session:
            return Keys(session, workspace_id).get(key.id).last_used_at

    first = used(timedelta(minutes=1))
    assert first is not None
    assert used(timedelta(minutes=1)) == first
    assert used(timedelta(0)) > first


def test_the_first_start_makes_a_workspace_and_an_owner_who_can_sign_in_once(database, settings) -> None:
    first, second = first_start(database, settings), first_start(database, settings)
    assert first != second
    secret = installation_secret(settings)
    with database.read() as session:
        links = SignInLinks(session)
        assert (
            links.account(keyed_digest(secret, "link", first)) is None
        )  # the newer start's link took its place
        owner = links.account(keyed_digest(secret, "link", second))
        assert owner.name == OWNER
        ((workspace, member),) = Accounts(session).workspaces(owner.id)
        assert (workspace.name, member.role) == ("local", "owner")
    with database.write() as session:
        Accounts(session).set_password(owner.id, "hash")
    assert first_start(database, settings) is None


def test_an_installation_with_people_makes_no_owner(database, settings) -> None:
    with database.write() as session:
        Accounts(session).create("ada")
    assert first_start(database, settings) is None
    with database.read() as session:
        assert Accounts(session).find(OWNER) is None


def test_a_link_is_used_once_by_whoever_is_first(database, workspace_id) -> None:
    with database.write() as session:
        SignInLinks(session).make(Accounts(session).create("ada").id, "d" * 64)

    def use(_: int) -> bool:
        with database.write() as session:
            return SignInLinks(session).use("d" * 64)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(use, range(8))) == [False] * 7 + [True]


def test_a_new_password_ends_sessions_and_links(database, workspace_id) -> None:
    day = timedelta(days=1)
    with database.write() as session:
        ada, bob = Accounts(session).create("Ada"), Accounts(session).create("bob")
        sessions = BrowserSessions(session)
        sessions.open(ada.id, workspace_id, "a" * 64, day)
        sessions.open(bob.id, workspace_id, "b" * 64, day)
        SignInLinks(session).make(ada.id, "c" * 64)
        Accounts(session).set_password(ada.id, "hash")
        assert sessions.find("a" * 64, day) is None
        assert SignInLinks(session).account("c" * 64) is None
        assert sessions.find("b" * 64, day)[1].name == "bob"


def test_sessions_end_by_idling_by_age_and_with_the_account(database, workspace_id) -> None:
    day = timedelta(days=1)
    with database.write() as session:
        ada = Accounts(session).create("ada")
        sessions = BrowserSessions(session)
        sessions.open(ada.id, workspace_id, "a" * 64, day)
        sessions.open(ada.id, workspace_id, "b" * 64, -day)
        assert sessions.find("a" * 64, day) is not None
        assert sessions.find("a" * 64, timedelta(0)) is None
        assert sessions.find("b" * 64, day) is None
        Accounts(session).disable(ada.id)
        assert sessions.find("a" * 64, day) is None


@pytest.mark.parametrize("name", ["", "two words", "-dash", "x" * 101, "ünï", "key x"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_names_of_accounts_are_plain(database, name) -> None:
    with pytest.raises(BadInput), database.write() as session:
        Accounts(session).create(name)


def test_names_of_accounts_are_taken_once(database) -> None:
    with database.write() as session:
        Accounts(session).create("Ada")
    with pytest.raises(Conflict), database.write() as session:
        Accounts(session).create("ada ")


def test_a_workspace_keeps_an_owner(database, workspace_id, stranger_id) -> None:
    with database.write() as session:
        members = Members(session, workspace_id)
        ada = members.add(Accounts(session).create("ada").id, "owner")
        bob = members.add(Accounts(session).create("bob").id, "reader")
        for act in (lambda: members.set_role(ada.id, "chemist"), lambda: members.remove(ada.id)):
            with pytest.raises(Conflict) as caught:
                act()
            assert caught.value.code == "last_owner"
        members.set_role(bob.id, "owner")
        members.remove(ada.id)
        assert [person.account.name for person in members.page(10)] == ["bob"]
        with pytest.raises(NotFound):
            Members(session, stranger_id).get(bob.id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_of_a_workspace_is_taken_once(database, workspace_id) -> None:
    with pytest.raises(Conflict), database.write() as session:
        Workspaces(session).create("local")


def test_of_first_starts_on_many_machines_one_makes_the_owner(database, settings) -> None:
    installation_secret(settings)
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda _: first_start(database, settings), range(4)))
    assert len(set(tokens)) == 4
    with database.read() as session:
        (owner,) = Accounts(session).all()
        secret = installation_secret(settings)
        usable = [SignInLinks(session).account(keyed_digest(secret, "link", token)) for token in tokens]
        assert len(Accounts(session).workspaces(owner.id)) == 1
    assert any(account is not None for account in usable)
