"""What is searched of a passage."""

from __future__ import annotations


def in_context(title: str, text: str) -> str:
    """The passage behind its paper's title, which often names what the passage only calls "the gel"."""
    return f"{title}. {text}"
