"""The recipes by name."""

from __future__ import annotations

from moe.errors import MoeError
from moe.recipes.floe import Floe
from moe.recipes.recipe import Exact, Grouped, Recipe

RECIPES: dict[str, Recipe] = {"exact": Exact(), "int8": Grouped(8), "int4": Grouped(4), "floe": Floe()}


def recipe_named(name: str) -> Recipe:
    """Raises ``MoeError`` for a name that none has."""
    try:
        return RECIPES[name]
    except KeyError:
        raise MoeError(
            "unknown_recipe", f"there is no recipe {name!r}: use one of {', '.join(RECIPES)}"
        ) from None
