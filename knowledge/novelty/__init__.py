"""How new a hypothesis is: against what is published, and again when something is published."""

from knowledge.novelty.checking import Checked, check_hypothesis, check_run
from knowledge.novelty.touching import flag_touched

__all__ = ["Checked", "check_hypothesis", "check_run", "flag_touched"]
