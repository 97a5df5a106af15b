"""``touchstone moe …``: make a store of a checkpoint, add to it, look at it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import output, progress
from cli.moe_options import Memory, StoreFolder, say, size, tokens_of

if TYPE_CHECKING:
    from moe.storing.store import Store

app = typer.Typer(help="A mixture-of-experts model larger than the memory.", no_args_is_help=True)

Sparsity = Annotated[float, typer.Option(help="For floe: share of an expert's channels to leave out.")]
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
    from transformers.utils import logging

    from moe.recipes.choose import recipe_named
    from moe.storing import convert as conversion

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]

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
    from moe.storing.store import Store

    _calibrate(Store.at(store), text, sparsity, size(memory))


@app.command()
def add_copies(store: StoreFolder) -> None:
    """Give an exact store a 4-bit copy of every expert, for `--on-miss low`."""
    from moe.offloading import low

    with progress() as report:
        made = low.add_copies(store, report)
    taken = sum(stored.layout.nbytes * stored.layer.experts for stored in made.low)
    say(f"The copies take {taken / made.expert_bytes:.0%} of what the experts take.")


@app.command()
def train_predictor(
    store: StoreFolder,
    text: Annotated[Path, typer.Option(help="A text like those that the model shall write, 100 KB or more.")],
    memory: Memory = None,
) -> None:
    """Learn which experts the next layer will use; kept where it predicts better than without training."""
    from moe.offloading import train_predictor as training
    from moe.storing.store import Store

    tokens = tokens_of(Store.at(store), text, training.MOST_TOKENS)
    with progress() as report:
        _, learnt = training.train_predictor(store, tokens, size(memory), report)
    table = Table("layer", "predicted, untrained", "trained", "kept", show_edge=False)
    for one in learnt:
        kept = "yes" if one.kept else "no"
        table.add_row(str(one.layer), f"{one.untrained:.1%}", f"{one.trained:.1%}", kept)
    output.print(table)
    before = sum(one.untrained for one in learnt) / len(learnt)
    after = sum(max(one.untrained, one.trained) for one in learnt) / len(learnt)
    say(f"Of the experts used, {after:.1%} are predicted (one more than a token uses); before, {before:.1%}.")


@app.command()
def verify(store: StoreFolder) -> None:
    """Read every file of a store and compare its hash."""
    from moe.storing.store import Store

    with progress() as report:
        opened = Store.at(store)
        opened.verify(report)
    say(f"{len(opened.files)} files are as they were written.")


@app.command()
def inspect(
    store: StoreFolder,
    text: Annotated[Path | None, typer.Option(help="Tell what this text uses, layer by layer.")] = None,
    memory: Memory = None,
) -> None:
    """What a store holds, the least memory for it, and what a text makes it use."""
    from moe.storing.store import Store

    opened = Store.at(store)
    _show(opened)
    if text is None:
        return
    from moe.offloading.locality import SEGMENT, look

    tokens = tokens_of(opened, text)
    heads = ("layer", f"{SEGMENT} tokens, fixed", "best cache", "predicted", "left out")
    table = Table(*heads, "channels predicted", "for 95 %", show_edge=False)
    for number, layer in enumerate(look(store, tokens[:LOOKED_AT], size(memory))):
        shares = (layer.segment, layer.cache, layer.predicted, layer.left_out)
        channels = layer.foretold
        table.add_row(
            str(number),
            *("" if share is None else f"{share:.0%}" for share in shares),
            *(("", "") if channels is None else (f"{channels.recall:.0%}", f"{channels.width:.1f} times")),
        )
    output.print(table)


def _calibrate(store: Store, text: Path, sparsity: float, memory: int | None) -> None:
    from moe.recipes import thresholds

    tokens = tokens_of(store, text)
    with progress() as report:
        made = thresholds.calibrate(store.folder, tokens, sparsity, memory=memory, report=report)
    _show(made)


def _show(store: Store) -> None:
    from moe.architecture import read_config
    from moe.offloading.budget import Budget, show_bytes

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
