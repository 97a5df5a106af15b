"""What the ``touchstone moe`` commands share: their common options, and texts as tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import output

if TYPE_CHECKING:
    from moe.storing.store import Store

StoreFolder = Annotated[Path, typer.Argument(help="A folder that `touchstone moe convert` made.")]
Memory = Annotated[
    str | None, typer.Option(help="What the model may take, 11GiB say.", show_default="as much as it needs")
]
MOST_TOKENS, LETTERS = 8192, 8
"""Of a text that a store is calibrated with, and letters of a token, more or less."""


def size(text: str | None) -> int | None:
    """Bytes of a size as people write it, where one is given."""
    from moe.offloading.budget import parse_bytes

    return None if text is None else parse_bytes(text)


def tokens_of(store: Store, text: Path, most: int = MOST_TOKENS) -> list[int]:
    """The first ``most`` tokens of a file; raises ``MoeError`` if it cannot be read."""
    from moe.errors import MoeError
    from moe.writing.tokenizer import read_tokenizer

    try:
        with text.open(encoding="utf-8") as file:
            content = file.read(LETTERS * most)
    except (OSError, UnicodeDecodeError) as error:
        raise MoeError("no_text", f"{text} cannot be read as text: {error}") from error
    tokens: list[int] = read_tokenizer(store.model_folder, chat=False).encode(
        content, add_special_tokens=False
    )
    return tokens[:most]


def say(line: str) -> None:
    """A line, at once."""
    output.print(line, markup=False, highlight=False, soft_wrap=True)
    output.file.flush()
