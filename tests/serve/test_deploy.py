"""What ``deploy/`` says is what Touchstone understands; its commands are run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import BaseModel

from config import Settings
from knowledge.chroma_server import chroma_server
from records.repositories import Jobs, Workspaces
from workers.orders import QUEUES, order_index_check, order_retention

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OTHERS = {"OMP_NUM_THREADS", "REMAP_SIGTERM", "POSTGRES_PASSWORD", "BROKER_PASSWORD"}
"""Variables that are not Touchstone's own."""


def is_setting(variable: str) -> bool:
    """Whether there is a setting of this name."""
    part: Any = Settings
    for name in variable.removeprefix("TOUCHSTONE_").lower().split("__"):
        if not (isinstance(part, type) and issubclass(part, BaseModel)) or name not in part.model_fields:
            return False
        part = part.model_fields[name].annotation
    return variable.startswith("TOUCHSTONE_")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def queues_of(command: list[str]) -> str:
    return command[command.index("--queues") + 1]


def test_the_compose_file_names_settings_services_and_volumes_that_exist(compose):
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
        assert set(service["networks"]) <= compose["networks"].keys(), name
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= compose["volumes"].keys(), (
            name
        )
        if service["image"] == "touchstone":
            variables = service["environment"].keys() - OTHERS
            assert [variable for variable in variables if not is_setting(variable)] == [], name
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert [variable for variable in asked - OTHERS if not is_setting(variable)] == []


def test_every_queue_has_a_worker_and_only_the_web_process_a_port(compose):
    workers = [
        service["command"]
        for service in compose["services"].values()
        if "worker" in service.get("command", [])
    ]
    assert sorted(map(queues_of, workers)) == sorted(QUEUES)
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["api"]
    assert compose["networks"]["inside"] == {"internal": True}
    wanted = re.findall(r"touchstone-worker@(\w+)", (DEPLOY / "systemd" / "touchstone.target").read_text())
    assert sorted(wanted) == sorted(QUEUES)


def test_the_environment_file_names_settings_that_exist_and_holds_no_secret():
    for line in (DEPLOY / "touchstone.env.example").read_text().splitlines():
        if (found := re.fullmatch(r"#?([A-Z][A-Z_]+)=(.*)", line)) is None:
            continue
        variable, value = found.groups()
        assert is_setting(variable) or variable in OTHERS, variable
        if re.search("SECRET|PASSWORD|KEY|@", line):
            assert "CHANGE" in value, variable


def settings_of(part: type[BaseModel], prefix: str = "TOUCHSTONE_") -> Iterator[str]:
    """The variables of all settings."""
    for name, field in part.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"


def test_the_documentation_names_every_setting_and_none_that_there_is_not():
    text = (ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"TOUCHSTONE_[A-Z_]*[A-Z]", text))
    limits = re.search(r"^.*TOUCHSTONE_WORKER__LIMITS__.*$", text, re.MULTILINE)
    assert limits is not None
    named |= {f"TOUCHSTONE_WORKER__LIMITS__{name}" for name in re.findall(r"`…__([A-Z_]+)`", limits[0])}
    assert named == set(settings_of(Settings))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_units_are_well_formed(tmp_path):
    for unit in (DEPLOY / "systemd").iterdir():
        # Their programs are where an installation has them; here, where this one has.
        text = unit.read_text().replace("/opt/touchstone/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def start_line(unit: str) -> list[str]:
    """The command of a unit, its specifiers and variables filled in."""
    text = (DEPLOY / "systemd" / f"{unit.split('@')[0]}{'@' if '@' in unit else ''}.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    instance = unit.partition("@")[2]
    filled = command.replace("%i", instance).replace("%%", "%").replace("${CONCURRENCY}", "1")
    return filled.replace("/opt/touchstone/.venv/bin", str(Path(sys.executable).parent)).split()


class Scaled:
    """A scaled installation on this machine: the units' commands on PostgreSQL and a broker."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, unit: str, **more: str) -> subprocess.Popen[bytes]:
        command = start_line(unit)
        if "--hostname" in command:  # two workers of one queue on one machine want two names
            command[command.index("--hostname") + 1] = f"{len(self.running)}@%h"
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**self.environment, **more},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "log").read_text()[-4000:]

    def end(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(timeout=30)
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture
def scaled(database_url: str, broker_url: str, tmp_path: Path) -> Iterator[Scaled]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    with ExitStack() as stack:
        environment = kept | {
            "TOUCHSTONE_DATABASE_URL": database_url,
            "TOUCHSTONE_BROKER__URL": broker_url,
            "TOUCHSTONE_INDEX__URL": stack.enter_context(chroma_server(tmp_path / "index")),
            "TOUCHSTONE_SECRET": "s" * 48,
            "TOUCHSTONE_DATA_DIR": str(tmp_path / "data"),
            "REMAP_SIGTERM": "SIGQUIT",
            "OMP_NUM_THREADS": "1",
        }
        made = Scaled(environment, tmp_path)
        yield made
        made.end()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_of_each_part_work_together_on_postgresql(
    scaled, database, free_ports, wait_until, run_the_examples, tmp_path
):
    migrated = subprocess.run(start_line("touchstone-migrate"), env=scaled.environment, timeout=60)
    assert migrated.returncode == 0
    first, second = free_ports
    for port in (first, second):
        scaled.start("touchstone-api", TOUCHSTONE_SERVER__PORT=str(port))
    worker = scaled.start("touchstone-worker@keeping")
    queues = ("keeping", "embedding", "discovery", "ingestion", "ranking")
    for unit in (*[f"touchstone-worker@{queue}" for queue in queues], *["touchstone-beat"] * 2):
        scaled.start(unit)
    for port in (first, second):
        wait_until(lambda port=port: ready(port), 60, scaled.log)

    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
        ids = [order_retention(session, workspace_id).id for _ in range(20)]
        ids.append(order_index_check(session, workspace_id).id)

    def done() -> bool:
        with database.read() as session:
            jobs = [Jobs(session).get(job_id) for job_id in ids]
        assert all(job.state != "dead" and job.attempt <= 1 for job in jobs), [job.reason for job in jobs]
        return all(job.state == "done" for job in jobs)

    wait_until(done, 60, scaled.log)
    os.killpg(worker.pid, signal.SIGKILL)
    with database.write() as session:
        ids = [order_retention(session, workspace_id).id for _ in range(3)]
    wait_until(done, 60, scaled.log)

    # Asked at one web process and gone on with at the other, all that the documentation promises holds.
    made = subprocess.run(
        [Path(sys.executable).with_name("touchstone"), "key", "create", "tests", "--scope", "write"],
        env=scaled.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    urls = [f"http://127.0.0.1:{port}" for port in (first, second)]
    run_the_examples(*urls, made.stdout.strip(), tmp_path)

    before = time.monotonic()
    scaled.end()
    assert time.monotonic() - before < 20


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=2).is_success
    except httpx.HTTPError:
        return False
