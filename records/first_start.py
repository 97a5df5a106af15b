"""The first start of an installation: a workspace, an owner, and the link with which they sign in."""

from __future__ import annotations

from config import Settings
from records.database import Database
from records.errors import Conflict
from records.models import Account
from records.repositories.people import Accounts, Members
from records.repositories.sign_ins import SignInLinks
from records.repositories.workspaces import Workspaces
from records.secrets import installation_secret, keyed_digest, new_token

OWNER = "owner"


def first_start(database: Database, settings: Settings) -> str | None:
    """A token with which the owner can choose a password once, for as long as they have none.

    Makes the settings' workspace, and the owner if there is no account yet. The database is migrated
    already. Each start gives a fresh token, and those of before work no longer; it works for a day.
    Raises what ``installation_secret`` does.
    """
    secret = installation_secret(settings)
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create(settings.workspace).id
        accounts = Accounts(session)
        if accounts.are_there_any():
            owner = accounts.find(OWNER)
        else:
            owner = _made(accounts, Members(session, workspace_id))
        if owner is None or not _waits(owner):
            return None
        token = new_token()
        SignInLinks(session).make(owner.id, keyed_digest(secret, "link", token))
        return token


def _made(accounts: Accounts, members: Members) -> Account | None:
    try:
        owner = accounts.create(OWNER)
    except Conflict:  # another machine's first start was faster
        return accounts.find(OWNER)
    members.add(owner.id, "owner")
    return owner


def _waits(owner: Account) -> bool:
    return owner.password_hash is None and owner.disabled_at is None
