"""A form that is sent twice does its work once, with no script to watch over the button."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi.responses import RedirectResponse

from api.caller import Caller
from api.idempotency import Again, Reservation
from api.problems import Refused

FIELD = "once"
"""Each form that is shown has a word of its own in it."""


def only_once(caller: Caller, typed: Mapping[str, str], act: Callable[[Caller], str]) -> str:
    """Where to go after ``act``: the second time the same is sent, where the first time led to.

    What was changed in the form before it was sent again is another matter, and done.
    """
    word = typed.get(FIELD, "")
    if not word:
        return act(caller)
    digest = hashlib.sha256(json.dumps(typed, sort_keys=True).encode()).hexdigest()
    reservation = Reservation(f"form:{word[:64]}:{digest[:32]}", digest)
    database, who = caller.context.database, caller.principal.id
    try:
        reservation.answer_again(database, caller.workspace_id, who)
        path = act(replace(caller, reservation=reservation))
    except Again as again:
        return str(again.answered.headers["location"])
    except Refused as refused:
        if refused.code != "still_answering":
            raise
        return _of_the_faster(reservation, caller, refused)
    reservation.keep(RedirectResponse(path, 303))
    return path


def _of_the_faster(reservation: Reservation, caller: Caller, refused: Refused) -> str:
    """Both came at once: wait for what the other one is answered."""
    try:
        reservation.answer_again(caller.context.database, caller.workspace_id, caller.principal.id)
    except Again as again:
        return str(again.answered.headers["location"])
    raise refused
