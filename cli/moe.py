"""``touchstone moe …``: convert a mixture-of-experts model, look at it, and serve it in little memory."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import output, progress

if TYPE_CHECKING:
    from moe.store import Store

app = typer.Typer(help="A mixture-of-experts model larger than the memory.", no_args_is_help=True)


class OnMiss(StrEnum):
    """What happens when an expert is not in memory."""

    wait = "wait"
    low = "low"


StoreFolder = Annotated[Path, typer.Argument(help="A folder that `touchstone moe convert` made.")]
Memory = Annotated[
    str | None, typer.Option(help="What the model may take, 11GiB say.", show_default="as much as it needs")
]

Missing = Annotated[
    OnMiss,
    typer.Option(help="An expert not in memory: wait for it, or take a low copy if it matters little."),
]
StaleMasks = Annotated[
    bool, typer.Option(help="For floe: compute the channels that were predicted, not those needed.")
]
Sparsity = Annotated[float, typer.Option(help="For floe: share of an expert's channels to leave out.")]
MOST_TOKENS, LETTERS = 8192, 8
"""Of a text that a store is calibrated with, and letters of a token, more or less."""
USUAL_CONTEXT = 2048
"""Tokens of a prompt and its answer."""
LOOKED_AT = 1024
"""Tokens of a text that tell what it uses."""


class RecipeName(StrEnum):
    """How experts are kept."""

    exact = "exact"
    int8 = "int8"
    int4 = "int4"
    floe = "floe"


@app.command()
def convert(
    checkpoint: Annotated[
        Path, typer.Argument(help="A Hugging Face checkpoint: safetensors and config.json.")
    ],
    store: Annotated[Path, typer.Argument(help="The folder to make.")],
    recipe: Annotated[RecipeName, typer.Option(help="How experts are kept.")] = RecipeName.exact,
    calibration: Annotated[
        Path | None, typer.Option(help="For floe: a text like those that the model shall write.")
    ] = None,
    sparsity: Sparsity = 0.8,
) -> None:
    """Bring a checkpoint into a form whose experts can be read one by one; goes on where it was stopped."""
    from moe import convert as conversion
    from moe.choose import recipe_named

    with progress() as report:
        made = conversion.convert(checkpoint, store, recipe_named(recipe), report)
    if calibration is None:
        _show(made)
    else:
        _calibrate(made, calibration, sparsity, None)


@app.command()
def calibrate(
    store: StoreFolder,
    text: Annotated[Path, typer.Option(help="A text like those that the model shall write.")],
    sparsity: Sparsity = 0.8,
    memory: Memory = None,
) -> None:
    """Find which channels of experts a floe store may leave out; may be done again with another share."""
    from moe.budget import parse_bytes
    from moe.store import Store

    _calibrate(Store.at(store), text, sparsity, None if memory is None else parse_bytes(memory))


@app.command()
def add_copies(store: StoreFolder) -> None:
    """Give an exact store a 4-bit copy of every expert, for `--on-miss low`."""
    from moe import low

    with progress() as report:
        made = low.add_copies(store, report)
    size = sum(stored.layout.nbytes * stored.layer.experts for stored in made.low)
    _print(f"The copies take {size / made.expert_bytes:.0%} of what the experts take.")


@app.command()
def train_predictor(
    store: StoreFolder,
    text: Annotated[Path, typer.Option(help="A text like those that the model shall write, 100 KB or more.")],
    memory: Memory = None,
) -> None:
    """Learn which experts the next layer will use; kept where it predicts better than without training."""
    from moe import train_predictor as training
    from moe.budget import parse_bytes
    from moe.store import Store

    tokens = _tokens(Store.at(store), text, training.MOST_TOKENS)
    with progress() as report:
        _, learnt = training.train_predictor(
            store, tokens, None if memory is None else parse_bytes(memory), report
        )
    table = Table("layer", "predicted, untrained", "trained", "kept", show_edge=False)
    for one in learnt:
        kept = "yes" if one.kept else "no"
        table.add_row(str(one.layer), f"{one.untrained:.1%}", f"{one.trained:.1%}", kept)
    output.print(table)
    before = sum(one.untrained for one in learnt) / len(learnt)
    after = sum(max(one.untrained, one.trained) for one in learnt) / len(learnt)
    _print(
        f"Of the experts used, {after:.1%} are predicted (one more than a token uses); before, {before:.1%}."
    )


@app.command()
def verify(store: StoreFolder) -> None:
    """Read every file of a store and compare its hash."""
    from moe.store import Store

    with progress() as report:
        opened = Store.at(store)
        opened.verify(report)
    _print(f"{len(opened.files)} files are as they were written.")


@app.command()
def inspect(
    store: StoreFolder,
    text: Annotated[Path | None, typer.Option(help="Tell what this text uses, layer by layer.")] = None,
    memory: Memory = None,
) -> None:
    """What a store holds, the least memory for it, and what a text makes it use."""
    from moe.budget import parse_bytes
    from moe.store import Store

    opened = Store.at(store)
    _show(opened)
    if text is None:
        return
    from moe.locality import SEGMENT, look

    tokens = _tokens(opened, text)
    heads = ("layer", f"{SEGMENT} tokens, fixed", "best cache", "predicted", "left out")
    table = Table(*heads, "channels predicted", "for 95 %", show_edge=False)
    for number, layer in enumerate(
        look(store, tokens[:LOOKED_AT], None if memory is None else parse_bytes(memory))
    ):
        shares = (layer.segment, layer.cache, layer.predicted, layer.left_out)
        channels = layer.foretold
        table.add_row(
            str(number),
            *("" if share is None else f"{share:.0%}" for share in shares),
            *(("", "") if channels is None else (f"{channels.recall:.0%}", f"{channels.width:.1f} times")),
        )
    output.print(table)


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
    stale_masks: StaleMasks = False,
) -> None:
    """Measure how fast a store writes in how much memory, and what it moves for that."""
    from moe.budget import parse_bytes
    from moe.measure import FIGURES, WARM, measure
    from moe.store import Store

    tokens = _some_tokens(Store.at(store), text, prompt + WARM + written)
    budgets: list[int | None] = [parse_bytes(size) for size in memory or []]
    measured = [
        measure(store, budget, tokens, prompt, policy, stale_masks=stale_masks)
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
) -> None:
    """Serve a store by the OpenAI protocol until Ctrl-C."""
    from moe.budget import parse_bytes, show_bytes
    from moe.rope import RopeScaling
    from moe.server.app import Service
    from moe.server.run import Serving
    from moe.server.run import serve as serve_until_stopped

    rope = None if rope_scaling is None else RopeScaling.parse(rope_scaling)
    serving = Serving(
        store,
        None if memory is None else parse_bytes(memory),
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
    )

    def ready(url: str, service: Service) -> None:
        budget = service.loaded.budget
        experts = sum(stored.layer.experts for stored in service.loaded.store.layers)
        room = f"{budget.slots} of {experts} experts fit in {show_bytes(budget.total)}"
        _print(f"{service.name} is ready at {url}; {room}; {service.engine.tokens} tokens of context")

    serve_until_stopped(serving, ready)


def _calibrate(store: Store, text: Path, sparsity: float, memory: int | None) -> None:
    from moe import thresholds

    tokens = _tokens(store, text)
    with progress() as report:
        made = thresholds.calibrate(store.folder, tokens, sparsity, memory=memory, report=report)
    _show(made)


def _some_tokens(store: Store, text: Path | None, count: int) -> list[int]:
    """The first of a text, or random ones."""
    import random

    from moe.architecture import read_config
    from moe.errors import MoeError

    if text is None:
        size = read_config(store.model_folder).get_text_config().vocab_size
        return random.Random(1).choices(range(size), k=count)
    tokens = _tokens(store, text)[:count]
    if len(tokens) < count:
        raise MoeError("short_text", f"{text} has {len(tokens)} tokens: {count} are needed")
    return tokens


def _tokens(store: Store, text: Path, most: int = MOST_TOKENS) -> list[int]:
    from moe.errors import MoeError
    from moe.tokenizer import read_tokenizer

    try:
        with text.open(encoding="utf-8") as file:
            content = file.read(LETTERS * most)
    except (OSError, UnicodeDecodeError) as error:
        raise MoeError("no_text", f"{text} cannot be read as text: {error}") from error
    tokens: list[int] = read_tokenizer(store.model_folder, chat=False).encode(
        content, add_special_tokens=False
    )
    return tokens[:most]


def _show(store: Store) -> None:
    from moe.architecture import read_config
    from moe.budget import Budget, show_bytes

    config = read_config(store.model_folder)
    everything = Budget.plan(store, config, None, 2048, 1)
    least = everything.total - store.expert_bytes + 2 * store.largest_record
    experts = sum(stored.layer.experts for stored in store.layers)
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    table.add_row("model", str(config.model_type))
    table.add_row("recipe", store.recipe.name)
    table.add_row("always in memory", show_bytes(store.dense_bytes))
    table.add_row("experts", f"{experts} in {len(store.layers)} layers, {show_bytes(store.expert_bytes)}")
    table.add_row("one expert", show_bytes(store.largest_record))
    table.add_row("least memory", f"{show_bytes(least)} for one sequence of 2048 tokens")
    table.add_row("all in memory", show_bytes(everything.total))
    output.print(table)


def _print(line: str) -> None:
    output.print(line, markup=False, highlight=False, soft_wrap=True)
    output.file.flush()
