"""Compiles every kernel for a GPU that need not be there, and prints each one's assembly as JSON.

A program of its own, which does not even load torch: in the tests' process Triton interprets.
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

os.environ["TRITON_INTERPRET"] = "0"

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

SOURCE = Path(__file__).parents[2] / "moe" / "gpu" / "kernels.py"
AMPERE = GPUTarget("cuda", 86, 32)
WHOLE = "i32"
KERNELS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "score_channels": (
        {
            "packed": "*u8",
            "scale": "*fp16",
            "offset": "*fp16",
            "weight": "*fp32",
            "threshold": "*fp32",
            "shared": "*fp32",
            "x": "*bf16",
            "share": "*bf16",
            "expert_of": "*i64",
            "keep": "*i8",
            "counts": "*i32",
        },
        {"SIZE": 16, "CHANNELS": 32, "GROUPS": 16},
    ),
    "compact_channels": (
        {"keep": "*i8", "counts": "*i32", "ids": "*i32", "totals": "*i32"},
        {"CHANNELS": 32, "BLOCKS": 512},
    ),
    "gate_channels": (
        {"rows": "*i8", "scale": "*fp32", "slots": "*i32", "lengths": "*i32", "x": "*bf16", "inner": "*fp32"},
        {"ENTRIES": 16, "HIDDEN": 256},
    ),
    "sum_channels": (
        {"rows": "*i8", "slots": "*i32", "lengths": "*i32", "inner": "*fp32", "parts": "*fp32"},
        {"ENTRIES": 32, "HIDDEN": 128},
    ),
    "copy_rows": (
        {"source": "*i32", "begins": "*i64", "rows": "*i32", "slots": "*i32"},
        {"ALIGNED": 4, "WIDTH": 1024},
    ),
}


def load_kernels() -> ModuleType:
    """The kernels' file alone, without the package around it."""
    spec = importlib.util.spec_from_file_location("kernels", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)
    return kernels


def assembly(kernels: ModuleType, name: str) -> str:
    """As a launch with sizes that are multiples of 16 would have it compiled."""
    kernel = getattr(kernels, name)
    pointers, constants = KERNELS[name]
    types = {
        argument: pointers.get(argument, "constexpr" if argument in constants else WHOLE)
        for argument in kernel.arg_names
    }
    aligned = {
        (place,): [["tt.divisibility", 16]]
        for place, argument in enumerate(kernel.arg_names)
        if argument in pointers or argument in ("hidden", "channels", "width")
    }
    compiled = triton.compile(ASTSource(kernel, types, constants, aligned), target=AMPERE)
    assert compiled.asm["cubin"]
    return str(compiled.asm["ptx"])


if __name__ == "__main__":
    found = load_kernels()
    print(json.dumps({name: assembly(found, name) for name in KERNELS}))
