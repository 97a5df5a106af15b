"""``touchstone moe …``: measure a store, and serve it; ``cli.moe_stores`` makes it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import output
from cli.moe_options import Memory, StoreFolder, say, size, tokens_of
from cli.moe_stores import app

if TYPE_CHECKING:
    from moe.storing.store import Store

__all__ = ["app"]


class OnMiss(StrEnum):
    """What happens when an expert is not in memory."""

    wait = "wait"
    low = "low"


Missing = Annotated[
    OnMiss,
    typer.Option(help="An expert not in memory: wait for it, or take a low copy if it matters little."),
]
StaleMasks = Annotated[
    bool, typer.Option(help="For floe: compute the channels that were predicted, not those needed.")
]
OnDevice = Annotated[
    str, typer.Option("--device", help="Where it computes: cpu, or cuda: then --memory is the GPU's.")
]
HostMemory = Annotated[
    str | None,
    typer.Option(help="With a GPU: what the machine may give beside it.", show_default="as much as it needs"),
]
USUAL_CONTEXT = 2048
"""Tokens of a prompt and its answer."""


@app.command()
def bench(
    store: StoreFolder,
    memory: Annotated[list[str] | None, typer.Option(help="A budget; may be given several times.")] = None,
    policy: Annotated[str, typer.Option(help="lru, frequency or anticipating.")] = "anticipating",
    prompt: Annotated[int, typer.Option(min=1, help="Tokens read.")] = 64,
    written: Annotated[int, typer.Option(min=1, help="Tokens written.")] = 64,
    text: Annotated[
        Path | None, typer.Option(help="What is read and written.", show_default="random tokens")
    ] = None,
    on_miss: Missing = OnMiss.wait,
    stale_masks: StaleMasks = False,
    device: OnDevice = "cpu",
    host_memory: HostMemory = None,
) -> None:
    """Measure how fast a store writes in how much memory, and what it moves for that."""
    from moe.offloading.measure import FIGURES, WARM, measure
    from moe.storing.store import Store

    tokens = _some_tokens(Store.at(store), text, prompt + WARM + written)
    budgets: list[int | None] = [size(one) for one in memory or []]
    settings = {
        "copies": on_miss is OnMiss.low,
        "stale_masks": stale_masks,
        "device": device,
        "host_memory": size(host_memory),
    }
    measured = [
        measure(store, budget, tokens, prompt, policy, **settings)  # type: ignore[arg-type]
        for budget in budgets or [None]
    ]
    table = Table(show_edge=False, pad_edge=False, show_header=False)
    for name, show in FIGURES.items():
        table.add_row(name, *(show(one) for one in measured))
    output.print(table)


@app.command()
def serve(
    store: StoreFolder,
    memory: Memory = None,
    host: Annotated[str, typer.Option(help="Address of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8766,
    api_key: Annotated[
        str | None, typer.Option(envvar="TOUCHSTONE_MOE_API_KEY", help="What clients must show.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name.", show_default="the folder's")] = None,
    context: Annotated[
        int | None,
        typer.Option(min=16, help="Tokens of a prompt and its answer.", show_default="2048, scaled"),
    ] = None,
    on_miss: Missing = OnMiss.wait,
    rope_scaling: Annotated[
        str | None,
        typer.Option(help="For a context longer than the model's own: yarn:4, linear:2, dynamic:2."),
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Answers computed together.")] = 4,
    queue: Annotated[int, typer.Option(min=1, help="Answers that may wait.")] = 64,
    stale_masks: StaleMasks = False,
    device: OnDevice = "cpu",
    host_memory: HostMemory = None,
) -> None:
    """Serve a store by the OpenAI protocol until Ctrl-C."""
    from moe.offloading.budget import show_bytes
    from moe.server.app import Service
    from moe.server.run import Serving
    from moe.server.run import serve as serve_until_stopped
    from moe.writing.rope import RopeScaling

    rope = None if rope_scaling is None else RopeScaling.parse(rope_scaling)
    serving = Serving(
        store,
        size(memory),
        host,
        port,
        api_key,
        name,
        context or int(USUAL_CONTEXT * (rope.factor if rope else 1)),
        parallel,
        queue,
        rope=rope,
        copies=on_miss is OnMiss.low,
        stale_masks=stale_masks,
        device=device,
        host_memory=size(host_memory),
    )

    def ready(url: str, service: Service) -> None:
        budget = service.loaded.budget
        experts = sum(stored.layer.experts for stored in service.loaded.store.layers)
        room = f"{budget.slots} of {experts} experts fit in {show_bytes(budget.total)}"
        say(f"{service.name} is ready at {url}; {room}; {service.engine.tokens} tokens of context")

    serve_until_stopped(serving, ready)


def _some_tokens(store: Store, text: Path | None, count: int) -> list[int]:
    """The first of a text, or random ones."""
    import random

    from moe.architecture import read_config
    from moe.errors import MoeError

    if text is None:
        vocabulary = read_config(store.model_folder).get_text_config().vocab_size
        return random.Random(1).choices(range(vocabulary), k=count)
    tokens = tokens_of(store, text)[:count]
    if len(tokens) < count:
        raise MoeError("short_text", f"{text} has {len(tokens)} tokens: {count} are needed")
    return tokens
