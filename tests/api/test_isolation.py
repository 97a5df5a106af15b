"""One tenant with another's ids: every route of the OpenAPI document is walked, and finds nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tenants import Tenant

from records.base import Base
from records.database import Database

Row = tuple[str, str]

BODIES: dict[str, dict[str, Any]] = {
    "ResultIn": {"score": 1.5},
    "AmendedIn": {"score": 2.5, "source": "me"},
    "ReviewIn": {"verdict": "accept"},
    "BatchIn": {"campaigns": [{"name": "c", "candidates": []}]},
}
"""For what a schema alone does not say; other bodies are made from their schemas."""
ACROSS = (
    "seen",
    "title",
    "year_from",
    "year_to",
    "source",
    "retraction",
    "latest",
    "resolved",
    "state",
    "status",
    "kind",
    "subject_kind",
    "wait",
    "limit",
    "after",
    "if-match",
    "last-event-id",
)
"""Parameters that name no row of anybody's."""
OPEN = ("/health", "/ready", "/v1/version")
"""What anybody may ask."""
TOUCHED = ("last_used_at", "sent_at")
"""Of a key by its use, of a message to the broker by whoever rings next."""


class Document:
    """What the server says it can be asked."""

    def __init__(self, client: httpx.Client) -> None:
        self._document = client.get("/openapi.json").json()

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Path, method and description; what removes things comes last."""
        found = [
            (path, method.upper(), operation)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
        ]
        last = ("DELETE", "cancel", "abandon")
        yield from sorted(found, key=lambda one: any(word in f"{one[1]} {one[0]}" for word in last))

    def body(self, operation: Mapping[str, Any]) -> tuple[str, Any, dict[str, Any]] | None:
        """Media type, an example, and the schema's properties; None where there is none to send."""
        content = operation.get("requestBody", {}).get("content", {})
        for media_type, described in content.items():
            schema = self._resolved(described["schema"])
            return media_type, self._example(described["schema"]), schema.get("properties", {})
        return None

    def _resolved(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return dict(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for choice in schema.get("anyOf", []):
            if choice.get("type") != "null":
                return self._resolved(choice)
        return dict(schema)

    def _example(self, schema: Mapping[str, Any]) -> Any:
        named = str(schema.get("$ref", "")).rpartition("/")[2]
        if named in BODIES:
            return BODIES[named]
        schema = self._resolved(schema)
        if schema.get("type") == "object":
            required = schema.get("required", [])
            return {name: self._example(schema["properties"][name]) for name in required}
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "array":
            return [self._example(schema["items"])]
        return {"integer": 1, "number": 1.0, "boolean": True}.get(schema.get("type", ""), "x")


class Walk:
    """The requests that name ids: in the path, in the query, or in the body."""

    def __init__(self, document: Document, tenant: Tenant) -> None:
        self._document = document
        self._tenant = tenant

    def by_path(self, ids: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
        """Ask for each path with these ids; which it was, the status, and the answer's text."""
        for path, method, operation in self._document.operations():
            names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            if names:
                assert names <= ids.keys(), f"{path}: say in Tenant how to make one of {names - ids.keys()}"
                told = {"params": _queries(operation, ids), **self._sent(operation, ids)}
                yield (f"{method} {path}", *self._ask(method, path.format(**ids), told))

    def by_nothing(self, ids: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
        """Ask for each path without parameters."""
        for path, method, operation in self._document.operations():
            if method == "GET" and "{" not in path:
                yield (f"{method} {path}", *self._ask(method, path, {"params": _queries(operation, ids)}))

    def by_body(self, ids: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
        """Ask for the tenant's own paths with bodies that name others' ids."""
        for path, method, operation in self._document.operations():
            body = self._document.body(operation)
            if body is None or body[0] != "application/json":
                continue
            for name, schema in body[2].items():
                if name.rpartition("_")[2] in ("id", "ids"):
                    several = "array" in json.dumps(schema)
                    value = [ids[name], ids[name]] if several else ids[name]
                    asked = {"json": {**body[1], name: value}, "headers": {"If-Match": "*"}}
                    yield (
                        f"{method} {path} {name}",
                        *self._ask(method, path.format(**self._tenant.ids), asked),
                    )

    def _sent(self, operation: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
        body = self._document.body(operation)
        if body is None:
            return {"headers": {"If-Match": "*"}}
        media_type, example, properties = body
        if media_type == "application/json":
            named = {name: ids[name] for name in properties if name in ids}
            content = json.dumps({**example, **named})
        else:
            content = f"hypothesis_id,score,replicate\n{ids['hypothesis_id']},1,7\n"
        return {"headers": {"If-Match": "*", "Content-Type": media_type}, "content": content}

    def _ask(self, method: str, path: str, told: Mapping[str, Any]) -> tuple[int, str]:
        with self._tenant.client.stream(method, path, **told) as answer:
            endless = answer.headers.get("content-type", "").startswith("text/event-stream")
            text = "" if endless else answer.read().decode()
        return answer.status_code, text


def _queries(operation: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, str]:
    named = [one["name"] for one in operation.get("parameters", []) if one["in"] != "path"]
    return {name: ids[name] for name in named if name not in ACROSS}


def _rows(database: Database) -> dict[Row, str]:
    """Every row of every table, but for times at which nobody changed anything."""
    with database.read() as session:
        return {
            (table.name, "/".join(row[key.name] for key in table.primary_key)): repr(
                {name: row[name] for name in row if name not in TOUCHED}
            )
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table)).mappings()
        }


@pytest.fixture
def ada(tenant, database: Database) -> Tenant:
    return Tenant(tenant("zanzibar"), database, "zanzibar")


@pytest.fixture
def eve(tenant, database: Database) -> Tenant:
    return Tenant(tenant("mombasa"), database, "mombasa")


def test_with_anothers_ids_there_is_nothing_to_find_and_nothing_to_change(ada, eve, database, client) -> None:
    before = _rows(database)
    walk = Walk(Document(client), eve)
    for asked, status, text in walk.by_path(ada.ids):
        assert (status, json.loads(text)["code"].endswith("_not_found")) == (404, True), (asked, text)
        assert ada.word not in text, asked
    for asked, status, text in walk.by_body(ada.ids):
        assert status in (404, 422), (asked, status, text)
        assert ada.word not in text, asked
    for asked, status, text in walk.by_nothing(ada.ids):
        assert status == 200, (asked, text)
        assert not [told for told in (ada.word, *ada.ids.values()) if told in text], asked
    after = _rows(database)
    changed = {row: (was, after.get(row)) for row, was in before.items() if after.get(row) != was}
    assert changed == {}
    added = [after[row] for row in after.keys() - before.keys()]
    assert not [row for row in added if any(told in row for told in (ada.word, *ada.ids.values()))]


def test_with_ones_own_ids_the_same_requests_are_answered(ada, client) -> None:
    """So it was not the requests that were wrong."""
    walk = Walk(Document(client), ada)
    answers = {asked: (status, text) for asked, status, text in walk.by_path(ada.ids)}
    assert len(answers) > 40
    wrong = {400, 401, 404, 412, 413, 415, 422, 428, 429}
    assert {asked: told for asked, told in answers.items() if told[0] in wrong or told[0] >= 500} == {}


def test_without_a_key_no_route_answers(ada, client) -> None:
    nobody = httpx.Client(base_url=client.base_url, timeout=30)
    for path, method, _ in Document(client).operations():
        answer = nobody.request(method, path.format(**ada.ids))
        assert answer.status_code == (200 if path in OPEN else 401), (method, path)
        assert ada.word not in answer.text
    nobody.close()
