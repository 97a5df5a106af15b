"""A model's tokenizer, as far as it is needed to talk."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from moe.errors import MoeError


def read_tokenizer(folder: Path, *, chat: bool = True) -> PreTrainedTokenizerFast:
    """Raises ``MoeError`` unless there is one, that can lay out a conversation if it is for a ``chat``."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise MoeError(
            "no_tokenizer", f"{folder} holds no tokenizer: convert a checkpoint with one"
        ) from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise MoeError("slow_tokenizer", f"{folder} has no tokenizer.json: save the tokenizer as a fast one")
    if chat and not tokenizer.chat_template:
        raise MoeError("no_chat_template", f"{folder} has no chat template: add a chat_template.jinja")
    return tokenizer
