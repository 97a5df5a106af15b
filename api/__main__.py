"""``python -m api``: the web process alone, on 127.0.0.1:8000."""

from __future__ import annotations

from api.app import serve
from config import load_settings

serve(load_settings())
