"""The embedded installation: one supervisor, and the parts that it starts, watches and ends."""

from workers.supervisor.serving import Serving, serving
from workers.supervisor.supervisor import Started, serve

__all__ = ["Serving", "Started", "serve", "serving"]
