"""A language-model server that is a fake and says so, and what the tests of this room share."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from config import EmbeddingSettings, ReasonerSettings, Settings
from knowledge.embedding import Embedder, load_embedder
from records.database import Database
from records.repositories import Runs, Workspaces

Move = Callable[["Handler", dict[str, Any]], None]

PASSAGE = re.compile(
    r"^\[passage (\d+) begins (\w+)\]\n(.*?)\n\n(.*?)\n\[passage \1 ends \2\]$", re.DOTALL | re.MULTILINE
)


class Handler(BaseHTTPRequestHandler):
    """Speaks just enough of the chat-completions protocol."""

    protocol_version = "HTTP/1.1"
    fake: FakeLanguageModel

    def do_GET(self) -> None:
        self.answer(200, {"object": "list", "data": [{"id": "fake", "object": "model"}]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.fake.lock:
            self.fake.requests.append(request)
            move = self.fake.moves.pop(0) if self.fake.moves else well
        move(self, request)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode() if not isinstance(body, bytes) else body
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def complete(self, text: str, *, finish_reason: str = "stop", refusal: str | None = None) -> None:
        with self.fake.lock:
            self.fake.paid += 1
        message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
        self.answer(
            200,
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": "fake",
                "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
            },
        )

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class FakeLanguageModel:
    """A server on a free port of 127.0.0.1 that answers well, except where it was told to do otherwise.

    Each ``will_…`` is done once, in the order in which they were said.
    """

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    paid: int = 0
    """Completions that were sent whole."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will_answer_well(self, times: int = 1) -> None:
        self.moves += [well] * times

    def will_say(self, text: str, *, finish_reason: str = "stop", refusal: str | None = None) -> None:
        self.moves.append(
            lambda handler, _: handler.complete(text, finish_reason=finish_reason, refusal=refusal)
        )

    def will_fail(
        self, status: int, message: str = "no", headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        body = {"error": {"message": message}}
        self.moves += [lambda handler, _: handler.answer(status, body, headers)] * times

    def will_send(self, body: bytes) -> None:
        self.moves.append(lambda handler, _: handler.answer(200, body))

    def will_be_silent(self, seconds: float) -> None:
        def move(handler: Handler, _: dict[str, Any]) -> None:
            time.sleep(seconds)
            handler.close_connection = True

        self.moves.append(move)

    def will_trickle(self) -> None:
        self.moves.append(trickle)

    def will_break_off(self) -> None:
        self.moves.append(break_off)


def well(handler: Handler, request: dict[str, Any]) -> None:
    handler.complete(good_answer(request))


def trickle(handler: Handler, _: dict[str, Any]) -> None:
    """A byte now and then: never late enough for a timeout between bytes."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _byte in range(60):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return  # the caller has had enough
        time.sleep(0.05)


def break_off(handler: Handler, _: dict[str, Any]) -> None:
    """Half a body, and then a reset, as from a server that is killed."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "chatcmpl-1", "choices": [{"index": 0, "mess')
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def good_answer(request: dict[str, Any]) -> str:
    """What a careful model would say; it depends on the request and on nothing else."""
    user = request["messages"][1]["content"]
    if "Propose" in user.splitlines()[-1]:
        return json.dumps({"hypotheses": _hypotheses(user)})
    if "List its key points" in user:
        words = re.findall(r"Combine (.+?) with (.+?)\.", user)[0]
        return json.dumps({"key_points": [{"name": word, "role": "active part"} for word in words]})
    first = user.split("\n[trait 1 begins")[1].splitlines()[1]
    return json.dumps({"name": f"Work of {first.split(':')[0]}"})


def _hypotheses(user: str) -> list[dict[str, Any]]:
    passages = PASSAGE.findall(user)
    found = []
    for first, second in itertools.islice(itertools.combinations(passages, 2), 4):
        quotes = [{"passage": int(item[0]), "quote": item[3][:50]} for item in (first, second)]
        clauses = [
            {"kind": "proposal", "text": f"Combine {first[2]} with {second[2]}.", "evidence": quotes},
            {"kind": "mechanism", "text": f"{first[2]} helps {second[2]}.", "evidence": quotes[:1]},
            {"kind": "prediction", "text": "The yield doubles.", "evidence": quotes[1:]},
        ]
        found.append(
            {
                "title": f"{first[2]} and {second[2]}",
                "clauses": clauses,
                "inspirations": [int(first[0]), int(second[0])],
            }
        )
    return found


@pytest.fixture
def fake_language_model() -> Iterator[FakeLanguageModel]:
    """A fake OpenAI-compatible server over real HTTP; ``moves`` make it slow, broken, rude or wrong."""
    handler = type("BoundHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake = FakeLanguageModel(f"http://127.0.0.1:{server.server_address[1]}/v1")
    handler.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reasoner_settings(fake_language_model: FakeLanguageModel) -> ReasonerSettings:
    """Settings for the fake: patient enough to work, too impatient to make the tests slow."""
    return ReasonerSettings(
        base_url=fake_language_model.url,
        model="fake",
        timeout_s=1.0,
        retries=2,
        backoff_s=0.01,
        price_prompt=1.0,
        price_completion=4.0,
    )


@pytest.fixture
def settings(tmp_path: Path, _sqlite_template: Path, reasoner_settings: ReasonerSettings) -> Settings:
    """An embedded installation of this test alone, with the fake as its language model."""
    shutil.copy(_sqlite_template, tmp_path / "touchstone.db")
    return Settings(data_dir=tmp_path, reasoner=reasoner_settings)


@pytest.fixture
def embedded(settings: Settings) -> Iterator[Database]:
    """The embedded installation's database."""
    opened = Database(settings.database)
    yield opened
    opened.close()


@pytest.fixture
def run_id(embedded: Database, settings: Settings) -> str:
    """A run on no paper at all, to have something that calls are accounted to."""
    with embedded.write() as session:
        workspace = Workspaces(session).get_or_create(settings.workspace)
        return Runs(session, workspace.id).create("How?", "", {}, []).id


class RememberingEmbedder:
    """The real model, which computes the vector of each text once: the tests walk the same way many times."""

    def __init__(self, model: Embedder) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._known: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._model.embed(new), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, self.dimension)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The bundled embedding model; loaded once, for it takes seconds."""
    return RememberingEmbedder(load_embedder(EmbeddingSettings()))
