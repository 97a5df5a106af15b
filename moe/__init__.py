"""A mixture-of-experts model on a GPU too small for it; so far the mathematics of one expert."""

from moe.calibrate import threshold_for
from moe.channels import ChannelStore
from moe.errors import MoeError
from moe.expert import Expert, SparseExpert, SparseOutput
from moe.quantize import QuantizedMatrix, quantize

__all__ = [
    "ChannelStore",
    "Expert",
    "MoeError",
    "QuantizedMatrix",
    "SparseExpert",
    "SparseOutput",
    "quantize",
    "threshold_for",
]
