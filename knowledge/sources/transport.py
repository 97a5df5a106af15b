"""One way to every service: in turn, with limits of time and size, patient where patience helps.

The services' own clients say what to ask and understand the answer; the asking is done here for all of
them, because each of them would do it differently, and none with all of these limits.
"""

from __future__ import annotations

import email.utils
import json
import random
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx

from config import SourcesSettings
from knowledge.sources.pace import Pace, Sleep
from knowledge.sources.reach import PublicTransport
from knowledge.sources.source import Refused, SourceDown

T = TypeVar("T")

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
"""Statuses behind which the same request may succeed later."""

MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in full."""

    status: int
    headers: httpx.Headers
    content: bytes


class Unreadable(ValueError):
    """An answer that is not what was asked for; the message says what it is. It is asked for again."""


class _Hiccup(Exception):
    """What may pass: the reason, and how long the service wants to be left alone."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Transport:
    """Requests to one service; closed at the end of a ``with``."""

    def __init__(
        self,
        source: str,
        settings: SourcesSettings,
        paces: Path,
        pause_s: float,
        *,
        anywhere: bool = False,
        sleep: Sleep = time.sleep,
    ) -> None:
        """``pause_s`` is kept between requests to one host by all who share the folder ``paces``.

        ``anywhere``: the address is a user's, so redirects are followed, but to public addresses only.
        """
        self.source = source
        self._settings = settings
        self._paces = paces
        self._pause_s = pause_s * settings.pause
        self._sleep = sleep
        guarded = anywhere and not settings.private_addresses
        self._client = httpx.Client(
            headers={"User-Agent": user_agent(settings.contact)},
            timeout=settings.timeout_s,
            follow_redirects=anywhere,
            max_redirects=MOST_REDIRECTS,
            verify=trusted(),
            transport=PublicTransport(trusted()) if guarded else None,
        )

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def fetch(
        self,
        url: str,
        read: Callable[[Reply], T],
        *,
        params: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200,),
    ) -> T:
        """What ``read`` makes of the answer; a reader that raises Unreadable is given another one.

        With ``form`` it is a POST. Raises SourceDown, and Refused where asking again is no use.
        """
        request = self._request(url, params, form, headers)
        pace = Pace(self._paces, request.url.host, self._pause_s, self._sleep)
        for attempt in range(1, self._settings.tries + 1):
            pace.wait(self._settings.longest_wait_s)
            try:
                return self._attempt(request, read, accept)
            except _Hiccup as hiccup:
                self._rest(hiccup, attempt, pace)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: httpx.Request, read: Callable[[Reply], T], accept: Collection[int]) -> T:
        reply = self._send(request)
        if reply.status not in accept:
            self._turned_down(reply)
        try:
            return read(reply)
        except Unreadable as error:
            raise _Hiccup(f"gave an answer that cannot be read: {error}") from error

    def _rest(self, hiccup: _Hiccup, attempt: int, pace: Pace) -> None:
        """Wait before the next attempt; raises SourceDown where there is none."""
        settings = self._settings
        wanted = hiccup.retry_after_s
        if wanted is not None and wanted > settings.longest_wait_s:
            reason = f"{hiccup.reason}, and wants to be left alone for {wanted:.0f} s"
            raise SourceDown(self.source, reason) from hiccup
        if attempt == settings.tries:
            tries = f" (after {attempt} tries)" if attempt > 1 else ""
            raise SourceDown(self.source, f"{hiccup.reason}{tries}") from hiccup
        if wanted is not None:
            pace.hold(wanted)  # for others who ask this service as well
            return
        backoff_s = min(settings.backoff_s * 2.0 ** (attempt - 1), settings.longest_wait_s)
        self._sleep(backoff_s * random.uniform(0.5, 1.0))

    def _request(
        self,
        url: str,
        params: Mapping[str, Any] | None,
        form: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Request:
        method, data = ("GET", None) if form is None else ("POST", dict(form))
        try:
            request = self._client.build_request(method, url, params=params, data=data, headers=headers)
        except (httpx.InvalidURL, UnicodeError):
            request = None
        if request is None or request.url.scheme not in ("http", "https") or not request.url.host:
            raise Refused(self.source, f"cannot be asked: '{url[:200]}' is no address of the web")
        return request

    def _send(self, request: httpx.Request) -> Reply:
        timeout_s = self._settings.timeout_s
        until = time.monotonic() + timeout_s
        largest = self._settings.largest_mb * 2**20
        content = bytearray()
        try:
            response = self._client.send(request, stream=True)
            try:
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > largest:
                        raise Refused(self.source, f"gave an answer of more than {largest // 2**20} MB")
                    if time.monotonic() > until:  # one that drips would never time out by itself
                        raise _Hiccup(f"did not finish its answer in {timeout_s:g} s")
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise _Hiccup(f"did not answer in {timeout_s:g} s") from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError) as error:
            raise _Hiccup("broke off in the middle of its answer") from error
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise Refused(self.source, f"cannot be asked: {error}") from error
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise _Hiccup(f"cannot be reached ({error or type(error).__name__})") from error
        return Reply(response.status_code, response.headers, bytes(content))

    def _turned_down(self, reply: Reply) -> None:
        said = said_in(reply)
        if reply.status in PASSING or "rate limit" in said.lower():
            retry_after_s = seconds_of(reply.headers.get("Retry-After"))
            raise _Hiccup(f"answered {reply.status}{said}", retry_after_s)
        if reply.status in (401, 403):
            raise Refused(self.source, f"answered {reply.status}{said}; see whether it wants a key")
        moved = reply.headers.get("Location")
        if reply.status in range(300, 400) and moved:
            said = f" (it has moved to {moved[:200]})"
        raise Refused(self.source, f"answered {reply.status}{said}")


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that are trusted; read once, for it takes as long as a request."""
    return httpx.create_ssl_context()


def user_agent(contact: str) -> str:
    """Who asks, in the form that services ask for."""
    return f"Touchstone/0.1 (mailto:{contact})" if contact else "Touchstone/0.1"


def seconds_of(retry_after: str | None) -> float | None:
    """How long a ``Retry-After`` header asks to wait: it says seconds, or a date."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(retry_after)
        except (TypeError, ValueError, IndexError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None


def said_in(reply: Reply) -> str:
    """What an error's body says, in one short line; nothing of a web page."""
    text = reply.content[:4000].decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        return ""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    if isinstance(told, dict):
        told = next((told[key] for key in ("message", "error", "errMsg", "detail") if told.get(key)), "")
    if isinstance(told, list) and told and isinstance(told[0], dict):
        told = told[0].get("message", "")
    line = " ".join(str(told).split())[:200]
    return f" ({line})" if line else ""


def as_json(reply: Reply) -> dict[str, Any]:
    """The JSON object of an answer; raises Unreadable for anything else."""
    try:
        read = json.loads(reply.content)
    except (ValueError, RecursionError):
        head = reply.content[:200].lstrip().lower()
        if head.startswith((b"<!doctype html", b"<html")):
            raise Unreadable("it is a web page instead of JSON") from None
        raise Unreadable("it is no JSON, or only a part of it") from None
    if not isinstance(read, dict):
        raise Unreadable("it is no JSON object")
    return read
