"""A memory budget is a promise: it is kept, or refused with what the least would be."""

from __future__ import annotations

import gc
import queue
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from bench.train_small_moe import make_tokenizer
from moe.architecture import read_config
from moe.errors import MoeError
from moe.offloading.budget import Budget, parse_bytes, show_bytes
from moe.offloading.load import OffloadedModel, load
from moe.recipes.choose import recipe_named
from moe.storing.convert import convert
from moe.storing.store import Store
from moe.writing.answer import Answer, Finished, Piece
from moe.writing.engine import Engine
from moe.writing.sampling import Sampling
from moe.writing.tokenizer import read_tokenizer
from tests.moe.conftest import LINES
from tests.moe.zoo import save_tiny

STATUS, RESET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(line: str) -> int:
    """Bytes, by the kernel's count."""
    found = next(text for text in STATUS.read_text().splitlines() if text.startswith(line))
    return int(found.split()[1]) * 1024


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Experts of 96 MiB."""
    folder = tmp_path_factory.mktemp("large")
    sizes = {"hidden_size": 256, "intermediate_size": 512, "num_local_experts": 16, "num_hidden_layers": 4}
    save_tiny("mixtral", folder / "checkpoint", vocab_size=512, **sizes)
    make_tokenizer(LINES, 512).save_pretrained(folder / "checkpoint")
    return convert(folder / "checkpoint", folder / "store", recipe_named("exact"))


def write_together(model: OffloadedModel, tokenizer: PreTrainedTokenizerFast, answers: int) -> None:
    """As the server does: long prompts that begin alike, and some tokens for each."""
    done: queue.Queue[Finished] = queue.Queue()

    def heard(event: Piece | Finished) -> None:
        if isinstance(event, Finished):
            done.put(event)

    engine = Engine(model, tokenizer, tokens=512, sequences=answers, queue=answers)
    prompts = [[*range(5, 280), 400 + number] for number in range(answers)]
    engine.submit([Answer(prompt, 30, Sampling(0.0), heard) for prompt in prompts])
    assert {done.get(timeout=60).reason for _ in prompts} <= {"stop", "length"}
    engine.close()


def test_the_kernel_counts_no_more_than_was_promised(large: Store) -> None:
    assert large.expert_bytes > 95 << 20
    tokenizer = read_tokenizer(large.model_folder)
    write_together(
        load(large.folder, 60 << 20, tokens=512, sequences=3), tokenizer, 2
    )  # torch's own first use
    gc.collect()
    promised = 48 << 20
    before = resident("VmRSS")
    RESET_PEAK.write_text("5")
    model = load(large.folder, promised, tokens=512, sequences=5)  # one for what prompts have in common
    assert model.budget.slots < 24
    write_together(model, tokenizer, 4)
    grown = resident("VmHWM") - before
    assert grown <= promised
    assert grown > model.budget.slots * large.largest_record / 2  # the count does see what was loaded


def test_parts_of_a_budget_add_up_to_no_more_than_the_whole(large: Store) -> None:
    config = read_config(large.model_folder)
    for total in (40 << 20, 50 << 20, 90 << 20):
        budget = Budget.plan(large, config, total, 512, 2)
        parts = budget.dense + budget.context + budget.working
        assert parts + budget.slots * large.largest_record <= total
        assert parts + (budget.slots + 1) * large.largest_record > total


def test_too_little_is_refused_with_the_least_that_does(large: Store) -> None:
    config = read_config(large.model_folder)
    with pytest.raises(MoeError, match="at least") as refused:
        Budget.plan(large, config, 1 << 20, 512, 1)
    least = int(str(refused.value).split("at least ")[1].split()[0].replace(",", ""))
    assert Budget.plan(large, config, least, 512, 1).slots == 2
    with pytest.raises(MoeError):
        Budget.plan(large, config, least - 1, 512, 1)


@pytest.mark.parametrize(
    ("text", "size"),
    [("11GiB", 11 * 2**30), ("500 MB", 500_000_000), ("1.5kib", 1536), ("4096", 4096), ("7 b", 7)],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GiB", "1.2.3MB", "5 parsecs"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(MoeError, match="is no size"):
        parse_bytes(text)


def test_sizes_as_people_read_them() -> None:
    assert [show_bytes(size) for size in (3 << 30, 1536, 12)] == ["3 GiB", "1.5 KiB", "12 bytes"]
