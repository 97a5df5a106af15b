"""The worker's Celery app: ``celery --app workers.app worker --beat`` also keeps the schedule."""

from __future__ import annotations

from config import load_settings
from workers.broker import make_app

settings = load_settings()
app = make_app(settings)
