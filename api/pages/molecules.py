"""Molecules drawn from their SMILES.

RDKit is loaded when the first one is asked for (0.4 s and 35 MB), a drawing takes 2 ms; the newest are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from api.pages.visiting import PageRoute, Reader
from records.errors import NotFound

router = APIRouter(include_in_schema=False, route_class=PageRoute)

LONGEST = 400
"""Characters of a SMILES that is drawn."""
MOST_ATOMS = 120
WIDTH, HEIGHT = 220, 160
KEPT_S = 86_400
"""A browser may keep a drawing so long: it hangs on the SMILES alone."""


def molecules_of(features: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name of the column, SMILES, and address of the drawing, for each column of SMILES."""
    return [
        (name, value, f"/molecule.svg?smiles={quote(value, safe='')}")
        for name, value in features.items()
        if "smiles" in name.casefold() and isinstance(value, str) and 0 < len(value.strip()) <= LONGEST
    ]


@router.get("/molecule.svg")
def molecule(_caller: Reader, smiles: Annotated[str, Query(min_length=1, max_length=LONGEST)]) -> Response:
    """The drawing (NotFound for what is no molecule, or too large a one)."""
    drawn = _drawn(smiles.strip())
    if drawn is None:
        raise NotFound("no_molecule", "this SMILES cannot be drawn")
    headers = {"Cache-Control": f"private, max-age={KEPT_S}"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@lru_cache(maxsize=512)
def _drawn(smiles: str) -> str | None:
    from rdkit import Chem, RDLogger
    from rdkit.Chem.Draw import rdMolDraw2D

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None or not 0 < molecule.GetNumAtoms() <= MOST_ATOMS:
        return None
    canvas = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
    canvas.drawOptions().clearBackground = False  # type: ignore[assignment]
    canvas.DrawMolecule(molecule)
    canvas.FinishDrawing()
    return str(canvas.GetDrawingText())
