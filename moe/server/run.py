"""From a store to a listening server."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from moe.errors import MoeError
from moe.offloading.load import load
from moe.server.app import Service, create_app
from moe.storing.store import Store
from moe.writing.engine import Engine
from moe.writing.rope import RopeScaling
from moe.writing.tokenizer import read_tokenizer


@dataclass(frozen=True, slots=True)
class Serving:
    """How a store is served."""

    store: Path
    memory: int | None = None
    host: str = "127.0.0.1"
    port: int = 8766
    api_key: str | None = None
    name: str | None = None
    """Of the model; by default the store's folder's."""
    tokens: int = 2048
    """Of a prompt and its answer together, at most."""
    sequences: int = 4
    """Answers computed together."""
    queue: int = 64
    """Answers that may wait."""
    policy: str = "anticipating"
    rope: RopeScaling | None = None
    """For a context longer than the model's own."""
    copies: bool = False
    """Whether low-precision copies stand in for missing experts that matter little."""
    stale_masks: bool = False
    """Whether channels are computed as they were predicted (floe)."""
    device: str = "cpu"
    host_memory: int | None = None
    """Of the host, beside a GPU."""


def service_for(serving: Serving) -> Service:
    """Load the store; raises ``MoeError`` if it cannot be served so."""
    tokenizer = read_tokenizer(Store.at(serving.store).model_folder)
    loaded = load(
        serving.store,
        serving.memory,
        tokens=serving.tokens,
        sequences=serving.sequences + 1,  # one for what prompts have in common
        policy=serving.policy,
        rope=serving.rope,
        copies=serving.copies,
        stale_masks=serving.stale_masks,
        device=serving.device,
        host_memory=serving.host_memory,
    )
    engine = Engine(
        loaded, tokenizer, tokens=serving.tokens, sequences=serving.sequences, queue=serving.queue
    )
    return Service(engine, loaded, tokenizer, serving.name or serving.store.resolve().name)


def serve(serving: Serving, ready: Callable[[str, Service], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; ``ready`` gets the address. Raises ``MoeError`` if it cannot."""
    listening = listen(serving.host, serving.port)
    try:
        service = service_for(serving)
    except MoeError:
        listening.close()
        raise
    try:
        host, port = listening.getsockname()[:2]
        app = create_app(service, serving.api_key)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        ready(f"http://{host}:{port}/v1", service)
        with suppress(KeyboardInterrupt):
            asyncio.run(server.serve(sockets=[listening]))
    finally:
        service.engine.close()
        listening.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``MoeError`` if the port is taken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise MoeError(
            "port_in_use", f"{host}:{port} cannot be listened on ({error.strerror}): choose another --port"
        ) from error
    return listening
