"""The OpenAPI document against the server: whatever it allows is answered, and as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, strategies
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from tenants import Tenant

from config import ApiSettings, Settings
from records.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EXAMPLES = 4
"""Of each operation and mode."""
ENDLESS = "/v1/runs/{run_id}/events/stream"
"""Does not end while the run goes on; it has tests of its own."""
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


set_up = hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without a limit on how often one may ask."""
    return settings.model_copy(update={"api": ApiSettings(rate=1e6, burst=10**6)})


@pytest.fixture
def ada(tenant: Callable[[str], httpx.Client], database: Database) -> Tenant:
    return Tenant(tenant("zanzibar"), database, "zanzibar")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_the_document_allows_is_answered_as_it_says(ada: Tenant, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{ada.client.base_url}/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 60
    for operation in operations:
        told = {"parameters", "requestBody", "security"} & operation.definition.raw.keys()
        if operation.path != ENDLESS and (told or mode is GenerationMode.POSITIVE):
            ask(operation, mode, ada)


def ask(operation: APIOperation[Any, Any, Any], mode: GenerationMode, tenant: Tenant) -> None:
    """Ask in many ways, half of them about rows that there are."""

    @given(case=operation.as_strategy(generation_mode=mode), existing=strategies.booleans())
    @set_up
    def once(case: Case, existing: bool) -> None:
        if existing:
            case.path_parameters = {name: tenant.ids[name] for name in case.path_parameters}
        if operation.path == "/v1/searches":
            case.query["wait"] = 0  # there is no worker here
        response = case.call(headers=dict(tenant.client.headers))
        case.validate_response(response, checks=CHECKS)

    once()
