"""A longer context than a model was trained for: positions scaled as transformers scales them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, MixtralConfig

from moe.errors import MoeError
from moe.offloading.load import load
from moe.storing.store import Store
from moe.writing.rope import RopeScaling, longest_context


@pytest.mark.parametrize(
    ("text", "parameters", "longest"),
    [
        ("linear:2", {"rope_type": "linear", "factor": 2.0}, 4096),
        ("dynamic:2", {"rope_type": "dynamic", "factor": 2.0}, 2048),
        (
            "yarn:4",
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048},
            8192,
        ),
    ],
)
def test_logits_beyond_the_trained_context_are_those_of_transformers(
    checkpoint: Path, store: Store, text: str, parameters: dict[str, Any], longest: int
) -> None:
    """``longest`` is what transformers calls the model's maximum; for dynamic it stays that of training."""
    config = AutoConfig.from_pretrained(checkpoint)
    config.rope_parameters = {**config.rope_parameters, **parameters}
    config.max_position_embeddings = longest
    reference = AutoModelForCausalLM.from_pretrained(checkpoint, config=config, dtype=torch.float32).eval()
    tokens, places = torch.arange(5, 29)[None], torch.arange(0, 4080, 170)[None]
    rope = RopeScaling.parse(text)
    with closing(load(store.folder, tokens=4096, rope=rope)) as ours, torch.no_grad():
        wanted = reference(tokens, position_ids=places).logits
        torch.testing.assert_close(ours.model(tokens, position_ids=places).logits, wanted, rtol=0, atol=1e-5)
        with closing(load(store.folder)) as usual:
            assert (usual.model(tokens, position_ids=places).logits - wanted).abs().max() > 1e-3


@pytest.mark.parametrize("text", ["linear:2", "dynamic:2", "yarn:2"])
def test_the_context_grows_by_the_factor(store: Store, text: str) -> None:
    rope = RopeScaling.parse(text)
    with closing(load(store.folder, tokens=4096, rope=rope)) as model:
        assert longest_context(model.model.config) == 4096
    with pytest.raises(MoeError, match="4096 tokens at most"):
        load(store.folder, tokens=4097, rope=rope)


@pytest.mark.parametrize(
    "text", ["yarn", "yarn:", "yarn:much", "yarn:0.5", "yarn:nan", "ntk:4", ":4", "yarn:inf"]
)
def test_what_is_no_scaling_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(MoeError, match="yarn:4 say") as refused:
        RopeScaling.parse(text)
    assert refused.value.code == "bad_rope_scaling"


def test_a_model_is_not_scaled_twice_nor_without_positions_to_scale() -> None:
    config = MixtralConfig()
    assert config.head_dim is None
    RopeScaling("yarn", 2).apply(config)
    assert config.head_dim == config.hidden_size // config.num_attention_heads  # as transformers needs it
    with pytest.raises(MoeError, match="scaled already"):
        RopeScaling("yarn", 2).apply(config)
    jamba = AutoConfig.for_model("jamba")
    with pytest.raises(MoeError, match="no rotary positions"):
        RopeScaling("linear", 2).apply(jamba)
