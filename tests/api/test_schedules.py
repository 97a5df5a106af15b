"""A feed's schedule as a person chooses it, and numbers as a person types them."""

from __future__ import annotations

import pytest

from api.decimals import with_point
from api.pages.schedules import choice_of, cron_of, in_words
from records.errors import BadInput


@pytest.mark.parametrize(
    ("chosen", "cron", "words"),
    [
        ({"every": "hour"}, "0 * * * *", "every hour"),
        ({"every": "day", "at": "06:00"}, "0 6 * * *", "every day at 06:00 UTC"),
        ({"every": "week", "at": "23:05", "weekday": "0"}, "5 23 * * 0", "every Sunday at 23:05 UTC"),
        ({"every": "cron", "cron": "*/20 8-18 * * 1-5"}, "*/20 8-18 * * 1-5", ""),
    ],
)
def test_a_choice_is_a_schedule_and_found_again_in_it(chosen: dict[str, str], cron: str, words: str) -> None:
    assert cron_of(chosen) == cron
    assert chosen.items() <= choice_of(cron).items()
    assert in_words(cron) == words


@pytest.mark.parametrize(
    ("cron", "every"),
    [("7 6 * * 7", "week"), ("60 6 * * *", "cron"), ("0 6 1 * *", "cron"), ("30 * * * *", "cron")],
)
def test_a_schedule_that_is_no_plain_choice_stays_as_it_was_written(cron: str, every: str) -> None:
    chosen = choice_of(cron)
    assert chosen["every"] == every
    assert chosen.get("cron", cron) == cron


@pytest.mark.parametrize(
    "typed",
    [{"every": "day", "at": ""}, {"every": "week", "at": "06:00", "weekday": "8"}, {"every": "cron"}],
)
def test_half_a_choice_is_told(typed: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        cron_of(typed)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("3,7", "3.7"),
        ("-0,5e-3", "-0.5e-3"),
        ("0,125", "0.125"),
        ("1,234", "1,234"),
        ("1,2-diol", "1,2-diol"),
    ],
)
def test_a_decimal_comma_is_read_unless_it_may_part_thousands(typed: str, read: str) -> None:
    assert with_point(typed) == read
