"""A worker whose one job leaves much memory taken; a test starts it as a real Celery process."""

from __future__ import annotations

from config import Settings
from records.models import Job
from workers import app as worker_app
from workers import resting
from workers.tasks import register

app = worker_app.app
resting.LOOK_S = 0.3
hoard: list[bytearray] = []


def take_much(settings: Settings, job: Job) -> None:
    hoard.append(bytearray(b"x") * 300_000_000)


register(app, take_much.__name__, take_much, limit_s=60)
