"""How the OpenAPI document says who may ask; it is ``authenticate`` that looks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyCookie, HTTPBearer

_KEY = HTTPBearer(
    scheme_name="key",
    bearerFormat="tsk_…",
    description="An API key: `touchstone key create NAME`, or `POST /v1/keys`.",
    auto_error=False,
)
_BROWSER = APIKeyCookie(
    name="touchstone",
    scheme_name="browser",
    description="The session of a browser that signed in; over HTTPS the cookie is `__Host-touchstone`.",
    auto_error=False,
)

WithKey = Annotated[object, Security(_KEY)]
WithBrowser = Annotated[object, Security(_BROWSER)]
