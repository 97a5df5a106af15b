"""Answers in the words of the OpenAI protocol: whole, or in chunks as they are written."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from moe.errors import MoeError
from moe.writing.answer import Finished, Piece
from moe.writing.sampling import Drawn

Numbered = tuple[int, Piece | Finished]
Decode = Callable[[int], str]


@dataclass(slots=True, eq=False)
class Form:
    """How one request wants its answers."""

    chat: bool
    model: str
    prompt_tokens: int
    decode: Decode
    """One token's text."""
    logprobs: bool = False
    usage_at_end: bool = False
    id: str = field(init=False)
    created: int = field(init=False)

    def __post_init__(self) -> None:
        self.id = ("chatcmpl-" if self.chat else "cmpl-") + uuid.uuid4().hex
        self.created = int(time.time())

    async def whole(self, events: AsyncIterator[Numbered], count: int) -> dict[str, Any]:
        """One response when all ``count`` answers are there; raises ``MoeError`` if one failed."""
        texts, drawn = [""] * count, [list[Drawn]() for _ in range(count)]
        ends: dict[int, Finished] = {}
        async for number, event in events:
            if isinstance(event, Finished):
                ends[number] = _sound(event)
            else:
                texts[number] += event.text
                drawn[number].append(event.drawn)
        choices = [
            self._choice(number, texts[number], ends[number].reason, self._logprobs(drawn[number]))
            for number in range(count)
        ]
        kind = "chat.completion" if self.chat else "text_completion"
        return {**self._head(kind), "choices": choices, "usage": self._usage(list(ends.values()))}

    async def chunks(self, events: AsyncIterator[Numbered], count: int) -> AsyncIterator[dict[str, Any]]:
        """A response for every piece, then the ends, then the usage if it was asked for."""
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        if self.chat:
            for number in range(count):
                yield self._chunk(kind, number, {"role": "assistant", "content": ""}, None, None)
        ends: list[Finished] = []
        async for number, event in events:
            if isinstance(event, Finished):
                ends.append(_sound(event))
                yield self._chunk(kind, number, {}, event.reason, None)
            elif event.text or self.logprobs:
                logprobs = self._logprobs([event.drawn])
                yield self._chunk(kind, number, {"content": event.text}, None, logprobs)
        if self.usage_at_end:
            yield {**self._head(kind), "choices": [], "usage": self._usage(ends)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _choice(self, number: int, text: str, reason: str, logprobs: Any) -> dict[str, Any]:
        said = (
            {"message": {"role": "assistant", "content": text, "refusal": None}}
            if self.chat
            else {"text": text}
        )
        return {"index": number, **said, "finish_reason": reason, "logprobs": logprobs}

    def _chunk(
        self, kind: str, number: int, delta: dict[str, str], reason: str | None, logprobs: Any
    ) -> dict[str, Any]:
        said = {"delta": delta} if self.chat else {"text": delta.get("content", "")}
        choice = {"index": number, **said, "finish_reason": reason, "logprobs": logprobs}
        return {**self._head(kind), "choices": [choice]}

    def _usage(self, ends: list[Finished]) -> dict[str, Any]:
        written = sum(end.tokens for end in ends)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
            "prompt_tokens_details": {"cached_tokens": min((end.cached for end in ends), default=0)},
        }

    def _logprobs(self, drawn: list[Drawn]) -> Any:
        if not self.logprobs:
            return None
        if self.chat:
            return {"content": [self._logprob(one) for one in drawn], "refusal": None}
        return {
            "tokens": [self.decode(one.token) for one in drawn],
            "token_logprobs": [one.logprob for one in drawn],
            "top_logprobs": [{self.decode(token): value for token, value in one.likeliest} for one in drawn],
            "text_offset": [],
        }

    def _logprob(self, one: Drawn) -> dict[str, Any]:
        top = [self._token(token, value) for token, value in one.likeliest]
        return {**self._token(one.token, one.logprob), "top_logprobs": top}

    def _token(self, token: int, logprob: float | None) -> dict[str, Any]:
        text = self.decode(token)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _sound(end: Finished) -> Finished:
    if end.reason == "error":
        raise MoeError("engine_failed", end.error)
    return end
