"""The production worker with a hasty timetable."""

from __future__ import annotations

from workers import app as worker_app

app = worker_app.app
app.conf.beat_schedule["timetable"]["schedule"] = 0.5
app.conf.beat_schedule["keep"]["schedule"] = 0.3
