"""Pictures of a run, drawn as SVG by the web process itself: each with its numbers as a table."""

from api.pages.plots.gathering import Seen, gather
from api.pages.plots.picture import Picture
from api.pages.plots.pictures import PICTURES, draw, draw_all

__all__ = ["PICTURES", "Picture", "Seen", "draw", "draw_all", "gather"]
