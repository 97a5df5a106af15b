"""The way to a service: patient where patience helps, and never without limits."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from literature_service import Asked, LiteratureService, Reply

from config import SourcesSettings
from knowledge.sources import Refused, SourceDown
from knowledge.sources.pace import Pace
from knowledge.sources.reach import is_public
from knowledge.sources.transport import Transport, as_json, seconds_of

GOOD = Reply(b'{"good": true}')
Made = Callable[..., Transport]


@pytest.fixture
def transport(naps: list[float], tmp_path: Path) -> Made:
    def make(anywhere: bool = False, **changed: Any) -> Transport:
        settings = SourcesSettings(**({"tries": 3, "backoff_s": 1.0, "pause": 0, "timeout_s": 30} | changed))
        return Transport(
            "europe_pmc", settings, tmp_path / "paces", 3.0, anywhere=anywhere, sleep=naps.append
        )

    return make


def test_a_retry_after_may_be_a_date(service, transport, naps):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    service.instead(Reply(status=503, headers={"Retry-After": later}), GOOD)
    assert transport().fetch(service.url, as_json) == {"good": True}
    assert len(naps) == 1
    assert 20 <= naps[0] <= 40


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("12", 12.0),
        ("0", 0.0),
        ("-3", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_a_retry_after_is_read_as_it_is_written(told, seconds):
    assert seconds_of(told) == seconds


def test_a_service_that_wants_too_much_patience_is_down_until_the_next_run(service, transport, naps):
    service.answer = lambda asked: Reply(status=429, headers={"Retry-After": "86400"})
    with pytest.raises(SourceDown, match="europe_pmc answered 429, and wants to be left alone for 86400 s"):
        transport().fetch(service.url, as_json)
    assert (len(service.asked), naps) == (1, [])


def test_the_waits_double_up_to_the_longest(service, transport, naps):
    service.answer = lambda asked: Reply(status=500)
    with pytest.raises(SourceDown, match=r"answered 500 \(after 6 tries\)"):
        transport(tries=6, backoff_s=10, longest_wait_s=40).fetch(service.url, as_json)
    for nap, most in zip(naps, [10, 20, 40, 40, 40], strict=True):
        assert most / 2 <= nap <= most


def test_a_service_that_does_not_answer_in_time_is_down(service, transport):
    service.answer = lambda asked: Reply(b"{" + b" " * 500, drip_s=0.02)
    began = time.monotonic()
    with pytest.raises(SourceDown, match=r"did not finish its answer in 0\.2 s"):
        transport(tries=1, timeout_s=0.2).fetch(service.url, as_json)
    assert time.monotonic() - began < 8

    release = threading.Event()

    def silent(asked: Asked) -> Reply:
        release.wait(10)
        return GOOD

    service.answer = silent
    with pytest.raises(SourceDown, match=r"did not answer in 0\.2 s"):
        transport(tries=1, timeout_s=0.2).fetch(service.url, as_json)
    release.set()


def test_a_service_that_is_not_there_is_down(transport):
    with LiteratureService() as gone:
        url = gone.url
    with pytest.raises(SourceDown, match="cannot be reached") as raised:
        transport().fetch(url, as_json)
    assert raised.value.code == "source_down"
    assert raised.value.source == "europe_pmc"


def test_an_answer_that_is_too_large_is_not_read_to_its_end(service, transport):
    packed = gzip.compress(b" " * (3 * 2**20))
    service.answer = lambda asked: Reply(packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Refused, match="more than 1 MB"):
        transport(largest_mb=1).fetch(service.url, as_json)


def test_an_answer_that_cannot_be_unpacked_is_asked_for_again(service, transport):
    service.instead(Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), GOOD)
    assert transport().fetch(service.url, as_json) == {"good": True}


def test_a_service_is_told_who_asks(service, transport):
    service.answer = lambda asked: GOOD
    transport(contact="ada@gels.org").fetch(service.url, as_json)
    assert service.asked[0].headers["User-Agent"] == "Touchstone/0.1 (mailto:ada@gels.org)"


def test_a_service_that_has_moved_says_so_and_keeps_its_key(service, transport):
    service.answer = lambda asked: Reply(status=301, headers={"Location": "https://elsewhere.org/"})
    with pytest.raises(Refused, match=r"answered 301 \(it has moved to https://elsewhere.org/\)"):
        transport().fetch(service.url, as_json, headers={"x-api-key": "secret"})


def test_what_wants_a_key_says_so(service, transport):
    service.answer = lambda asked: Reply(b'{"error": "Unauthorized"}', 401)
    with pytest.raises(Refused, match=r"answered 401 \(Unauthorized\); see whether it wants a key"):
        transport().fetch(service.url, as_json)


def test_a_rate_limit_is_one_whatever_its_status(service, transport, naps):
    service.instead(Reply(b'{"message": "Rate limit exceeded"}', 403), GOOD)
    assert transport().fetch(service.url, as_json) == {"good": True}
    assert len(naps) == 1


def test_a_feed_leads_to_no_private_network(service, transport, naps):
    service.answer = lambda asked: GOOD
    with pytest.raises(Refused, match=r"127\.0\.0\.1 is in a private network"):
        transport(anywhere=True).fetch(service.url, as_json)
    assert (service.asked, naps) == ([], [])
    assert transport(anywhere=True, private_addresses=True).fetch(service.url, as_json) == {"good": True}


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://x.org/", "gels", "http:///x", "http://\x00/"]
)
def test_what_is_no_address_is_refused(transport, address):
    with pytest.raises(Refused, match="cannot be asked"):
        transport(anywhere=True).fetch(address, as_json)


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.1.2.3 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1%eth0 fd00::1"
    " ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1".split(),
)
def test_private_addresses_are_known_in_every_guise(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_known_too(address):
    assert is_public(address)


def test_all_who_ask_a_service_keep_its_pause_together(tmp_path):
    naps: list[float] = []
    one = Pace(tmp_path, "export.arxiv.org", 3.0, naps.append)
    other = Pace(tmp_path, "export.arxiv.org", 3.0, naps.append)
    one.wait(60)
    assert naps == []
    other.wait(60)
    assert 1 < naps[0] <= 3
    other.hold(20)
    one.wait(60)
    assert 15 < naps[1] <= 20


def test_a_pause_that_cannot_be_meant_is_not_believed(tmp_path):
    naps: list[float] = []
    (tmp_path / "x.org").write_text(f"{time.time() + 1e6}")  # the clock was set back
    Pace(tmp_path, "x.org", 0.0, naps.append).wait(60)
    assert naps == [60]
    (tmp_path / "x.org").write_text("17")
    Pace(tmp_path, "x.org", 0.0, naps.append).wait(60)
    (tmp_path / "x.org").write_bytes(b"\x00half")
    Pace(tmp_path, "x.org", 0.0, naps.append).wait(60)
    assert naps == [60]


def test_two_never_have_the_turn_at_once(tmp_path):
    turns: list[float] = []

    def take_turns() -> None:
        pace = Pace(tmp_path, "x.org", 0.02)
        for _ in range(5):
            pace.wait(60)
            turns.append(time.monotonic())

    threads = [threading.Thread(target=take_turns) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turns.sort()
    assert turns[-1] - turns[0] >= 14 * 0.02 * 0.9
