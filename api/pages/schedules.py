"""When a feed runs, in plain choices: every hour, day or week, or a cron expression for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping

from records.errors import BadInput

EVERY = (("hour", "every hour"), ("day", "every day"), ("week", "every week"), ("cron", "as I write it"))
WEEKDAYS = (
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("0", "Sunday"),
)
"""By cron's numbers."""
HOURLY = "0 * * * *"
DAILY_OR_WEEKLY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* ([0-7]|\*)")
AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
USUAL = {"every": "day", "at": "06:00", "weekday": "1"}


def cron_of(typed: Mapping[str, str]) -> str:
    """The five fields that stand for the choice (BadInput ``bad_time``); nothing where none was made."""
    written = typed.get("cron", "").strip()
    every = typed.get("every", "")
    if every == "cron" and not written:
        raise BadInput("bad_time", "write the cron expression, or choose when it runs")
    if every in ("", "cron"):
        return written
    if every == "hour":
        return HOURLY
    at = AT.fullmatch(typed.get("at", "")[:5])
    if at is None:
        raise BadInput("bad_time", "say at what time of the day it runs, like 06:00")
    weekday = typed.get("weekday", "") if every == "week" else "*"
    if weekday not in {"*", *dict(WEEKDAYS)}:
        raise BadInput("bad_time", "choose the day of the week on which it runs")
    return f"{int(at[2])} {int(at[1])} * * {weekday}"


def choice_of(cron: str) -> dict[str, str]:
    """The plain choice that a schedule is, as the form's fields; ``cron`` where it is none."""
    plain = " ".join(cron.split())
    if plain == HOURLY:
        return {**USUAL, "every": "hour"}
    found = DAILY_OR_WEEKLY.fullmatch(plain)
    if found is None or int(found[1]) > 59 or int(found[2]) > 23:
        return {**USUAL, "every": "cron", "cron": cron}
    at = {"at": f"{int(found[2]):02}:{int(found[1]):02}"}
    if found[3] == "*":
        return {**USUAL, **at, "every": "day"}
    return {**at, "every": "week", "weekday": str(int(found[3]) % 7)}


def in_words(cron: str) -> str:
    """Like “every Monday at 07:30 UTC”; nothing for a schedule that is no plain choice."""
    chosen = choice_of(cron)
    match chosen["every"]:
        case "hour":
            return "every hour"
        case "day":
            return f"every day at {chosen['at']} UTC"
        case "week":
            return f"every {dict(WEEKDAYS)[chosen['weekday']]} at {chosen['at']} UTC"
    return ""
