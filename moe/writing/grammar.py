"""Answers held to a grammar: JSON of any shape, or of a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from moe.errors import MoeError

CLOSING = ('"', "}", "]", ",", ":")
"""What ends a JSON value soonest, best first: each is taken where the grammar allows it."""
LEAST_RESERVE = 16
"""Tokens kept for the end of an answer; a longer schema keeps more."""


class Grammars:
    """Makes grammars for one tokenizer's tokens."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, vocabulary: int) -> None:
        self._tokens: LLTokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary)
        self._vocabulary = vocabulary
        ids = [tokenizer.encode(text, add_special_tokens=False) for text in CLOSING]
        self._closing = tuple(found[0] for found in ids if len(found) == 1)

    def json_object(self) -> Grammar:
        """Any JSON object."""
        return self.json_schema({"type": "object"})

    def json_schema(self, schema: Mapping[str, Any]) -> Grammar:
        """JSON that fits ``schema``; raises ``MoeError`` for one that is none, or cannot be followed."""
        try:
            source = LLMatcher.grammar_from_json_schema(
                dict(schema), overrides={"whitespace_flexible": False}
            )
        except ValueError as error:
            raise _refused(str(error)) from error
        trouble = LLMatcher.validate_grammar(source, self._tokens)
        if trouble:
            raise _refused(trouble)
        reserve = LEAST_RESERVE + len(self._tokens.tokenize_str(json.dumps(schema)))
        return Grammar(LLMatcher(self._tokens, source), self._vocabulary, self._closing, reserve)


@dataclass(slots=True, eq=False)
class Grammar:
    """Where in its grammar one answer is."""

    _matcher: LLMatcher
    _vocabulary: int
    _closing: tuple[int, ...]
    _reserve: int

    def copy(self) -> Grammar:
        """The same place, for another answer."""
        return Grammar(self._matcher.deep_copy(), self._vocabulary, self._closing, self._reserve)

    def allowed(self, remaining: int, of: int) -> Tensor:
        """The tokens [vocabulary] that may come next.

        With few tokens ``remaining`` of those that the answer may have, only what ends it soonest may come:
        an answer cut off in its middle would be no JSON.
        """
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask = torch.from_numpy(np.unpackbits(bits, bitorder="little")[: self._vocabulary].astype(bool))
        if remaining <= min(self._reserve, max(LEAST_RESERVE, of // 2)):
            for token in self._closing:
                if mask[token]:
                    return torch.zeros_like(mask).index_fill_(0, torch.tensor([token]), True)
        return mask

    def took(self, token: int) -> None:
        """Go on with ``token``."""
        if not self._matcher.consume_token(token):
            raise RuntimeError(
                f"the grammar refused a token that it had allowed: {self._matcher.get_error()}"
            )

    @property
    def over(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())


def _refused(reason: str) -> MoeError:
    return MoeError("bad_schema", f"the schema cannot be followed: {reason.strip().splitlines()[0]}")
