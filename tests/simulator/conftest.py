from __future__ import annotations

import pytest

from simulator import GroundTruth, KeyPoint


@pytest.fixture(scope="session")
def truth() -> GroundTruth:
    """Three things that make a thermoelectric gel work; the weights are parts, not yet percents."""
    return GroundTruth(
        (
            KeyPoint("0.4 M ferricyanide redox couple", "active species", weight=4),
            KeyPoint("oriented PVA gel", "channels for ions", weight=3),
            KeyPoint("guanidinium salt", "raises the thermopower", weight=1),
        )
    )
