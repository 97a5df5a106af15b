"""The examples of docs/api.md, run in their order against a real server and a real worker."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_example_works(client, worker_log, tmp_path, run_the_examples) -> None:
    url, key = str(client.base_url), client.headers["authorization"].removeprefix("Bearer ")
    run_the_examples(url, url, key, tmp_path)
