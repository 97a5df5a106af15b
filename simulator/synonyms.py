"""Common substances under their common names: systematic, trivial, abbreviated and as formulae.

General chemistry, by hand: what a chemist writes without explaining it. The first spelling stands for all.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NAMES = """
PVA = poly(vinyl alcohol) = polyvinyl alcohol = polyvinylalcohol
PAAm = PAM = polyacrylamide = poly(acrylamide)
PAA = poly(acrylic acid) = polyacrylic acid
PEG = poly(ethylene glycol) = polyethylene glycol
PEO = poly(ethylene oxide) = polyethylene oxide
PEI = poly(ethylenimine) = polyethylenimine = polyethyleneimine
PE = polyethylene
PP = polypropylene
PS = polystyrene
PVC = poly(vinyl chloride) = polyvinyl chloride
PVP = poly(vinylpyrrolidone) = polyvinylpyrrolidone
PVDF = poly(vinylidene fluoride) = polyvinylidene fluoride
PTFE = polytetrafluoroethylene
PDMS = polydimethylsiloxane = poly(dimethylsiloxane)
PMMA = poly(methyl methacrylate) = polymethyl methacrylate
PLA = poly(lactic acid) = polylactic acid = polylactide
PCL = polycaprolactone
PNIPAM = poly(N-isopropylacrylamide)
PANI = polyaniline
PPy = polypyrrole
PAN = polyacrylonitrile
PU = polyurethane
PET = poly(ethylene terephthalate) = polyethylene terephthalate
CNT = carbon nanotube = carbon nanotubes = CNTs
GO = graphene oxide
rGO = reduced graphene oxide
COF = covalent organic framework = covalent organic frameworks
MOF = metal-organic framework = metal-organic frameworks = metal organic framework
DMSO = dimethyl sulfoxide = dimethylsulfoxide
DMF = dimethylformamide = N,N-dimethylformamide
DMAc = DMA = dimethylacetamide = N,N-dimethylacetamide
NMP = N-methylpyrrolidone = N-methyl-2-pyrrolidone
THF = tetrahydrofuran
DCM = dichloromethane = methylene chloride = CH2Cl2
MeCN = acetonitrile = CH3CN
EtOAc = ethyl acetate
EtOH = ethanol = ethyl alcohol
MeOH = methanol = methyl alcohol
iPrOH = IPA = isopropanol = 2-propanol = isopropyl alcohol
HFIP = hexafluoroisopropanol = 1,1,1,3,3,3-hexafluoro-2-propanol
TFA = trifluoroacetic acid
AcOH = acetic acid
EC = ethylene carbonate
DMC = dimethyl carbonate
DME = dimethoxyethane = 1,2-dimethoxyethane
DOL = dioxolane = 1,3-dioxolane
Et3N = TEA = triethylamine
DIPEA = diisopropylethylamine = N,N-diisopropylethylamine
DBU = 1,8-diazabicyclo[5.4.0]undec-7-ene
DMAP = 4-dimethylaminopyridine
EDTA = ethylenediaminetetraacetic acid
PPh3 = triphenylphosphine
TEMPO = 2,2,6,6-tetramethylpiperidine-1-oxyl
H2O = water
D2O = heavy water
NH3 = ammonia
CO2 = carbon dioxide
H2 = hydrogen gas
H2O2 = hydrogen peroxide
NaCl = sodium chloride
KCl = potassium chloride
LiCl = lithium chloride
CaCl2 = calcium chloride
NaOH = sodium hydroxide
KOH = potassium hydroxide
HCl = hydrochloric acid = hydrogen chloride
H2SO4 = sulfuric acid = sulphuric acid
HNO3 = nitric acid
Na2SO4 = sodium sulfate = sodium sulphate
Na2CO3 = sodium carbonate
K2CO3 = potassium carbonate
Cs2CO3 = cesium carbonate = caesium carbonate
K3PO4 = potassium phosphate
KOAc = potassium acetate
CsOAc = cesium acetate = caesium acetate
NaBH4 = sodium borohydride
LiPF6 = lithium hexafluorophosphate
LiTFSI = lithium bis(trifluoromethanesulfonyl)imide
K2S2O8 = potassium persulfate
AgNO3 = silver nitrate
TiO2 = titanium dioxide = titania
SiO2 = silicon dioxide = silica
Al2O3 = aluminium oxide = aluminum oxide = alumina
ZnO = zinc oxide
CeO2 = cerium oxide = ceria
MnO2 = manganese dioxide
Fe2O3 = iron(III) oxide = ferric oxide
Fe3O4 = magnetite
K3[Fe(CN)6] = potassium ferricyanide = ferricyanide = potassium hexacyanoferrate(III)
K4[Fe(CN)6] = potassium ferrocyanide = ferrocyanide = potassium hexacyanoferrate(II)
aluminium = aluminum
caesium = cesium
sulfur = sulphur
"""


@lru_cache(maxsize=1)
def _table() -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern of every spelling, the longest first, and what each stands for."""
    stands_for: dict[str, str] = {}
    for line in _NAMES.strip().splitlines():
        first, *others = (name.strip() for name in line.split(" = "))
        # An abbreviation is one only in its capitals: TEA is a base, tea is not.
        stands_for |= {name if name.isupper() else name.casefold(): first for name in others}
    spelled = sorted(stands_for, key=len, reverse=True)
    pattern = r"(?<![\w\[-])(?:" + "|".join(re.escape(name) for name in spelled) + r")(?![\w\]])"
    return re.compile(pattern, re.IGNORECASE), stands_for


def unified(text: str) -> str:
    """The text with each substance under one name: "poly(vinyl alcohol)" reads PVA."""
    pattern, stands_for = _table()

    def one(match: re.Match[str]) -> str:
        written = match.group()
        return stands_for.get(written) or stands_for.get(written.casefold(), written)

    return pattern.sub(one, text)
