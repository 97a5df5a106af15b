"""The official OpenAI client on a converted store: the whole round trip."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import torch
import uvicorn
from openai import (
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)
from pydantic import BaseModel, Field
from transformers import PreTrainedModel

from moe.errors import MoeError
from moe.server.app import Service, create_app
from moe.server.protocol import ChatRequest, Message, ResponseFormat
from moe.server.run import Serving, listen, service_for
from moe.storing.store import Store
from moe.writing.answer import Answer, Finished, Piece
from moe.writing.sampling import Sampling
from moe.writing.tokenizer import read_tokenizer

KEY = "a secret"
HELLO: list[Any] = [{"role": "user", "content": "The base is stirred."}]


@dataclass(frozen=True, slots=True)
class Running:
    service: Service
    url: str

    @property
    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=KEY, max_retries=0)


@pytest.fixture(scope="module")
def running(store: Store) -> Iterator[Running]:
    """A server of two answers at a time and a queue of eight, with room for half of the experts."""
    everything = service_for(Serving(store.folder, tokens=256, sequences=2, queue=8))
    memory = everything.loaded.budget.total - store.expert_bytes // 2
    everything.engine.close()
    serving = Serving(store.folder, memory, tokens=256, sequences=2, queue=8, name="tiny")
    service = service_for(serving)
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(service, KEY), log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    yield Running(service, f"http://127.0.0.1:{listening.getsockname()[1]}")
    server.should_exit = True
    thread.join()
    service.engine.close()


def ask(running: Running, **options: Any) -> Any:
    options = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "temperature": 0, **options}
    return running.client.chat.completions.create(**options)


def greedy(service: Service, reference: PreTrainedModel, count: int) -> str:
    text = service.tokenizer.apply_chat_template(HELLO, tokenize=False, add_generation_prompt=True)
    prompt = service.tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        written = reference.generate(prompt, max_new_tokens=count, do_sample=False, eos_token_id=[])
    return str(service.tokenizer.decode(written[0, prompt.shape[1] :], skip_special_tokens=True))


def test_it_says_what_transformers_says(running: Running, reference: PreTrainedModel) -> None:
    answer = ask(running)
    assert answer.choices[0].message.content == greedy(running.service, reference, 12)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 12
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12
    assert [model.id for model in running.client.models.list()] == ["tiny"]
    assert running.client.models.retrieve("tiny").max_model_len == 256  # type: ignore[attr-defined]


def test_a_stream_says_the_same_in_pieces_and_the_usage_last(running: Running) -> None:
    chunks = list(ask(running, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ask(running).choices[0].message.content
    assert chunks[-1].usage.completion_tokens == 12
    assert chunks[-2].choices[0].finish_reason == "length"


def test_answers_written_together_are_those_written_alone(running: Running) -> None:
    """Prompts of different lengths share a step; each is as if it were alone."""
    prompts = ["The base", "The base is stirred in water until the colour fades. The yield", "A"]
    alone = [complete(running, prompt) for prompt in prompts]
    together: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda prompt=prompt: together.update({prompt: complete(running, prompt)}))
        for prompt in prompts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[prompt] for prompt in prompts] == alone


def complete(running: Running, prompt: str) -> str:
    answer = running.client.completions.create(model="tiny", prompt=prompt, max_tokens=24, temperature=0)
    return answer.choices[0].text


def test_several_answers_differ_and_a_seed_repeats_them(running: Running) -> None:
    first = ask(running, n=3, temperature=1.0, seed=5)
    texts = [choice.message.content for choice in first.choices]
    assert len(set(texts)) == 3
    assert [choice.message.content for choice in ask(running, n=3, temperature=1.0, seed=5).choices] == texts
    assert first.usage.completion_tokens == 36


def test_a_prompt_seen_before_is_not_computed_again(running: Running) -> None:
    ask(running)
    again = ask(running)
    known = again.usage.prompt_tokens_details.cached_tokens
    assert known == again.usage.prompt_tokens - 1


def test_text_ends_before_a_stop_string(running: Running) -> None:
    whole = ask(running, max_tokens=24).choices[0].message.content
    stop = whole[6:9]
    answer = ask(running, max_tokens=24, stop=stop)
    assert answer.choices[0].message.content == whole[: whole.index(stop)]
    assert answer.choices[0].finish_reason == "stop"
    streamed = "".join(
        chunk.choices[0].delta.content or "" for chunk in ask(running, max_tokens=24, stop=stop, stream=True)
    )
    assert streamed == answer.choices[0].message.content


def test_log_probabilities_are_the_models(running: Running) -> None:
    content = ask(running, logprobs=True, top_logprobs=3).choices[0].logprobs.content
    assert len(content) == 12
    for token in content:
        assert token.logprob == pytest.approx(token.top_logprobs[0].logprob)
        assert token.top_logprobs[0].logprob >= token.top_logprobs[1].logprob


class Reagent(BaseModel):
    """What an answer shall look like."""

    name: str
    role: Literal["base", "solvent", "ligand"]
    equivalents: float
    steps: list[str] = Field(max_length=3)


def test_parse_gives_an_object_every_time(running: Running) -> None:
    for seed in range(3):
        answer = running.client.chat.completions.parse(
            model="tiny", messages=HELLO, response_format=Reagent, max_tokens=120, seed=seed, temperature=1.5
        )
        assert isinstance(answer.choices[0].message.parsed, Reagent)
        assert answer.choices[0].finish_reason == "stop"


def test_200_of_200_answers_fit_their_schema(store: Store) -> None:
    """At a high temperature, from random weights, in few tokens: as hard as it gets."""
    service = service_for(Serving(store.folder, tokens=256, sequences=40, queue=200))
    asked = ChatRequest(
        messages=[Message(role="user", content="The base is stirred.")],
        response_format=ResponseFormat.model_validate(schema(Reagent.model_json_schema())),
        max_tokens=100,
        temperature=1.5,
        seed=1,
        n=50,
    )
    texts = [""] * 200
    done = threading.Semaphore(0)
    for batch in range(4):
        answers, _ = service.chat(asked.model_copy(update={"seed": 1000 * batch}))
        for answer in answers:

            def heard(event: Piece | Finished, number: int = 50 * batch + answer.number) -> None:
                if isinstance(event, Piece):
                    texts[number] += event.text
                else:
                    done.release()

            answer.deliver = heard
        service.engine.submit(answers)
    assert all(done.acquire(timeout=60) for _ in texts)
    service.engine.close()
    assert all(Reagent.model_validate_json(text).role for text in texts)
    assert len(set(texts)) > 150


def test_a_json_object_is_one(running: Running) -> None:
    answer = ask(running, response_format={"type": "json_object"}, max_tokens=40, temperature=1.0)
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_more_experts_a_token_give_another_answer(running: Running) -> None:
    def text(**options: Any) -> str:
        return str(ask(running, max_tokens=40, **options).choices[0].message.content)

    usual = text()
    one, two, eight = (text(extra_body={"experts_per_token": count}) for count in (1, 2, 8))
    assert two == usual  # as trained
    assert len({usual, one, eight}) == 3
    assert text() == usual


def test_who_hangs_up_makes_room(running: Running) -> None:
    stream = ask(running, max_tokens=200, stream=True, n=2)
    next(iter(stream))
    stream.close()
    deadline = time.monotonic() + 20
    while running.service.engine.load != (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert ask(running).usage.completion_tokens == 12


def test_who_gives_up_waiting_makes_room(running: Running) -> None:
    impatient = OpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0, timeout=0.1)
    before = running.service.engine.tally.written_tokens
    with pytest.raises(APITimeoutError):
        impatient.completions.create(model="tiny", prompt="A", max_tokens=250, n=8)
    deadline = time.monotonic() + 20
    while running.service.engine.load != (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert running.service.engine.tally.written_tokens < before + 1000  # of 2000


def test_others_are_heard_while_a_token_is_computed(running: Running) -> None:
    """The engine's thread is held up; the server's own goes on."""
    holding, go_on = threading.Event(), threading.Event()

    def hold(_: Piece | Finished) -> None:
        holding.set()
        go_on.wait(20)

    running.service.engine.submit([Answer([5, 6, 7], 1, Sampling(0.0), hold)])
    assert holding.wait(20)
    assert httpx.get(f"{running.url}/health", timeout=5).json() == {"status": "ok"}
    assert [model.id for model in running.client.models.list(timeout=5)] == ["tiny"]
    go_on.set()


def test_a_completion_streams_its_log_probabilities(running: Running) -> None:
    options: dict[str, Any] = {"model": "tiny", "prompt": "The base", "max_tokens": 8, "temperature": 0}
    whole = running.client.completions.create(logprobs=2, **options).choices[0]
    chunks = list(running.client.completions.create(logprobs=2, stream=True, **options))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.text
    assert whole.logprobs is not None
    streamed = [chunk.choices[0].logprobs for chunk in chunks if chunk.choices[0].logprobs]
    said = [one.token_logprobs[0] for one in streamed if one.token_logprobs]
    assert said == pytest.approx(whole.logprobs.token_logprobs)  # a known prompt is added up in another order


def test_a_full_queue_says_when_to_come_again(running: Running) -> None:
    with pytest.raises(RateLimitError) as refused:
        ask(running, n=9)
    assert refused.value.response.headers["retry-after"] == "1"
    assert ask(running).usage.completion_tokens == 12


def test_what_is_wrong_is_said_in_the_protocols_words(running: Running) -> None:
    with pytest.raises(AuthenticationError):
        OpenAI(base_url=f"{running.url}/v1", api_key="wrong", max_retries=0).models.list()
    with pytest.raises(NotFoundError):
        ask(running, model="another")
    for options, words in (
        ({"temperature": 3}, "temperature"),
        ({"messages": [{"role": "user", "content": "base " * 300}]}, "256"),
        ({"extra_body": {"experts_per_token": 9}}, "1 to 8 experts"),
        ({"messages": []}, "messages"),
        ({"response_format": schema({"type": "unheard of"})}, "schema"),
    ):
        with pytest.raises(BadRequestError, match=words):
            ask(running, **options)


def schema(content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": content}}


def figures(running: Running) -> dict[str, float]:
    text = httpx.get(f"{running.url}/metrics").text
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line[0] != "#"}


def test_health_and_metrics_are_open(running: Running) -> None:
    assert httpx.get(f"{running.url}/health").json() == {"status": "ok"}
    before = figures(running)["moe_written_tokens_total"]
    ask(running, max_tokens=12)
    after = figures(running)
    assert after["moe_written_tokens_total"] >= before + 12
    assert after["moe_disk_read_bytes_total"] > 0
    assert after["moe_predicted_right_experts_total"] <= after["moe_predicted_asked_experts_total"]


def test_what_cannot_be_served_is_refused_in_a_line(store: Store, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(MoeError, match=r"at least [\d,]+ bytes"):
        service_for(Serving(store.folder, memory=1 << 20))
    mute = tmp_path / "mute"
    shutil.copytree(store.folder, mute)
    (mute / "model" / "chat_template.jinja").rename(tmp_path / "template")
    with pytest.raises(MoeError, match="no chat template"):
        read_tokenizer(mute / "model")
    with pytest.raises(MoeError, match="is no store"):
        service_for(Serving(checkpoint))
    with listen("127.0.0.1", 0) as taken, pytest.raises(MoeError, match="choose another --port"):
        listen("127.0.0.1", taken.getsockname()[1])
