"""Longer contexts than a model was trained for: its rotary positions, scaled.

Sources: linear interpolation (Chen et al., arXiv 2306.15595), dynamic NTK scaling (its base grows with the
text), and YaRN (Peng et al., arXiv 2309.00071), each as transformers computes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from transformers import PretrainedConfig

from moe.errors import MoeError

KINDS = ("linear", "dynamic", "yarn")


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """A kind in transformers' words, and how many times longer the context becomes."""

    kind: str
    factor: float

    @classmethod
    def parse(cls, text: str) -> RopeScaling:
        """``yarn:4``; raises ``MoeError`` for anything that is no kind and factor."""
        kind, _, number = text.partition(":")
        try:
            factor = float(number)
        except ValueError:
            factor = math.nan
        if kind not in KINDS or not 1 <= factor < math.inf:
            raise _refused(f"{text!r}: write one of {', '.join(KINDS)} and a factor from 1 on, yarn:4 say")
        return cls(kind, factor)

    def apply(self, config: PretrainedConfig) -> None:
        """Have the model of ``config`` scale so; raises ``MoeError`` for one that cannot, or does already."""
        text = config.get_text_config()
        usual = getattr(text, "rope_parameters", None) or {}
        if "rope_theta" not in usual:  # none at all, or another for each kind of layer
            raise _refused(f"a {config.model_type} model has no rotary positions to be scaled as one")
        if usual.get("rope_type", "default") != "default":
            raise _refused(f"this model's positions are scaled already ({usual['rope_type']})")
        scaled = {**usual, "rope_type": self.kind, "factor": self.factor}
        if self.kind == "yarn":
            scaled["original_max_position_embeddings"] = text.max_position_embeddings
        if self.kind != "dynamic":  # which takes from here how long texts were in training
            text.max_position_embeddings = int(text.max_position_embeddings * self.factor)
        text.rope_parameters = scaled
        if getattr(text, "head_dim", 0) is None:  # transformers' scalings do without a default here
            text.head_dim = text.hidden_size // text.num_attention_heads


def longest_context(config: PretrainedConfig) -> int | None:
    """Tokens that a model was made for, or that its positions are scaled to; None: it does not say."""
    text = config.get_text_config()
    made_for: int | None = getattr(text, "max_position_embeddings", None)
    rope = getattr(text, "rope_parameters", None) or {}
    if made_for is not None and rope.get("rope_type") == "dynamic":
        return int(made_for * rope["factor"])
    return made_for


def _refused(reason: str) -> MoeError:
    return MoeError("bad_rope_scaling", f"positions cannot be scaled: {reason}")
