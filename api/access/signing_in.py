"""Signing in: with a name and a password, or once with a link, which is when a password is chosen."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from api.access.passwords import check_new
from api.access.sessions import open_session
from api.problems import Refused
from records.models import Account
from records.repositories import Audit
from records.repositories.people import Accounts
from records.repositories.sign_ins import BrowserSessions, SignInLinks
from records.secrets import keyed_digest

if TYPE_CHECKING:
    from api.access.principal import Principal
    from api.context import Context

log = logging.getLogger(__name__)


def sign_in(context: Context, name: str, password: str, address: str) -> str:
    """The token of a new session.

    Raises Refused 401 ``wrong_sign_in``, the same and as late for an account that is not there, has no
    password, or is disabled; 429 ``too_many_sign_ins`` and ``busy``; 403 ``no_workspace``.
    """
    name = name.strip().lower()[:200]
    context.throttle.guess(name, address)
    account = _proven(context, name, password)
    if account is None:
        log.warning("a sign-in from %s went wrong", address)
        raise Refused(401, "wrong_sign_in", "the name or the password is wrong")
    context.throttle.was_right(name, address)
    kept = account.password_hash or ""
    fresh = context.passwords.hash(password) if context.passwords.is_outdated(kept) else None
    with context.database.write() as session:
        if fresh is not None:
            Accounts(session).rehash(account.id, kept, fresh)
        return _opened(session, context, account, "account.signed_in")


def link_owner(context: Context, token: str) -> str | None:
    """The name of the account whose link this is, while it can be used."""
    with context.database.read() as session:
        account = SignInLinks(session).account(_of_link(context, token))
    return None if account is None else account.name


def sign_in_with_link(context: Context, token: str, new_password: str) -> str:
    """Use the link up, keep the password, and give the token of a new session.

    Raises BadInput ``bad_password``, Refused 403 ``bad_link``, also for the second of two who use it at once.
    """
    if link_owner(context, token) is None:
        raise _bad_link()
    check_new(new_password)
    hashed = context.passwords.hash(new_password)
    with context.database.write() as session:
        links, digest = SignInLinks(session), _of_link(context, token)
        account = links.account(digest)
        if account is None or not links.use(digest):
            raise _bad_link()
        Accounts(session).set_password(account.id, hashed)
        return _opened(session, context, account, "account.password_chosen")


def change_password(context: Context, principal: Principal, current: str, new: str, address: str) -> str:
    """Keep a new password; every session ends, and a new one is opened, whose token this gives.

    Raises Refused 403 ``wrong_password``, BadInput ``bad_password``, and 429 as ``sign_in`` does.
    """
    check_new(new)
    context.throttle.guess(principal.name, address)
    account = _proven(context, principal.name, current)
    if account is None:
        raise Refused(403, "wrong_password", "that is not the password you have now")
    context.throttle.was_right(principal.name, address)
    hashed = context.passwords.hash(new)
    with context.database.write() as session:
        Accounts(session).set_password(account.id, hashed)
        return _opened(session, context, account, "account.password_changed", principal.workspace_id)


def sign_out(context: Context, principal: Principal) -> None:
    if principal.session_id is None:
        return
    with context.database.write() as session:
        BrowserSessions(session).close(principal.session_id)
        Audit(session, principal.workspace_id).add(
            principal.name, "account.signed_out", "account", principal.id
        )


def _proven(context: Context, name: str, password: str) -> Account | None:
    with context.database.read() as session:
        account = Accounts(session).find(name)
    usable = account is not None and account.disabled_at is None
    kept = account.password_hash if account is not None and usable else None
    return account if context.passwords.verify(kept, password) else None


def _opened(
    session: Session, context: Context, account: Account, what: str, workspace_id: str | None = None
) -> str:
    places = Accounts(session).workspaces(account.id)
    if not places:
        raise Refused(403, "no_workspace", "this account belongs to no workspace; ask an owner of yours")
    shown = workspace_id or places[0][0].id
    Audit(session, shown).add(account.name, what, "account", account.id)
    return open_session(session, context, account, shown)


def _of_link(context: Context, token: str) -> str:
    return keyed_digest(context.secret, "link", token)


def _bad_link() -> Refused:
    message = "this link was used already, is older than a day, or was replaced; ask for a new one"
    return Refused(403, "bad_link", message)
