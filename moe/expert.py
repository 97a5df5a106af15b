"""One expert, whole and sparse: E(x) = W_down (SiLU(W_gate x) * (W_up x))."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import silu

from moe.channels import ChannelStore
from moe.errors import MoeError
from moe.quantize import QuantizedMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Expert:
    """A gated feed-forward block with all its weights; the reference for everything that skips some."""

    gate: Tensor
    """[channels, hidden]."""
    up: Tensor
    """[channels, hidden]."""
    down: Tensor
    """[hidden, channels]."""

    def __post_init__(self) -> None:
        if (
            self.gate.ndim != 2
            or self.up.shape != self.gate.shape
            or self.down.shape != self.gate.shape[::-1]
        ):
            shapes = ", ".join(str(tuple(matrix.shape)) for matrix in (self.gate, self.up, self.down))
            raise MoeError(
                "shape_mismatch", f"gate, up and transposed down must have one shape, not {shapes}"
            )

    def __call__(self, x: Tensor) -> Tensor:
        """[tokens, hidden] to [tokens, hidden]."""
        return (silu(x @ self.gate.T) * (x @ self.up.T)) @ self.down.T


@dataclass(frozen=True, slots=True, eq=False)
class SparseOutput:
    """What came out, and what it took."""

    output: Tensor
    """[tokens, hidden]."""
    kept: Tensor
    """[tokens, channels] bool: which channels each token used."""
    bytes_read: int
    """From the channel store; a channel that several tokens use is read once."""


@dataclass(frozen=True, slots=True, eq=False)
class SparseExpert:
    """An expert that leaves out the channels in which a token's ``|W_up x|`` is at most ``threshold``.

    ``W_up`` is resident and may be quantised, since it stands 2 bits; gate and down are read by channel.
    Source: FloE, Zhou et al. 2025 (arXiv 2505.05950).
    """

    up: QuantizedMatrix | Tensor
    """[channels, hidden]."""
    store: ChannelStore
    threshold: float
    """At 0 only channels that contribute exactly nothing are left out."""

    def __post_init__(self) -> None:
        channels, _, hidden = self.store.chunks.shape
        if tuple(self.up.shape) != (channels, hidden):
            raise MoeError(
                "shape_mismatch", f"up must be {(channels, hidden)} as the store, not {tuple(self.up.shape)}"
            )
        if not self.threshold >= 0:
            raise MoeError("bad_threshold", f"a threshold on magnitudes is 0 or more, not {self.threshold}")

    def __call__(self, x: Tensor) -> SparseOutput:
        """[tokens, hidden] in; each token's output does not depend on its neighbours."""
        up = project_up(self.up, x)  # [tokens, channels]
        kept = up.abs() > self.threshold
        channels = kept.any(0).nonzero().squeeze(-1)
        chunks = self.store.read(channels)  # [read, 2, hidden]
        gated = silu(x @ chunks[:, 0].T) * (up * kept)[:, channels]
        return SparseOutput(gated @ chunks[:, 1], kept, chunks.nbytes)


def project_up(up: QuantizedMatrix | Tensor, x: Tensor) -> Tensor:
    """``W_up x`` for tokens [tokens, hidden], as [tokens, channels]."""
    if x.ndim != 2 or x.shape[1] != up.shape[1]:
        raise MoeError("shape_mismatch", f"tokens must be [n, {up.shape[1]}], not {tuple(x.shape)}")
    matrix = up.dequantize(x.dtype) if isinstance(up, QuantizedMatrix) else up
    return x @ matrix.T
