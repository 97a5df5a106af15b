"""The threshold on ``|W_up x|`` that leaves out a wanted share of an expert's channels."""

from __future__ import annotations

from torch import Tensor

from moe.errors import MoeError
from moe.expert import project_up
from moe.quantize import QuantizedMatrix


def threshold_for(up: QuantizedMatrix | Tensor, activations: Tensor, sparsity: float) -> float:
    """The magnitude that the share ``sparsity`` of an expert's channels does not exceed.

    ``activations`` [tokens, hidden] are what the expert was sent in a calibration text, and ``up`` is the
    matrix that will be used at run time (the quantised one, if so). Tokens are pooled, so one may keep more
    channels than another. Raises ``MoeError`` for a sparsity outside [0, 1).
    Source: FloE, Zhou et al. 2025 (arXiv 2505.05950).
    """
    if not 0 <= sparsity < 1:
        raise MoeError(
            "bad_sparsity", f"sparsity is a share of channels from 0 up to below 1, not {sparsity}"
        )
    magnitudes = project_up(up, activations).abs().flatten()
    if not magnitudes.isfinite().all():
        raise MoeError(
            "not_finite", "the calibration activations hold infinities or NaN: calibrate on other text"
        )
    left_out = round(sparsity * magnitudes.numel())
    if not left_out:
        return 0.0
    if left_out == magnitudes.numel():
        raise MoeError("too_few_activations", f"{sparsity:.0%} sparsity needs more tokens to calibrate on")
    return float(magnitudes.kthvalue(left_out).values)
