"""What an idle ``touchstone serve`` takes of memory and of the processor: ``python -m bench.idle``.

Memory is the proportional set size (PSS): a page that several processes share counts for each in part, so
the sum over all processes is what would be free without them. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

PARTS = (
    ("supervisor", " serve "),
    ("reaper", "reaper.py"),
    ("broker", "broker.conf"),
    ("index's keeper", "chroma_keeper.py"),
    ("index", "chroma run"),
    ("web process", "-m api"),
    ("schedule", " beat "),
    ("worker and its children", " worker "),
)
"""By a sign in the command line."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    processes: int
    pss_mb: float
    seconds: float
    """Of processor time since it was started."""


def processes(data_dir: Path) -> dict[int, str]:
    """All that work in the data directory, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode() + " "
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if str(data_dir) in command + environment:
                found[int(entry.name)] = command
    return found


def measure(data_dir: Path) -> dict[str, Use]:
    """By part, what its processes use now."""
    found = processes(data_dir)
    uses = {}
    for name, sign in PARTS:
        mine = [pid for pid, command in found.items() if sign in command]
        uses[name] = Use(len(mine), sum(map(_pss_mb, mine)), sum(map(_seconds, mine)))
    return uses


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def show(before: dict[str, Use], after: dict[str, Use], seconds: float) -> None:
    table = Table("part", "processes", "PSS, MB", "processor, %", title=f"idle for {seconds:.0f} s")
    total = Use(0, 0.0, 0.0)
    for name, use in after.items():
        busy = use.seconds - before[name].seconds
        table.add_row(name, str(use.processes), f"{use.pss_mb:.0f}", f"{100 * busy / seconds:.1f}")
        total = Use(total.processes + use.processes, total.pss_mb + use.pss_mb, total.seconds + busy)
    table.add_section()
    table.add_row("all", str(total.processes), f"{total.pss_mb:.0f}", f"{100 * total.seconds / seconds:.1f}")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it idles")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = Path(scratch) / "data"
        command = [str(Path(sys.executable).with_name("touchstone")), "serve", "--port", "0"]
        service = subprocess.Popen(
            [*command, "--data-dir", str(data_dir)], stdout=subprocess.PIPE, text=True, cwd=scratch
        )
        try:
            assert service.stdout is not None
            print(service.stdout.readline().strip())
            time.sleep(10)  # until what a start leaves to be done is done
            before, began = measure(data_dir), time.monotonic()
            time.sleep(given.seconds)
            show(before, measure(data_dir), time.monotonic() - began)
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
