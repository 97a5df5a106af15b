"""The same POST twice, done once: the second one with the same Idempotency-Key gets the first one's answer.

The key is written in the transaction that does the work, so either both are kept or neither. The answer
follows it; where the process dies between the two, a repetition is refused rather than done again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.access.shown_once import answer_to_keep
from api.problems import Refused
from records.base import now
from records.database import Database
from records.models import Answered
from records.repositories import Answers

KEPT = ("content-type", "location", "etag")
WAIT_S = 5.0
"""How long a repetition waits for the first request's answer."""
LOST_AFTER = timedelta(minutes=2)
"""A first request without an answer for so long was cut off."""


class Again(Exception):
    """There is an answer already: this one."""

    def __init__(self, answered: Answered) -> None:
        super().__init__(answered.key)
        self.answered = answered


class Reservation:
    """A request's key, from the moment that it is read to that in which its answer is kept."""

    def __init__(self, key: str, request_digest: str) -> None:
        self.key = key
        self._request_digest = request_digest
        self._fingerprint = ""
        self._kept: tuple[Database, str] | None = None
        self._reserved_in: str | None = None

    def answer_again(self, database: Database, workspace_id: str, asked_by: str) -> None:
        """Raise Again where the key is known; Refused where it was for something else or is not answered."""
        self._fingerprint = hashlib.sha256(f"{asked_by}\n{self._request_digest}".encode()).hexdigest()
        self._kept = (database, workspace_id)
        give_up = time.monotonic() + WAIT_S
        while (found := self._find()) is not None:
            if found.fingerprint != self._fingerprint:
                message = "this Idempotency-Key was used for another request; make a new one"
                raise Refused(422, "idempotency_key_reused", message)
            if found.status is not None:
                raise Again(found)
            if now() - found.created_at > LOST_AFTER:
                message = (
                    "the first request with this key was done, but its answer was lost; look what came of it"
                )
                raise Refused(409, "answer_lost", message)
            if time.monotonic() > give_up:
                message = "the first request with this key is still being answered; try again"
                raise Refused(409, "still_answering", message, headers={"Retry-After": "2"})
            time.sleep(0.05)

    def reserve(self, session: Session, workspace_id: str) -> None:
        """Take the key in this transaction; raises Refused where another request was faster."""
        if self._reserved_in is not None:
            return
        try:
            Answers(session, workspace_id).reserve(self.key, self._fingerprint)
        except IntegrityError as error:
            message = "another request with this key was faster; send it again for that one's answer"
            raise Refused(409, "still_answering", message, headers={"Retry-After": "1"}) from error
        self._reserved_in = workspace_id

    def keep(self, response: Response) -> None:
        """Keep the answer, if the request changed anything."""
        if self._kept is None or self._reserved_in is None:
            return
        database, _ = self._kept
        headers = {name: response.headers[name] for name in KEPT if name in response.headers}
        with database.write() as session:
            body = bytes(response.body).decode()
            Answers(session, self._reserved_in).answer(self.key, response.status_code, headers, body)

    def _find(self) -> Answered | None:
        assert self._kept is not None
        database, workspace_id = self._kept
        with database.read() as session:
            return Answers(session, workspace_id).find(self.key)


class Idempotent(APIRoute):
    """A route whose POST may carry an Idempotency-Key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if request.method != "POST" or key is None:
                return await answer(request)
            reservation = Reservation(_checked(key), await _digest(request))
            request.state.reservation = reservation
            try:
                response = await answer(request)
            except Again as again:
                return _repeated(again.answered)
            if response.status_code < 500:
                await run_in_threadpool(reservation.keep, answer_to_keep(request, response))
            return response

        return handle


def _checked(key: str) -> str:
    if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        raise Refused(400, "bad_idempotency_key", "an Idempotency-Key is 1 to 200 printable ASCII characters")
    return key


async def _digest(request: Request) -> str:
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + await request.body()).hexdigest()


def _repeated(answered: Answered) -> Response:
    assert answered.status is not None
    return Response(answered.body, answered.status, {**answered.headers, "Idempotency-Replayed": "true"})
