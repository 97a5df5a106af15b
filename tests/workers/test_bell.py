from __future__ import annotations

import time

import pytest
from kombu.exceptions import OperationalError

from config import BrokerSettings, Settings
from records.repositories import Jobs, Runs
from workers.bell import ring
from workers.broker import make_app
from workers.orders import order_run


@pytest.fixture
def ordered(database, workspace_id) -> str:
    with database.write() as session:
        run_id = Runs(session, workspace_id).create("How?", "", {}, []).id
        return order_run(session, workspace_id, run_id).id


def test_every_message_goes_out_once(database, ordered, broker_url) -> None:
    app = make_app(Settings(broker=BrokerSettings(url=broker_url)))
    assert ring(database, app) == 1
    assert ring(database, app) == 0
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("discovery")
        message = queue.get(timeout=5)
        assert (message.headers["task"], message.payload[0]) == ("workers.run_question", [ordered])


def test_without_a_broker_it_says_so_at_once_and_keeps_the_message(database, ordered) -> None:
    app = make_app(Settings(broker=BrokerSettings(url="redis://127.0.0.1:1/0")))
    started = time.monotonic()
    with pytest.raises(OperationalError):
        ring(database, app)
    assert time.monotonic() - started < 4
    with database.read() as session:
        assert [message.job_id for message in Jobs(session).unsent()] == [ordered]
