"""People: their accounts, which are the installation's, and their places in workspaces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.base import now
from records.errors import BadInput, Conflict, NotFound
from records.models import Account, Member, Workspace
from records.repositories.sign_ins import BrowserSessions, SignInLinks
from records.roles import Role

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


class Accounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, name: str) -> Account:
        """An account without a password (BadInput ``bad_account_name``, Conflict ``name_taken``)."""
        account = Account(name=account_name(name))
        try:
            with self._session.begin_nested():
                self._session.add(account)
        except IntegrityError as error:
            raise Conflict("name_taken", f"there is an account {account.name} already") from error
        return account

    def find(self, name: str) -> Account | None:
        """The account of this name, however it is capitalised."""
        return self._session.scalar(select(Account).where(Account.name == name.strip().lower()))

    def get(self, account_id: str) -> Account:
        return self._session.get_one(Account, account_id)

    def are_there_any(self) -> bool:
        return self._session.scalar(select(Account.id).limit(1)) is not None

    def set_password(self, account_id: str, password_hash: str) -> None:
        """From now on only this password opens: sessions and links of before end."""
        self.get(account_id).password_hash = password_hash
        self._session.flush()
        BrowserSessions(self._session).close_all(account_id)
        SignInLinks(self._session).void(account_id)

    def disable(self, account_id: str) -> None:
        """Let nobody in as this account any more, from the next request on."""
        self.get(account_id).disabled_at = now()
        self._session.flush()
        BrowserSessions(self._session).close_all(account_id)
        SignInLinks(self._session).void(account_id)

    def enable(self, account_id: str) -> None:
        self.get(account_id).disabled_at = None
        self._session.flush()

    def all(self) -> list[Account]:
        """Every account, for whoever runs the installation."""
        return list(self._session.scalars(select(Account).order_by(Account.name)))

    def rehash(self, account_id: str, kept: str, password_hash: str) -> None:
        """Keep the same password in another form, unless it was changed meanwhile."""
        mine = (Account.id == account_id, Account.password_hash == kept)
        self._session.execute(update(Account).where(*mine).values(password_hash=password_hash))

    def workspaces(self, account_id: str) -> list[tuple[Workspace, Member]]:
        """Where the account belongs, the longest membership first."""
        query = (
            select(Workspace, Member)
            .join(Member, Member.workspace_id == Workspace.id)
            .where(Member.account_id == account_id)
            .order_by(Member.id)
        )
        return [(workspace, member) for workspace, member in self._session.execute(query)]


@dataclass(frozen=True, slots=True)
class Person:
    member: Member
    account: Account


class Members:
    """Those who belong to a workspace."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, account_id: str, role: Role) -> Member:
        """Give the account a place here (BadInput ``bad_role``, Conflict ``member_already``)."""
        member = Member(workspace_id=self._workspace_id, account_id=account_id, role=_checked(role))
        try:
            with self._session.begin_nested():
                self._session.add(member)
        except IntegrityError as error:
            raise Conflict("member_already", "this account belongs to the workspace already") from error
        return member

    def get(self, member_id: str) -> Person:
        person = self._one(Member.id == member_id)
        if person is None:
            raise NotFound("member_not_found", f"there is no member {member_id} in this workspace")
        return person

    def find(self, account_id: str) -> Person | None:
        return self._one(Member.account_id == account_id)

    def page(self, limit: int, after: str | None = None) -> list[Person]:
        """Up to ``limit`` members, newest first, older than ``after``."""
        query = self._mine()
        if after is not None:
            query = query.where(Member.id < after)
        rows = self._session.execute(query.order_by(Member.id.desc()).limit(limit))
        return [Person(member, account) for member, account in rows]

    def set_role(self, member_id: str, role: Role, *, was: Role | None = None) -> Person:
        """Conflict ``last_owner`` where nobody would be left to govern the workspace.

        ``was``: the role that whoever asks for it saw (Conflict ``changed_meanwhile`` where it is another).
        """
        person = self.get(member_id)
        if was is not None and person.member.role != was:
            message = f"the role of {person.account.name} is {person.member.role} by now; choose again"
            raise Conflict("changed_meanwhile", message)
        if person.member.role == "owner" and _checked(role) != "owner":
            self._check_another_owner(member_id)
        person.member.role = _checked(role)
        self._session.flush()
        return person

    def remove(self, member_id: str) -> Person:
        """Take the place away; the account itself stays (Conflict ``last_owner``)."""
        person = self.get(member_id)
        if person.member.role == "owner":
            self._check_another_owner(member_id)
        self._session.delete(person.member)
        self._session.flush()
        return person

    def belongs_here_alone(self, account_id: str) -> bool:
        """Whether the account has a place in this workspace and in no other."""
        query = select(func.count()).select_from(Member).where(Member.account_id == account_id)
        return self.find(account_id) is not None and self._session.scalar(query) == 1

    def _check_another_owner(self, member_id: str) -> None:
        # The workspace is held, so that two owners cannot show each other out at once.
        self._session.execute(
            select(Workspace.id).where(Workspace.id == self._workspace_id).with_for_update()
        )
        others = select(Member.id).where(
            Member.workspace_id == self._workspace_id, Member.role == "owner", Member.id != member_id
        )
        if self._session.scalar(others.limit(1)) is None:
            raise Conflict("last_owner", "this is the workspace's only owner; make somebody else one first")

    def _one(self, condition: ColumnElement[bool]) -> Person | None:
        found = self._session.execute(self._mine().where(condition)).one_or_none()
        return None if found is None else Person(found[0], found[1])

    def _mine(self) -> Select[Member, Account]:
        query = select(Member, Account).join(Account, Account.id == Member.account_id)
        return query.where(Member.workspace_id == self._workspace_id)


def account_name(given: str) -> str:
    """The name as it is kept: lower case (BadInput ``bad_account_name``)."""
    name = given.strip().lower()
    if not _NAME.fullmatch(name):
        raise BadInput("bad_account_name", "an account's name is 1 to 100 of a-z, 0-9 and . _ @ + -")
    return name


def _checked(role: Role) -> Role:
    if role not in get_args(Role):
        raise BadInput("bad_role", f"a role is one of {', '.join(get_args(Role))}")
    return role
