"""Where an expert's gate and down weights wait until a token needs some of their channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ChannelStore:
    """Each channel's gate row and down column side by side: a channel is one contiguous piece of memory.

    Source: FloE, Zhou et al. 2025 (arXiv 2505.05950); copying such pieces comes near the speed of one block.
    """

    chunks: Tensor
    """[channels, 2, hidden], contiguous: the gate row, then the down column."""

    @classmethod
    def of(cls, gate: Tensor, down: Tensor) -> ChannelStore:
        """From ``gate`` [channels, hidden] and ``down`` [hidden, channels]; copies both."""
        return cls(torch.stack((gate, down.T), dim=1).contiguous())

    @property
    def chunk_bytes(self) -> int:
        """Bytes of one channel."""
        return self.chunks[0].nbytes

    def read(self, channels: Tensor) -> Tensor:
        """Chunks [n, 2, hidden] of the channels [n]; nothing else is touched."""
        return self.chunks.index_select(0, channels)
