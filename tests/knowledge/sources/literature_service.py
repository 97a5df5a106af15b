"""A literature service on this machine: it answers as its formats have it, and fails as services do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what stands in its address and what in its form are one to the services."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Half of the body is sent, and its whole length promised."""
    unmeasured: bool = False
    """The length is not told: the body ends where the connection does."""
    drip_s: float = 0.0
    """Wait between the bytes."""


Answer = Callable[[Asked], Reply]


class LiteratureService:
    """Answers ``answer`` at every path, but first what it is told to instead; notes what it was asked."""

    def __init__(self, answer: Answer = lambda asked: Reply(status=404)) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._instead: list[Reply | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def instead(self, *replies: Reply | None) -> None:
        """The next answers, whatever is asked; None is the true one."""
        self._instead.extend(replies)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        told = self._instead.pop(0) if self._instead else None
        return told if told is not None else self.answer(asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(service: LiteratureService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            query = dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(form))
            self._send(service.reply(Asked(parts.path, query, dict(self.headers))))

        do_POST = do_GET

        def _send(self, reply: Reply) -> None:
            self.close_connection = True  # else a connection that is kept would hold up the end
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            if not reply.unmeasured and reply.status != 304:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            body = reply.body[: len(reply.body) // 2] if reply.cut else reply.body
            with suppress(OSError):  # whoever asked may have gone
                if not reply.drip_s:
                    self.wfile.write(body)
                for byte in body if reply.drip_s else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(reply.drip_s)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
