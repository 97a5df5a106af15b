from __future__ import annotations

from api.access.throttle import Allowance, Throttle
from api.problems import Refused


def test_a_guess_is_forgiven_with_time_and_a_right_one_at_once(monkeypatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("api.access.throttle.time.monotonic", lambda: clock[0])
    throttle = Throttle(account=Allowance(2, 10.0), address=Allowance(3, 10.0))

    def is_let(name: str, address: str = "a") -> bool:
        try:
            throttle.guess(name, address)
        except Refused:
            return False
        return True

    assert [is_let("ada") for _ in range(3)] == [True, True, False]
    clock[0] += 10
    assert [is_let("ada"), is_let("ada")] == [True, False]
    assert is_let("bob")
    assert not is_let("eve")  # the address has used up its own
    assert is_let("eve", "b")
    throttle.was_right("ada", "a")
    assert is_let("ada", "c")
