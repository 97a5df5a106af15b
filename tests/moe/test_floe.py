"""The floe recipe leaves out channels that matter little, and computes the others as the reference does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import silu
from transformers import PreTrainedModel

from moe.errors import MoeError
from moe.offloading.load import OffloadedModel, load
from moe.recipes.choose import recipe_named
from moe.recipes.floe import Floe, FloeLayer, dense_parts
from moe.recipes.kernels import project_up
from moe.recipes.quantize import quantize
from moe.recipes.thresholds import Criterion, calibrate
from moe.storing.convert import convert
from moe.storing.store import Store
from tests.moe.zoo import save_tiny

HIDDEN, CHANNELS = 128, 96
TEXT = torch.randint(3, 512, (1024,), generator=torch.Generator().manual_seed(2)).tolist()


def random(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_compiled_projection_is_the_dequantised_matrix() -> None:
    up, x = quantize(random(CHANNELS, HIDDEN), bits=2), random(HIDDEN, seed=2)
    out = np.empty(CHANNELS, dtype=np.float32)
    packed, scale, offset = (tensor.T.contiguous().numpy() for tensor in (up.packed, up.scale, up.offset))
    project_up(packed, scale.astype(np.float32), offset.astype(np.float32), x.numpy(), out)
    torch.testing.assert_close(torch.from_numpy(out), up.dequantize() @ x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("threshold", [-1.0, 0.3, 1.0, 1e9])
def test_the_compiled_expert_is_the_reference_with_a_mask(threshold: float) -> None:
    weights = {
        "gate_up_proj": random(2 * CHANNELS, HIDDEN, seed=3) / HIDDEN**0.5,
        "down_proj": random(HIDDEN, CHANNELS, seed=4) / CHANNELS**0.5,
    }
    fields = Floe().encode(weights)
    resident = {name: tensor[None] for name, tensor in Floe().resident(weights).items()}
    resident["threshold"] = torch.tensor([threshold])
    layer = FloeLayer(resident)
    x, share = random(5, HIDDEN, seed=5), random(5, 1, seed=6).abs()
    gate, up, down = dense_parts(fields)
    kept = share * (x @ layer.up(0).T).abs() * layer.norms[0] > threshold
    wanted = (silu(x @ gate.T) * (x @ up.T) * kept) @ down
    torch.testing.assert_close(layer(0, fields)(x, share), wanted, rtol=1e-4, atol=1e-5)
    assert (layer.used, layer.asked) == (int(kept.sum()), 5 * CHANNELS)


@pytest.fixture(scope="module")
def floe(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return convert(checkpoint, tmp_path_factory.mktemp("floe") / "store", recipe_named("floe"))


def kept_share(model: OffloadedModel) -> float:
    layers = [layer.compute for layer in model.layers]
    assert all(isinstance(layer, FloeLayer) for layer in layers)
    return sum(layer.used for layer in layers) / sum(layer.asked for layer in layers)


def test_without_calibration_nothing_is_left_out(floe: Store, reference: PreTrainedModel) -> None:
    tokens = torch.tensor(TEXT[:64])[None]
    with closing(load(floe.folder)) as model, torch.no_grad():
        error = model.model(tokens).logits - reference(tokens).logits
        assert kept_share(model) == 1
    assert error.norm() / reference(tokens).logits.norm() < 0.02  # 8 bits


@pytest.mark.parametrize("weight", ["up", "down"])
@pytest.mark.parametrize("scope", ["expert", "layer", "model"])
def test_calibration_leaves_out_what_was_asked_for_on_another_text(
    floe: Store, scope: str, weight: str
) -> None:
    calibrate(floe.folder, TEXT, 0.7, Criterion(weight, scope)).verify()
    other = torch.randint(3, 512, (1, 128), generator=torch.Generator().manual_seed(3))
    with closing(load(floe.folder)) as model, torch.no_grad():
        model.model(other)
        assert kept_share(model) == pytest.approx(0.3, abs=0.06)
    assert len(list(floe.folder.glob("calibration*"))) == 1


def test_the_sparser_the_further_from_the_whole_model(floe: Store, reference: PreTrainedModel) -> None:
    tokens = torch.tensor(TEXT[:64])[None]
    errors = []
    for sparsity in (0.0, 0.5, 0.9):
        calibrate(floe.folder, TEXT, sparsity)
        with closing(load(floe.folder)) as model, torch.no_grad():
            errors.append(float((model.model(tokens).logits - reference(tokens).logits).norm()))
    assert errors == sorted(errors)
    assert errors[2] > 2 * errors[0]


def test_what_cannot_be_calibrated_is_refused(floe: Store, store: Store) -> None:
    with pytest.raises(MoeError, match="only the floe recipe"):
        calibrate(store.folder, TEXT, 0.8)
    with pytest.raises(MoeError, match="below 1"):
        calibrate(floe.folder, TEXT, 1.0)
    with pytest.raises(MoeError, match="tokens"):
        calibrate(floe.folder, TEXT[:100], 0.8)


def test_experts_of_another_form_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    checkpoint = save_tiny("gpt_oss", tmp_path / "checkpoint")
    with pytest.raises(MoeError, match="SwiGLU"):
        convert(checkpoint, tmp_path / "store", recipe_named("floe"))
    assert not list(tmp_path.glob("store*"))
