"""What the client does when the server is slow, broken, rude or of another dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agents.llm.client import ChatClient, retry_after
from agents.llm.errors import ModelFailure
from config import ReasonerSettings
from records.errors import BadInput

SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a base."}]


@pytest.fixture
def waits() -> list[float]:
    """The waits that the client took, in seconds; they are noted and not slept through."""
    return []


@pytest.fixture
def client(reasoner_settings: ReasonerSettings, waits: list[float]) -> ChatClient:
    return ChatClient(reasoner_settings, sleep=waits.append)


def ask(client: ChatClient, seed: int = 7) -> str:
    return client.complete(MESSAGES, name="base", schema=SCHEMA, seed=seed).text


def test_a_good_answer_comes_with_what_it_took(client, fake_language_model):
    fake_language_model.will_say('{"base": "caesium acetate"}')
    answer = client.complete(MESSAGES, name="base", schema=SCHEMA, seed=7)
    assert answer.text == '{"base": "caesium acetate"}'
    assert (answer.prompt_tokens, answer.completion_tokens, answer.finish_reason) == (100, 50, "stop")
    assert answer.seconds > 0
    request = fake_language_model.requests[0]
    assert request["response_format"]["json_schema"] == {"name": "base", "strict": True, "schema": SCHEMA}
    assert request["seed"] == 7


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_passing_failures_are_tried_again(client, fake_language_model, waits, status):
    fake_language_model.will_fail(status)
    fake_language_model.will_say("{}")
    assert ask(client) == "{}"
    assert len(waits) == 1


def test_the_wait_doubles_and_the_attempts_end(client, fake_language_model, waits):
    fake_language_model.will_fail(500, times=3)
    with pytest.raises(ModelFailure, match=r"no answer in 3 attempts \(HTTP 500\)") as caught:
        ask(client)
    assert caught.value.code == "model_unavailable"
    assert 0.005 <= waits[0] <= 0.01 <= waits[1] <= 0.02
    assert len(fake_language_model.requests) == 3


def test_retry_after_outranks_the_backoff(client, fake_language_model, waits):
    fake_language_model.will_fail(429, headers={"Retry-After": "37"})
    fake_language_model.will_say("{}")
    ask(client)
    assert waits == [37.0]


def test_retry_after_may_be_a_date():
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after({"retry-after": format_datetime(later, usegmt=True)}) == pytest.approx(90, abs=5)
    assert retry_after({"retry-after": "in a while"}) is None
    assert retry_after({}) is None


def test_a_broken_body_is_tried_again(client, fake_language_model, waits):
    fake_language_model.will_break_off()
    fake_language_model.will_send(b"<html>proxy</html>")
    fake_language_model.will_say("{}")
    assert ask(client) == "{}"
    assert len(waits) == 2


def test_a_silent_server_is_given_up_in_time(client, fake_language_model):
    fake_language_model.will_be_silent(1.5)
    fake_language_model.will_say("{}")
    assert ask(client) == "{}"


def test_a_trickling_server_is_given_up_in_time(client, fake_language_model):
    fake_language_model.will_trickle()
    fake_language_model.will_say("{}")
    assert ask(client) == "{}"


@pytest.mark.parametrize("status", [401, 403, 404, 413])
def test_what_cannot_be_mended_by_waiting_is_not_tried_again(client, fake_language_model, waits, status):
    fake_language_model.will_fail(status, "the model is unknown")
    with pytest.raises(ModelFailure, match="the model is unknown") as caught:
        ask(client)
    assert caught.value.code == "model_rejected"
    assert len(fake_language_model.requests) == 1
    assert waits == []


def test_a_server_without_json_schemas_gets_the_schema_in_words(client, fake_language_model, waits):
    fake_language_model.will_fail(400, "response_format: json_schema is not supported")
    fake_language_model.will_say("{}")
    ask(client)
    again = fake_language_model.requests[1]
    assert again["response_format"] == {"type": "json_object"}
    assert '"additionalProperties": false' in again["messages"][0]["content"]
    assert waits == []
    # It is learnt: the next call does not run into the same refusal.
    fake_language_model.will_say("{}")
    ask(client)
    assert len(fake_language_model.requests) == 3


def test_a_server_may_want_other_parameters(client, fake_language_model):
    fake_language_model.will_fail(400, "Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'")
    fake_language_model.will_fail(400, "Unsupported value: 'temperature' must be 1")
    fake_language_model.will_say("{}")
    ask(client)
    last = fake_language_model.requests[-1]
    assert "temperature" not in last
    assert "max_tokens" not in last
    assert last["max_completion_tokens"] == 2048
    assert last["response_format"]["type"] == "json_schema"


def test_a_request_that_is_wrong_in_any_dialect_is_rejected(client, fake_language_model):
    fake_language_model.will_fail(400, "too long for the context", times=2)
    with pytest.raises(ModelFailure, match="too long for the context"):
        ask(client)
    assert len(fake_language_model.requests) == 2


def test_tokens_are_estimated_where_the_server_does_not_count(client, fake_language_model):
    fake_language_model.will_send(
        b'{"choices": [{"message": {"content": "12345678"}, "finish_reason": "stop"}]}'
    )
    answer = client.complete(MESSAGES, name="base", schema=SCHEMA, seed=0)
    assert (answer.prompt_tokens, answer.completion_tokens) == (6, 2)


def test_nobody_at_the_address_is_bad_input(fake_language_model):
    gone = ReasonerSettings(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(BadInput, match=r"http://127\.0\.0\.1:9/v1.*TOUCHSTONE_REASONER__BASE_URL") as caught:
        ChatClient(gone).check()
    assert caught.value.code == "model_unreachable"
    assert "\n" not in caught.value.message


def test_somebody_at_the_address_is_enough(client):
    client.check()
