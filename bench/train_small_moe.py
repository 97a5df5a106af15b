"""Train a small mixture-of-experts model on English text found on this machine, to measure on.

    OMP_NUM_THREADS=1 nice -n 19 .venv/bin/python -m bench.train_small_moe /tmp/moe/model --steps 4000

No model hub is needed: routing, sparsity and perplexity shall be those of a trained model, not of random
weights. The text is documentation: docstrings of Python modules, manual pages, and what lies in
``/usr/share/doc``. Training can be stopped at any time and goes on from its last checkpoint; ``--tiny`` makes
a model in under a minute.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import MixtralConfig, MixtralForCausalLM, PreTrainedTokenizerFast

PLACES = (
    Path("/usr/share/doc"),
    Path("/usr/share/man/man1"),
    Path("/usr/share/man/man3"),
    Path("/usr/share/man/man8"),
)
LARGEST_FILE = 300_000
MOST_OF_A_FILE = 200
"""Bytes, and paragraphs; a few large reference manuals would else be half of the text."""
PARAGRAPH = re.compile(r"\n\s*\n")
DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)
SENTENCE = re.compile(r"^[A-Z][^\n]*\w{2,}[.!?]$")
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of the model and of its training."""

    layers: int = 8
    experts: int = 16
    hidden: int = 192
    channels: int = 320
    heads: int = 4
    vocabulary: int = 2048
    context: int = 256
    batch: int = 8
    megabytes: int = 12


TINY = Plan(layers=2, experts=4, hidden=64, channels=128, vocabulary=512, context=64, megabytes=1)


def paragraphs() -> Iterator[str]:
    """English paragraphs found on this machine, each once, in an order that only their files' names tell."""
    seen: set[bytes] = set()
    for path in sorted(_files(), key=lambda path: hashlib.sha1(str(path).encode()).digest()):
        for block in PARAGRAPH.split(_text(path))[:MOST_OF_A_FILE]:
            line = " ".join(block.split())
            letters = sum(character.isalpha() or character == " " for character in line)
            if not 100 <= len(line) <= 4000 or letters < 0.88 * len(line) or not SENTENCE.match(line):
                continue
            digest = hashlib.sha1(line.encode()).digest()
            if digest not in seen:
                seen.add(digest)
                yield line


def _files() -> Iterator[Path]:
    for place in PLACES:
        found = (path for path in place.rglob("*") if path.is_file() and path.suffix in _SUFFIXES)
        yield from (path for path in found if not path.name.startswith("gcloud"))
    for folder in {
        Path(os.__file__).parent,
        *(Path(entry) for entry in sys.path if "site-packages" in entry),
    }:
        yield from folder.rglob("*.py")
        yield from folder.rglob("*.rst")
        yield from folder.rglob("*.md")


_SUFFIXES = {".gz", ".md", ".rst", ".txt", ".html"}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            return ""
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError):
        return ""
    text = raw.decode("utf-8", "ignore")
    if path.suffix == ".py":
        return "\n\n".join(DOCSTRING.findall(text))
    if "/man/" in str(path):
        return _manual(text)
    return re.sub(r"<[^>]*>", "", text) if path.suffix == ".html" else text


def _manual(text: str) -> str:
    """The running text of a manual page: macro lines part paragraphs, escapes go."""
    lines = ("" if line[:1] in ".'" else line for line in text.splitlines())
    return re.sub(r"\\f.|\\&|\\\(..|\\-", lambda match: "-" if match[0] == "\\-" else "", "\n".join(lines))


def make_tokenizer(lines: list[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with a chat template, trained on ``lines``."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token=SPECIAL[0], eos_token=SPECIAL[1]
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def make_model(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> MixtralForCausalLM:
    """Random weights in the form of Mixtral."""
    torch.manual_seed(1)
    config = MixtralConfig(
        vocab_size=plan.vocabulary,
        hidden_size=plan.hidden,
        intermediate_size=plan.channels,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=max(1, plan.heads // 2),
        num_local_experts=plan.experts,
        num_experts_per_tok=2,
        max_position_embeddings=2048,
        sliding_window=None,
        router_aux_loss_coef=0.01,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    return MixtralForCausalLM(config)


def tokens_of(lines: list[str], tokenizer: PreTrainedTokenizerFast) -> Tensor:
    """All ``lines`` in one row, an end token after each."""
    row: list[int] = []
    for start in range(0, len(lines), 1000):
        encoded = tokenizer(lines[start : start + 1000], add_special_tokens=False)["input_ids"]
        for line in encoded:
            row += [*line, tokenizer.eos_token_id]
    return torch.tensor(row)


def loss_on(model: MixtralForCausalLM, row: Tensor, context: int, pieces: int) -> float:
    """Mean loss a token on the first ``pieces`` pieces of ``row``."""
    model.train(False)
    with torch.no_grad():
        losses = [
            model(piece[None], labels=piece[None]).loss.item()
            for piece in row[: pieces * context].view(-1, context)
        ]
    model.train()
    return float(sum(losses) / len(losses))


def train(
    folder: Path, plan: Plan, steps: int, rate: float, save_every: int, until: int | None = None
) -> None:
    """Train up to ``steps`` steps in all, now ``until`` one of them; what an earlier call did counts."""
    until = steps if until is None else until
    (folder / "training").mkdir(parents=True, exist_ok=True)
    lines = _lines(folder, plan)
    held_out, rest = lines[: len(lines) // 50], lines[len(lines) // 50 :]
    tokenizer = _tokenizer(folder, rest, plan)
    row, unseen = tokens_of(rest, tokenizer), tokens_of(held_out, tokenizer)
    model = make_model(plan, tokenizer)
    model.set_experts_implementation("grouped_mm")
    weights = model.parameters()
    optimizer = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
    step = _resume(folder, model, optimizer)
    print(f"{model.num_parameters():,} parameters, {len(row):,} tokens, from step {step}", flush=True)
    began, model.config.use_cache = time.monotonic(), False
    while step < until:
        warm = min(1.0, (step + 1) / 100) * max(0.1, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * warm
        starts = torch.randint(
            len(row) - plan.context, (plan.batch,), generator=torch.Generator().manual_seed(step)
        )
        batch = torch.stack([row[start : start + plan.context] for start in starts])
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(batch, labels=batch, output_router_logits=True).loss  # with that of its balance
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % save_every == 0 or step == until:
            _save(folder, model, tokenizer, optimizer, step)
            held = loss_on(model, unseen, plan.context, min(20, len(unseen) // plan.context))
            print(
                f"step {step} loss {loss.item():.3f} unseen {held:.3f} {time.monotonic() - began:.0f} s",
                flush=True,
            )


def _lines(folder: Path, plan: Plan) -> list[str]:
    kept = folder / "training" / "text.txt"
    if not kept.exists():
        lines, size = [], 0
        for line in paragraphs():
            lines.append(line)
            size += len(line)
            if size > plan.megabytes * 1e6:
                break
        _replace(kept, "\n".join(lines).encode())
    return kept.read_text().splitlines()


def _tokenizer(folder: Path, lines: list[str], plan: Plan) -> PreTrainedTokenizerFast:
    if not (folder / "tokenizer_config.json").exists():
        make_tokenizer(lines[:20_000], plan.vocabulary).save_pretrained(folder)
    kept: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return kept


def _resume(folder: Path, model: MixtralForCausalLM, optimizer: torch.optim.Optimizer) -> int:
    kept = folder / "training" / "state.pt"
    if not kept.exists():
        return 0
    state = torch.load(kept, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    folder: Path,
    model: MixtralForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: torch.optim.Optimizer,
    step: int,
) -> None:
    model.save_pretrained(folder, max_shard_size="40MB")
    tokenizer.save_pretrained(folder)
    part = folder / "training" / "state.part"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, part)
    part.replace(folder / "training" / "state.pt")


def _replace(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a small mixture-of-experts model on text found here.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--tiny", action="store_true", help="a model for tests, made in under a minute")
    given = parser.parse_args()
    plan = TINY if given.tiny else Plan()
    train(given.folder, plan, given.steps, given.rate, given.save_every)


if __name__ == "__main__":
    main()
