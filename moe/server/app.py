"""The routes: they check, queue and pass on; computing is the engine's thread's."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from moe.errors import MoeError
from moe.offloading.load import OffloadedModel
from moe.server.answers import Form, Numbered
from moe.server.metrics import registry_for
from moe.server.protocol import ChatRequest, CompletionRequest, ResponseFormat
from moe.server.protocol import Request as AnyRequest
from moe.writing.answer import Answer, Finished, Piece
from moe.writing.engine import Engine, QueueFull
from moe.writing.grammar import Grammar, Grammars
from moe.writing.sampling import Sampling

RETRY_AFTER = "1"
"""Seconds after which a full queue may have room."""
REFUSED = "invalid_api_key"


class Service:
    """Turns requests into answers of one engine."""

    def __init__(self, engine: Engine, loaded: OffloadedModel, tokenizer: Any, name: str) -> None:
        self.engine, self.loaded, self.tokenizer, self.name = engine, loaded, tokenizer, name
        self.started = int(time.time())
        self._grammars: Grammars | None = None

    def chat(self, asked: ChatRequest) -> tuple[list[Answer], Form]:
        """Raises ``MoeError`` for what cannot be done."""
        if asked.top_logprobs and not asked.logprobs:
            raise MoeError("bad_logprobs", "top_logprobs needs logprobs to be true")
        messages = [message.plain() for message in asked.messages]
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # a template is a program of the model's makers
            raise MoeError(
                "bad_messages", f"the model's chat template refuses these messages: {error}"
            ) from error
        prompt = self.tokenizer.encode(text, add_special_tokens=False)
        logprobs = (asked.top_logprobs or 0) if asked.logprobs else None
        most = asked.max_completion_tokens or asked.max_tokens
        answers = self._answers(asked, prompt, most, logprobs, self._grammar(asked.response_format))
        return answers, self._form(asked, prompt, logprobs, chat=True)

    def complete(self, asked: CompletionRequest) -> tuple[list[Answer], Form]:
        """Raises ``MoeError`` for what cannot be done."""
        prompt = self.tokenizer.encode(asked.prompt) if isinstance(asked.prompt, str) else asked.prompt
        size = self.loaded.model.config.get_text_config().vocab_size
        if not all(0 <= token < size for token in prompt):
            raise MoeError("bad_prompt", f"tokens are from 0 to {size - 1}")
        answers = self._answers(asked, prompt, asked.max_tokens or 16, asked.logprobs, None)
        return answers, self._form(asked, prompt, asked.logprobs, chat=False)

    def _answers(
        self,
        asked: AnyRequest,
        prompt: Sequence[int],
        most: int | None,
        logprobs: int | None,
        grammar: Grammar | None,
    ) -> list[Answer]:
        sampling = Sampling(
            1.0 if asked.temperature is None else asked.temperature,
            1.0 if asked.top_p is None else asked.top_p,
            asked.seed,
            logprobs,
        )
        return [
            Answer(
                prompt,
                most or self.engine.tokens,
                sampling,
                _nowhere,
                asked.stops,
                grammar.copy() if grammar else None,
                number,
                asked.experts_per_token,
            )
            for number in range(asked.n or 1)
        ]

    def _form(self, asked: AnyRequest, prompt: Sequence[int], logprobs: int | None, *, chat: bool) -> Form:
        usage = asked.stream_options is not None and asked.stream_options.include_usage
        return Form(chat, self.name, len(prompt), self._decode, logprobs is not None, usage)

    def _decode(self, token: int) -> str:
        return str(self.tokenizer.decode([token]))

    def _grammar(self, wanted: ResponseFormat | None) -> Grammar | None:
        if wanted is None or wanted.type == "text":
            return None
        if self._grammars is None:
            size = self.loaded.model.config.get_text_config().vocab_size
            self._grammars = Grammars(self.tokenizer, size)
        if wanted.type == "json_object":
            return self._grammars.json_object()
        if wanted.json_schema is None:
            raise MoeError("bad_schema", "response_format json_schema needs a json_schema")
        return self._grammars.json_schema(wanted.json_schema.schema_)


def _nowhere(_: Piece | Finished) -> None:
    """Until somebody listens."""


def create_app(service: Service, api_key: str | None = None) -> FastAPI:
    """The server's application; with ``api_key`` only who shows it is served."""
    app = FastAPI(title="Touchstone MoE", docs_url=None, redoc_url=None, openapi_url=None)
    registry = registry_for(service.engine, service.loaded)
    _add_errors(app)

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        shown = authorization.removeprefix("Bearer ")
        if api_key and not secrets.compare_digest(shown.encode(), api_key.encode()):
            raise MoeError(REFUSED, "the API key is missing or wrong")

    protocol = APIRouter(prefix="/v1", dependencies=[Depends(authorised)])

    @protocol.get("/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(service)]}

    @protocol.get("/models/{name:path}")
    async def model(name: str) -> dict[str, Any]:
        _check_model(service, name)
        return _model(service)

    @protocol.post("/chat/completions")
    async def chat(asked: ChatRequest, request: Request) -> Response:
        _check_model(service, asked.model)
        answers, form = await asyncio.to_thread(service.chat, asked)
        return await _respond(service.engine, answers, form, asked, request)

    @protocol.post("/completions")
    async def completions(asked: CompletionRequest, request: Request) -> Response:
        _check_model(service, asked.model)
        answers, form = await asyncio.to_thread(service.complete, asked)
        return await _respond(service.engine, answers, form, asked, request)

    @app.get("/health")
    async def health() -> JSONResponse:
        alive = service.engine.alive
        return JSONResponse({"status": "ok" if alive else "stopped"}, 200 if alive else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app.include_router(protocol)
    return app


async def _respond(
    engine: Engine, answers: list[Answer], form: Form, asked: AnyRequest, request: Request
) -> Response:
    events = _queued(engine, answers)
    if asked.stream:
        return StreamingResponse(_streamed(events, form, len(answers)), media_type="text/event-stream")
    working = asyncio.ensure_future(form.whole(events, len(answers)))
    watching = asyncio.ensure_future(_gone(request))
    done, _ = await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    if working not in done:
        working.cancel()
        return Response(status_code=499)
    return JSONResponse(working.result())


async def _gone(request: Request) -> None:
    """Until the client has hung up."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.1)


def _queued(engine: Engine, answers: list[Answer]) -> AsyncIterator[Numbered]:
    """Hand ``answers`` in and return what comes of them; raises ``MoeError`` if they are not taken."""
    loop, events = asyncio.get_running_loop(), asyncio.Queue[Numbered]()
    for answer in answers:

        def deliver(event: Piece | Finished, number: int = answer.number) -> None:
            loop.call_soon_threadsafe(events.put_nowait, (number, event))

        answer.deliver = deliver
    engine.submit(answers)

    async def received() -> AsyncIterator[Numbered]:
        unfinished = len(answers)
        try:
            while unfinished:
                number, event = await events.get()
                unfinished -= isinstance(event, Finished)
                yield number, event
        finally:
            for answer in answers:
                answer.cancelled = True

    return received()


async def _streamed(events: AsyncIterator[Numbered], form: Form, count: int) -> AsyncIterator[str]:
    try:
        async for chunk in form.chunks(events, count):
            yield f"data: {json.dumps(chunk)}\n\n"
    except MoeError as error:
        yield f"data: {json.dumps({'error': _body(error.code, str(error), 'server_error')})}\n\n"
    finally:
        await events.aclose()  # type: ignore[attr-defined]
    yield "data: [DONE]\n\n"


def _check_model(service: Service, name: str | None) -> None:
    if name is not None and name != service.name:
        raise HTTPException(404, f"there is no model {name!r} here, only {service.name!r}")


def _model(service: Service) -> dict[str, Any]:
    return {
        "id": service.name,
        "object": "model",
        "created": service.started,
        "owned_by": "touchstone",
        "max_model_len": service.engine.tokens,
    }


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(MoeError)
    async def refused(_: Request, error: MoeError) -> Response:
        if isinstance(error, QueueFull):
            answer = _problem(429, error.code, str(error), "rate_limit_error")
            answer.headers["Retry-After"] = RETRY_AFTER
            return answer
        if error.code == REFUSED:
            return _problem(401, error.code, str(error), "authentication_error")
        if error.code in ("engine_failed", "closing"):
            return _problem(503, error.code, str(error), "server_error")
        return _problem(400, error.code, str(error), "invalid_request_error")

    @app.exception_handler(RequestValidationError)
    async def misshapen(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        return _problem(400, "invalid_request", f"{place}: {first['msg']}", "invalid_request_error")

    @app.exception_handler(HTTPException)
    async def failed(_: Request, error: HTTPException) -> Response:
        code = "model_not_found" if error.status_code == 404 else "invalid_request"
        return _problem(error.status_code, code, str(error.detail), "invalid_request_error")


def _problem(status: int, code: str, message: str, kind: str) -> JSONResponse:
    return JSONResponse({"error": _body(code, message, kind)}, status)


def _body(code: str, message: str, kind: str) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": None, "code": code}
