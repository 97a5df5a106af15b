"""Times that come again, in cron's five fields (minute, hour, day, month, weekday), UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from croniter import croniter
from croniter.croniter import CroniterError

from records.errors import BadInput


def next_time(cron: str, after: datetime) -> datetime:
    """The first time that a schedule names behind this one (BadInput ``bad_cron``, also where none is)."""
    try:
        if len(cron.split()) != 5:
            raise ValueError("it has five fields")
        found: datetime = croniter(cron, after.astimezone(UTC)).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        message = f"'{cron}' is no schedule ({error}); one is '0 6 * * 1': Mondays at six, UTC"
        raise BadInput("bad_cron", message) from error
    return found
