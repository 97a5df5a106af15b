"""What a run comes to, for a person and for a program."""

from agents.report.document import RunDocument
from agents.report.render import render

__all__ = ["RunDocument", "render"]
