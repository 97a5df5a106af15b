"""What lets a browser in: sessions, and the links with which a password is chosen.

Of the tokens only digests are here (records.secrets).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.orm import Session

from records.base import now
from records.models import Account, BrowserSession, SignInLink

LINK_LIVES = timedelta(hours=24)


class BrowserSessions:
    def __init__(self, session: Session) -> None:
        self._session = session

    def open(self, account_id: str, workspace_id: str, digest: str, lives: timedelta) -> BrowserSession:
        opened = BrowserSession(
            account_id=account_id,
            workspace_id=workspace_id,
            digest=digest,
            seen_at=now(),
            expires_at=now() + lives,
        )
        self._session.add(opened)
        self._session.flush()
        return opened

    def find(self, digest: str, idle: timedelta) -> tuple[BrowserSession, Account] | None:
        """The session of this digest that is neither over nor idle for too long, and whose it is."""
        query = (
            select(BrowserSession, Account)
            .join(Account, Account.id == BrowserSession.account_id)
            .where(
                BrowserSession.digest == digest,
                BrowserSession.expires_at > now(),
                BrowserSession.seen_at > now() - idle,
                Account.disabled_at.is_(None),
            )
        )
        found = self._session.execute(query).one_or_none()
        return None if found is None else (found[0], found[1])

    def show(self, session_id: str, workspace_id: str) -> None:
        """Look at another workspace from now on."""
        change = update(BrowserSession).where(BrowserSession.id == session_id)
        self._session.execute(change.values(workspace_id=workspace_id))

    def close(self, session_id: str) -> None:
        self._session.execute(delete(BrowserSession).where(BrowserSession.id == session_id))

    def close_all(self, account_id: str) -> None:
        self._session.execute(delete(BrowserSession).where(BrowserSession.account_id == account_id))


def session_was_used(session: Session, session_id: str, every: timedelta) -> None:
    """Note the use, unless one was noted less than ``every`` ago."""
    mine = (BrowserSession.id == session_id, BrowserSession.seen_at < now() - every)
    session.execute(update(BrowserSession).where(*mine).values(seen_at=now()))


class SignInLinks:
    def __init__(self, session: Session) -> None:
        self._session = session

    def make(self, account_id: str, digest: str) -> SignInLink:
        """A link that works for a day; older ones of the account work no longer."""
        self.void(account_id)
        link = SignInLink(account_id=account_id, digest=digest, expires_at=now() + LINK_LIVES)
        self._session.add(link)
        self._session.flush()
        return link

    def account(self, digest: str) -> Account | None:
        """Whose link it is, while it can be used."""
        query = select(Account).join(SignInLink, SignInLink.account_id == Account.id)
        return self._session.scalar(query.where(*self._usable(digest), Account.disabled_at.is_(None)))

    def use(self, digest: str) -> bool:
        """Use it up; False for whoever comes too late."""
        at: datetime = now()
        used = self._session.execute(update(SignInLink).where(*self._usable(digest)).values(used_at=at))
        assert isinstance(used, CursorResult)
        return used.rowcount == 1

    def void(self, account_id: str) -> None:
        """Let no link of the account work any more."""
        unused = (SignInLink.account_id == account_id, SignInLink.used_at.is_(None))
        self._session.execute(delete(SignInLink).where(*unused))

    def _usable(self, digest: str) -> tuple[ColumnElement[bool], ...]:
        return SignInLink.digest == digest, SignInLink.used_at.is_(None), SignInLink.expires_at > now()
