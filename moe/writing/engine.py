"""The engine: a thread that computes all answers, several at a time, and a bounded queue before it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerFast

from moe.errors import MoeError
from moe.offloading.load import OffloadedModel
from moe.writing.answer import Answer, Finished
from moe.writing.batch import Batch, Tally


class QueueFull(MoeError):
    """As many requests wait as may; ask again later."""


class Engine:
    """Computes answers with one model; ``close`` it when done."""

    def __init__(
        self,
        loaded: OffloadedModel,
        tokenizer: PreTrainedTokenizerFast,
        *,
        tokens: int,
        sequences: int,
        queue: int,
    ) -> None:
        """For at most ``sequences`` answers at a time of ``tokens`` tokens each, prompts included."""
        self.tokens, self.queue = tokens, queue
        self._loaded = loaded
        self._batch = Batch(loaded, tokenizer, tokens=tokens, sequences=sequences)
        self._waiting: deque[Answer] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="moe-engine", daemon=True)
        self._thread.start()

    def submit(self, answers: Sequence[Answer]) -> None:
        """Queue ``answers``, all or none; raises ``QueueFull``, or ``MoeError`` for what cannot be done."""
        for answer in answers:
            self._check(answer)
        with self._wake:
            if self._closing:
                raise MoeError("closing", "the engine is being stopped")
            if len(self._waiting) + len(answers) > self.queue:
                raise QueueFull("queue_full", f"{len(self._waiting)} answers wait already: ask again later")
            self._waiting.extend(answers)
            self._wake.notify()

    @property
    def load(self) -> tuple[int, int]:
        """Answers that wait, and that are being written."""
        return len(self._waiting), len(self._batch)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._batch.tally

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def most_experts(self) -> int:
        """Of a layer, so the most that a token can use."""
        return min(stored.layer.experts for stored in self._loaded.store.layers)

    def close(self) -> None:
        """Stop; answers under way end with an error."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        self._loaded.close()

    def _check(self, answer: Answer) -> None:
        if not answer.prompt:
            raise MoeError("empty_prompt", "the prompt has no tokens")
        if len(answer.prompt) >= self.tokens:
            raise MoeError(
                "context_length_exceeded",
                f"the prompt has {len(answer.prompt)} tokens; with its answer it may have {self.tokens}",
            )
        if answer.experts is not None and not 1 <= answer.experts <= self.most_experts:
            raise MoeError(
                "bad_experts", f"a token can use 1 to {self.most_experts} experts, not {answer.experts}"
            )

    def _run(self) -> None:
        with torch.inference_mode():
            while self._await_work():
                try:
                    self._batch.drop_cancelled()
                    self._admit()
                    self._batch.read_on()
                    self._batch.step()
                except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
                    self._fail(error)
        self._fail(MoeError("closing", "the engine was stopped"))

    def _await_work(self) -> bool:
        with self._wake:
            while not (self._closing or self._waiting or len(self._batch)):
                self._wake.wait()
            return not self._closing

    def _admit(self) -> None:
        while self._waiting and self._batch.open:
            with self._wake:
                answer = self._waiting.popleft()
            if not answer.cancelled:
                self._batch.begin(answer)

    def _fail(self, error: Exception) -> None:
        with self._wake:
            waiting, self._waiting = list(self._waiting), deque()
        for answer in [*self._batch.abandon(), *waiting]:
            answer.deliver(Finished("error", 0, 0, str(error) or type(error).__name__))
