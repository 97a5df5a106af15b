"""Who asks, and what a handler may do for them: every route that shows or changes something takes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from api.access import Principal, authenticate
from api.access.schemes import WithBrowser, WithKey
from api.context import Context, InContext
from api.idempotency import Reservation
from api.problems import Refused
from records.repositories import Audit


@dataclass(frozen=True, slots=True)
class Caller:
    context: Context
    principal: Principal
    request_id: str
    reservation: Reservation | None
    """Of the request's Idempotency-Key, if it has one."""

    @property
    def workspace_id(self) -> str:
        return self.principal.workspace_id

    @property
    def name(self) -> str:
        return self.principal.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.context.database.read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction; with an Idempotency-Key it is kept only if no request before used that key."""
        with self.context.database.write() as session:
            if self.reservation is not None:
                self.reservation.reserve(session, self.workspace_id)
            yield session

    def audit(
        self,
        session: Session,
        action: str,
        subject_kind: str,
        subject_id: str,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Say in the same transaction what the caller does."""
        Audit(session, self.workspace_id).add(self.name, action, subject_kind, subject_id, detail)

    def ring(self) -> None:
        self.context.ring()


def _with_scope(scope: str) -> Callable[..., Caller]:
    def caller(request: Request, context: InContext, _key: WithKey, _browser: WithBrowser) -> Caller:
        principal = authenticate(request, context)
        context.rates.take(principal.id)
        if scope not in principal.scopes:
            raise Refused(
                403, "scope_missing", f"this needs the scope {scope}, which {principal.name} has not"
            )
        reservation: Reservation | None = getattr(request.state, "reservation", None)
        if reservation is not None:
            reservation.answer_again(context.database, principal.workspace_id, principal.id)
        return Caller(context, principal, getattr(request.state, "request_id", ""), reservation)

    return caller


CanRead = Annotated[Caller, Depends(_with_scope("read"))]
CanWrite = Annotated[Caller, Depends(_with_scope("write"))]
CanAdmin = Annotated[Caller, Depends(_with_scope("admin"))]
