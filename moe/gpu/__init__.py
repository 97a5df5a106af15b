"""Experts on a GPU that is too small for them: kernels, transfers, and the places that they go to.

Without a GPU, Triton's interpreter runs the kernels, slowly, so that they can be tested anywhere; it must be
told so before ``triton`` is imported for the first time.
"""

from __future__ import annotations

import os

import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")
