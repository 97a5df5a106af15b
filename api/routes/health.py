"""Whether the server lives, and whether it can do its work."""

from __future__ import annotations

from importlib import metadata
from typing import Literal

from fastapi import APIRouter
from kombu.exceptions import OperationalError
from pydantic import BaseModel
from sqlalchemy import text

from api.context import Context, InContext

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    database: Literal["ok"] = "ok"
    broker: Literal["ok", "unreachable"]
    """Without a broker questions are taken and kept; they are worked on when it is back."""


class Version(BaseModel):
    version: str


@router.get("/v1/version")
def version() -> Version:
    """Of Touchstone, as it is installed."""
    return Version(version=metadata.version("touchstone-chemistry"))


@router.get("/health")
def health() -> Health:
    return Health()


@router.get("/ready")
def ready(context: InContext) -> Ready:
    """503 while the database does not answer."""
    with context.database.read() as session:
        session.execute(text("SELECT 1"))
    return Ready(broker="ok" if _broker_answers(context) else "unreachable")


def _broker_answers(context: Context) -> bool:
    with context.tasks.connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=0, timeout=2)
        except OperationalError:
            return False
    return True
