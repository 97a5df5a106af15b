"""Molecules as numbers: RDKit's descriptors of a SMILES string, for kernels that know no chemistry."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from records.errors import BadInput

LARGEST = 1e6
"""Some descriptors overflow on large molecules; beyond this they only say so."""


def descriptors(smiles: Sequence[str]) -> list[tuple[float, ...]]:
    """RDKit's two-dimensional descriptors of each, raw, in one order; several molecules may be one string.

    BadInput ``bad_smiles`` for a string that RDKit cannot read.
    """
    from rdkit import Chem, RDLogger
    from rdkit.Chem import Descriptors

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]

    @cache
    def of(text: str) -> tuple[float, ...]:
        molecule = Chem.MolFromSmiles(text)
        if molecule is None:
            raise BadInput("bad_smiles", f"RDKit cannot read the SMILES '{text}'")
        values = np.array([compute(molecule) for _, compute in Descriptors.descList], dtype=np.float64)
        return tuple(np.clip(np.nan_to_num(values), -LARGEST, LARGEST).tolist())

    return [of(text) for text in smiles]
