"""One question to an OpenAI-compatible endpoint, asked again when the failure is a passing one."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai
from pydantic import BaseModel, ValidationError

from agents.llm.errors import ModelFailure
from config import ReasonerSettings
from records.errors import BadInput

Message = dict[str, str]

CHECK_SECONDS = 5.0
LONGEST_WAIT = 600.0
"""Seconds; a server that asks for more is waited for no longer than this."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back, and what it took."""

    text: str
    refusal: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int = 0


class _Body(BaseModel):
    choices: list[_Choice]
    usage: _Usage | None = None


class _BrokenAnswer(Exception):
    """The connection held, but what came over it is no completion, or came too slowly."""


class ChatClient:
    """Chat completions with a JSON schema; safe to use from several threads.

    Raises :class:`ModelFailure` when no answer could be had, and never sees what an answer means.
    """

    def __init__(self, settings: ReasonerSettings, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self._sleep = sleep
        self._client = openai.OpenAI(
            base_url=settings.base_url,
            api_key=settings.api_key.get_secret_value(),
            timeout=httpx2.Timeout(settings.timeout_s, connect=min(10.0, settings.timeout_s)),
            max_retries=0,  # retries are ours: theirs skip broken bodies and hide the count
        )
        self._dialect = _Dialect()

    def check(self) -> None:
        """Find out early whether anybody answers; raises BadInput that names the address and the setting."""
        try:
            self._client.with_options(timeout=CHECK_SECONDS).models.with_raw_response.list()
        except openai.APIConnectionError as error:
            raise BadInput(
                "model_unreachable",
                f"no language model answers at {self.settings.base_url}; start one there, set "
                "TOUCHSTONE_REASONER__BASE_URL, or use --reasoner extractive",
            ) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise BadInput(
                "model_key_refused",
                f"{self.settings.base_url} refuses the key; set TOUCHSTONE_REASONER__API_KEY",
            ) from error
        except openai.APIStatusError:
            return  # Somebody answers. Not every server lists its models.

    def complete(
        self, messages: Sequence[Message], *, name: str, schema: Mapping[str, Any], seed: int
    ) -> Completion:
        """The model's completion, after as many attempts as the settings allow."""
        failures = 0
        while True:
            request, dialect = self._dialect.request(self.settings, messages, name, schema, seed)
            try:
                return self._send(request)
            except openai.APIStatusError as error:
                if self._dialect.adapt(error, dialect):
                    continue
                if error.status_code != 429 and error.status_code < 500:
                    raise ModelFailure("model_rejected", _rejection(self.settings.base_url, error)) from error
                reason, wait = f"HTTP {error.status_code}", retry_after(error.response.headers)
            except (openai.APIConnectionError, httpx2.HTTPError, _BrokenAnswer) as error:
                reason, wait = str(error) or type(error).__name__, None
            if failures >= self.settings.retries:
                raise ModelFailure(
                    "model_unavailable",
                    f"{self.settings.base_url} gave no answer in {failures + 1} attempts ({reason}); "
                    "resume the run when it is back",
                )
            self._sleep(self._backoff(failures) if wait is None else min(wait, LONGEST_WAIT))
            failures += 1

    def _backoff(self, failures: int) -> float:
        # Half of it is drawn, so that calls which failed together do not come back together.
        return min(LONGEST_WAIT, self.settings.backoff_s * 2.0**failures) * random.uniform(0.5, 1.0)

    def _send(self, request: Mapping[str, Any]) -> Completion:
        started = time.monotonic()
        body = bytearray()
        with self._client.chat.completions.with_streaming_response.create(**request) as response:
            for chunk in response.iter_bytes():
                body += chunk
                # The client's own timeout counts from byte to byte; a trickling server would hold us for
                # ever.
                if time.monotonic() - started > self.settings.timeout_s:
                    raise _BrokenAnswer(f"not whole after {self.settings.timeout_s:g} s")
        return _completion(bytes(body), request, time.monotonic() - started)


class _Dialect:
    """What this server does not understand, learnt from its refusals, each lesson once."""

    PARAMETERS = ("temperature", "seed", "max_tokens")

    def __init__(self) -> None:
        self._unknown: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def request(
        self,
        settings: ReasonerSettings,
        messages: Sequence[Message],
        name: str,
        schema: Mapping[str, Any],
        seed: int,
    ) -> tuple[dict[str, Any], frozenset[str]]:
        unknown = self._unknown
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": list(messages),
            "temperature": settings.temperature,
            "seed": seed,
            "max_tokens": settings.max_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": name, "strict": True, "schema": dict(schema)},
            },
        }
        for parameter in unknown & set(self.PARAMETERS):
            del request[parameter]
        if "max_tokens" in unknown:
            request["max_completion_tokens"] = settings.max_tokens
        if "json_schema" in unknown:
            request["response_format"] = {"type": "json_object"}
            request["messages"] = _with_schema(messages, schema)
        return request, unknown

    def adapt(self, error: openai.APIStatusError, spoken: frozenset[str]) -> bool:
        """Whether the refused request, in the dialect it was spoken in, is worth putting in another."""
        if error.status_code not in (400, 422):
            return False
        words = _words(error)
        named = [p for p in self.PARAMETERS if p in words and p not in spoken]
        lesson = named[0] if named else "json_schema"
        if lesson in spoken:
            return False
        with self._lock:
            self._unknown |= {lesson}
        return True


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait (a number or an HTTP date), or None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _completion(body: bytes, request: Mapping[str, Any], seconds: float) -> Completion:
    try:
        answer = _Body.model_validate_json(body)
    except ValidationError as error:
        raise _BrokenAnswer("the body is no chat completion") from error
    if not answer.choices:
        raise _BrokenAnswer("the completion has no choices")
    choice = answer.choices[0]
    text = choice.message.content or ""
    usage = answer.usage or _estimate(request, text)
    return Completion(
        text=text,
        refusal=choice.message.refusal or ("filtered" if choice.finish_reason == "content_filter" else ""),
        finish_reason=choice.finish_reason or "",
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=seconds,
    )


def _estimate(request: Mapping[str, Any], text: str) -> _Usage:
    """Tokens when the server does not count them: about four characters each, so that a budget still ends."""
    sent = sum(len(message["content"]) for message in request["messages"])
    return _Usage(prompt_tokens=-(-sent // 4), completion_tokens=-(-len(text) // 4))


def _with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    asked = "Answer with one JSON object that fits this JSON schema, and nothing else:\n" + json.dumps(schema)
    first, *rest = messages
    return [{**first, "content": f"{first['content']}\n\n{asked}"}, *rest]


def _words(error: openai.APIStatusError) -> str:
    return " ".join(itertools.chain([error.message], [json.dumps(error.body)] if error.body else []))


def _rejection(url: str, error: openai.APIStatusError) -> str:
    detail = " ".join(error.message.split())[:200]
    return f"{url} rejects the request with HTTP {error.status_code}: {detail}"
