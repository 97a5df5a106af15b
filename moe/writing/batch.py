"""The answers under way: prompts are read piece by piece, and a step writes one token of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Cache, PreTrainedTokenizerFast

from moe.offloading.budget import PREFILL
from moe.offloading.load import OffloadedModel
from moe.writing import context
from moe.writing.answer import Answer, Finished, Piece
from moe.writing.sampling import draw
from moe.writing.text import TextStream


@dataclass(slots=True, eq=False)
class _Writing:
    """An answer under way."""

    answer: Answer
    tokens: list[int]
    text: TextStream
    generator: torch.Generator
    read: int = 0
    """Tokens of the prompt that were computed, or known."""
    cached: int = 0
    layers: context.Layers = field(default_factory=list)
    cache: Cache | None = None
    """Its own memory: while the prompt is read, and always where sequences are computed one by one."""

    @property
    def reading(self) -> bool:
        return self.read < len(self.answer.prompt)

    @property
    def written(self) -> int:
        return len(self.tokens) - len(self.answer.prompt)


@dataclass(slots=True)
class Tally:
    """What was done; read from any thread."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0
    steps: int = 0


class Batch:
    """At most ``sequences`` answers of ``tokens`` tokens each, prompts included; one thread uses it."""

    def __init__(
        self, loaded: OffloadedModel, tokenizer: PreTrainedTokenizerFast, *, tokens: int, sequences: int
    ) -> None:
        self.tokens, self.sequences = tokens, sequences
        self.tally = Tally()
        self._tokenizer, self._model = tokenizer, loaded.model
        self._plain = context.is_plain(self._model.config.get_text_config())
        self._prefixes = context.Prefixes(tokens)
        self._experts = _ExpertsPerToken(self._model)
        self._ends = _end_tokens(loaded, tokenizer)
        self._writing: list[_Writing] = []
        self._group: tuple[list[_Writing], Cache] | None = None

    def __len__(self) -> int:
        return len(self._writing)

    @property
    def open(self) -> bool:
        """Whether it takes up another: one prompt at a time, so that the next can share its beginning."""
        return len(self) < self.sequences and not any(writing.reading for writing in self._writing)

    def begin(self, answer: Answer) -> None:
        """Take an answer up; what its prompt has in common with an earlier one is known already."""
        text = TextStream(self._tokenizer.backend_tokenizer, answer.stops)
        writing = _Writing(answer, list(answer.prompt), text, answer.sampling.generator(answer.number))
        known, layers = self._prefixes.longest(answer.prompt) if self._shares(answer) else (0, [])
        config = self._model.config.get_text_config()
        writing.cache = context.made_of(layers, known) if known else context.empty(config)
        writing.read = writing.cached = known
        self._writing.append(writing)
        self.tally.prompt_tokens += len(answer.prompt)
        self.tally.cached_tokens += known

    def drop_cancelled(self) -> None:
        self._writing = [writing for writing in self._writing if not writing.answer.cancelled]

    def abandon(self) -> list[Answer]:
        """Give everything up, and return what was under way."""
        begun, self._writing, self._group = self._writing, [], None
        return [writing.answer for writing in begun]

    def read_on(self) -> None:
        """A piece of one prompt, so that answers under way need not wait for the whole of it."""
        reading = next((writing for writing in self._writing if writing.reading), None)
        if reading is None:
            return
        began, prompt = time.perf_counter(), reading.answer.prompt
        self._experts.use(reading.answer.experts)
        piece = torch.tensor([prompt[reading.read : reading.read + PREFILL]])
        out = self._model(piece, past_key_values=reading.cache, use_cache=True, logits_to_keep=1)
        reading.cache = out.past_key_values
        reading.read += piece.shape[1]
        self.tally.prefill_seconds += time.perf_counter() - began
        if not reading.reading:
            if self._plain:
                reading.layers, reading.cache = context.taken_from(out.past_key_values), None
            if self._shares(reading.answer):
                self._prefixes.keep(prompt, reading.layers)
            self._take(reading, out.logits[0, -1])

    def step(self) -> None:
        """One more token for every answer; those with another number of experts are computed apart."""
        began, before = time.perf_counter(), self.tally.written_tokens
        ready = [writing for writing in self._writing if not writing.reading]
        for experts in {writing.answer.experts for writing in ready}:
            rows = [writing for writing in ready if writing.answer.experts == experts]
            self._experts.use(experts)
            for group in [rows] if self._plain else [[row] for row in rows]:
                for writing, logits in zip(group, self._forward(group), strict=True):
                    self._take(writing, logits)
        if self.tally.written_tokens > before:
            self.tally.steps += 1
            self.tally.decode_seconds += time.perf_counter() - began

    def _shares(self, answer: Answer) -> bool:
        """Whether its prompt can be shared: others were computed with as many experts."""
        return self._plain and answer.experts is None

    def _forward(self, group: list[_Writing]) -> Tensor:
        """Logits [sequences, vocabulary] after each sequence's last token."""
        last = torch.tensor([[writing.tokens[-1]] for writing in group])
        if not self._plain:
            out = self._model(last, past_key_values=group[0].cache, use_cache=True)
            group[0].cache = out.past_key_values
            alone: Tensor = out.logits[:, -1]
            return alone
        lengths = [len(writing.tokens) for writing in group]
        longest = max(lengths)
        mask = torch.tensor([[0] * (longest - length) + [1] * length for length in lengths])
        cache = self._gathered(group)
        positions = torch.tensor([[length - 1] for length in lengths])
        padded = None if min(lengths) == longest else mask
        out = self._model(
            last, past_key_values=cache, attention_mask=padded, position_ids=positions, use_cache=True
        )
        self._group = (group, out.past_key_values)
        logits: Tensor = out.logits[:, -1]
        return logits

    def _gathered(self, group: list[_Writing]) -> Cache:
        """The group's memory; it is put together anew only when answers came or went."""
        if self._group is not None and self._group[0] == group:
            return self._group[1]
        self._scatter()
        cache = context.together([writing.layers for writing in group])
        for writing in group:
            writing.layers = []
        return cache

    def _scatter(self) -> None:
        if self._group is not None:
            rows, cache = self._group
            self._group = None
            lengths = [len(writing.tokens) - 1 for writing in rows]
            for writing, layers in zip(rows, context.apart(cache, lengths), strict=True):
                writing.layers = layers

    def _take(self, writing: _Writing, logits: Tensor) -> None:
        """Draw a token and deliver what it says; at the end of the answer, say so."""
        answer = writing.answer
        if answer.cancelled:
            return
        room = min(answer.most, self.tokens - len(answer.prompt))
        allowed = answer.grammar.allowed(room - writing.written, room) if answer.grammar else None
        drawn = draw(logits, allowed, answer.sampling, writing.generator)
        writing.tokens.append(drawn.token)
        self.tally.written_tokens += 1
        ended = drawn.token in self._ends
        if answer.grammar is not None:
            answer.grammar.took(drawn.token)
            ended = ended or answer.grammar.over
        text = "" if drawn.token in self._ends else writing.text.push(drawn.token)
        stopped = ended or writing.text.stopped
        over = stopped or writing.written >= room
        if over:
            text += "" if writing.text.stopped else writing.text.rest()
        answer.deliver(Piece(text, drawn))
        if over:
            self._writing.remove(writing)
            answer.deliver(Finished("stop" if stopped else "length", writing.written, writing.cached))


class _ExpertsPerToken:
    """Sets how many experts a token uses: more or fewer than in training give other answers.

    Source: Dynamic Experts Search (arXiv 2509.22572).
    """

    def __init__(self, model: nn.Module) -> None:
        self._places = [
            (module, name, value)
            for block, module in model.named_modules()
            for name in ("top_k", "num_experts_per_tok")
            if isinstance(value := getattr(module, name, None), int) and not hasattr(module, "is_transposed")
        ]
        self._now: int | None = None

    def use(self, count: int | None) -> None:
        """None: as many as in training."""
        if count == self._now:
            return
        for module, name, usual in self._places:
            setattr(module, name, usual if count is None else count)
        self._now = count


def _end_tokens(loaded: OffloadedModel, tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Tokens that end an answer, by the tokenizer and by the model's own settings."""
    settings = loaded.model.generation_config
    ends: list[Any] = []
    for source in (tokenizer.eos_token_id, settings.eos_token_id if settings else None):
        ends += source if isinstance(source, list | tuple) else [source]
    return frozenset(end for end in ends if isinstance(end, int))
