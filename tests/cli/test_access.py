"""Keys, accounts and workspaces, as whoever runs the installation makes them."""

from __future__ import annotations

import re
import stat


def test_a_key_is_printed_once_and_listed_without_its_secret(touchstone):
    made = touchstone("key", "create", "lab robot", "--scope", "write", "--days", 30)
    assert (made.code, made.err) == (0, "")
    key = made.out.strip()
    prefix = re.fullmatch(r"tsk_([a-z2-7]{12})_[\w-]{43}_[a-z2-7]{7}", key)[1]
    listed = touchstone("key", "list")
    assert prefix in listed.out
    assert "lab robot" in listed.out
    assert key not in listed.out
    assert touchstone("key", "revoke", prefix).code == 0
    assert "revoked" in touchstone("key", "list").out
    secret = touchstone.data_dir / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_what_cannot_be_is_one_line(touchstone):
    for arguments in (
        ("key", "create", "robot", "--scope", "root"),
        ("key", "revoke", "nothing"),
        ("account", "invite", "two words"),
        ("account", "disable", "nobody"),
        ("account", "invite", "ada", "--role", "king"),
        ("workspace", "create", "local"),
    ):
        done = touchstone(*arguments)
        assert (done.code, done.err.count("\n"), done.out) == (2, 1, ""), (arguments, done.err)


def test_somebody_is_invited_with_a_link(touchstone):
    first = touchstone("account", "invite", "Ada", "--role", "owner")
    assert re.fullmatch(r"http://127\.0\.0\.1:8765/sign-in\?token=[\w-]{43}\n", first.out), first.err
    again = touchstone("account", "invite", "ada", "--url", "https://touchstone.example.org/")
    assert again.out.startswith("https://touchstone.example.org/sign-in?token=")
    assert again.out.rpartition("=")[2] != first.out.rpartition("=")[2]
    assert touchstone("account", "list").out == "ada  owner of local  no password yet\n"
    assert touchstone("account", "disable", "ada").code == 0
    assert touchstone("account", "list").out == "ada  owner of local  disabled\n"


def test_workspaces_are_made_and_listed(touchstone):
    assert touchstone("workspace", "create", "Second lab").out == "Made the workspace Second lab.\n"
    listed = touchstone("workspace", "list").out.splitlines()
    assert [line.split("  ")[1] for line in listed] == ["local", "Second lab"]
