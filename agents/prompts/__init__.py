"""Prompts as Markdown files: a version line, then a part for the system and a part for the user."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

_FORM = re.compile(
    r"\A<!-- version: (?P<version>\d+) -->\s*# System\s+(?P<system>.+?)\s*^# User\s+(?P<user>.+?)\s*\Z",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said to the model, with ``$gaps`` for what the run brings."""

    name: str
    version: str
    system: str
    user: str

    def messages(self, **gaps: str) -> list[dict[str, str]]:
        """Both messages with every gap filled (KeyError if one is left open)."""
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": Template(self.user).substitute(gaps)},
        ]


@functools.cache
def load(name: str) -> Prompt:
    """The prompt ``prompts/NAME.md``; its version reads ``NAME-1``."""
    text = resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    match = _FORM.match(text)
    if match is None:
        raise ValueError(f"prompts/{name}.md lacks its version line, '# System' or '# User'")
    return Prompt(name, f"{name}-{match['version']}", match["system"], match["user"])


def fenced(texts: Sequence[str], label: str = "passage") -> str:
    """Numbered texts between markers that none of them can contain, for they are made from a hash of all."""
    mark = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
    return "\n\n".join(
        f"[{label} {number} begins {mark}]\n{text}\n[{label} {number} ends {mark}]"
        for number, text in enumerate(texts, start=1)
    )
