"""The ``touchstone`` command without the seconds that its libraries take to import.

``python warm.py SOCKET`` imports what the command needs, loads the models, and waits. To each who connects,
hands over two files and says what to run where, it lends a fork of itself in which the command's own ``main``
runs to its end as behind the console script: with its own memory, limits, environment and signals.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass
class Started:
    """A process of the command; like ``subprocess.Popen``, but somebody else is its parent."""

    pid: int
    _line: socket.socket
    _out: IO[str]
    _err: IO[str]
    returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the signal that killed it; TimeoutExpired where it takes longer."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                answer = self._line.recv(64)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired("touchstone", timeout or 0) from error
            self.returncode = os.waitstatus_to_exitcode(int(answer))
            self._line.close()
        return self.returncode

    def poll(self) -> int | None:
        try:
            return self.wait(timeout=1e-6)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def said(self) -> str:
        """What it has said so far on standard error."""
        return _said(self._err)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it said on standard output and standard error, when it has ended."""
        self.wait(timeout)
        return _said(self._out), _said(self._err)


class Warm:
    """The waiting process, seen from the tests."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(
        self,
        arguments: Sequence[object],
        environment: Mapping[str, str],
        folder: Path,
        largest_file: int | None,
    ) -> Started:
        out, err = _scratch(), _scratch()
        request = {
            "arguments": [str(one) for one in arguments],
            "environment": dict(environment),
            "folder": str(folder),
            "largest_file": largest_file,
        }
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.connect(str(self._path))
        socket.send_fds(line, [json.dumps(request).encode()], [out.fileno(), err.fileno()])
        return Started(int(line.recv(64)), line, out, err)


@contextmanager
def warm_command(folder: Path) -> Iterator[Warm]:
    """Start the waiting process, and end it."""
    path = folder / "warm.sock"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    # One thread: a process that has several cannot be forked, and the tests share the cores.
    kept |= {"COLUMNS": "120", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    with subprocess.Popen([sys.executable, __file__, str(path)], env=kept, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield Warm(path)
        finally:
            process.kill()


def _scratch() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _said(file: IO[str]) -> str:
    # The process writes where the file's own position is, so it is read without moving that.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def serve(path: str) -> dict[str, Any]:
    """Answer for ever; it returns in the processes that are lent, with what they are to run."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(path)
    listening.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the watchers below end by themselves
    print("ready", flush=True)
    while True:
        line, _ = listening.accept()
        if os.fork():
            line.close()
            continue
        listening.close()
        return _lend(line)


def _lend(line: socket.socket) -> dict[str, Any]:
    """In a process of its own for each request: fork the one that works, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told, (out, err), _, _ = socket.recv_fds(line, 2**20, 2)
    pid = os.fork()
    if pid:
        line.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        line.send(str(status).encode())
        os._exit(0)
    line.close()
    os.dup2(out, 1)
    os.dup2(err, 2)
    request: dict[str, Any] = json.loads(told)
    return request


def run(request: Mapping[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    if (largest := request["largest_file"]) is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests' own process made of it
    sys.argv = ["touchstone", *request["arguments"]]
    from cli.main import main

    main()


def prepare() -> None:
    """Import and load what nearly every command needs."""
    import chromadb  # noqa: F401
    import langgraph.graph  # noqa: F401
    import sklearn.cluster  # noqa: F401

    import agents.report
    import agents.service  # noqa: F401
    import cli.main  # noqa: F401
    from agents.reasoners.extractive.language import english
    from config import EmbeddingSettings
    from knowledge.embedding import load_embedder

    english()
    load_embedder(EmbeddingSettings()).embed(["a gel"])
    gc.collect()
    gc.freeze()  # so that the forks' collector leaves their parent's memory alone


if __name__ == "__main__":
    prepare()
    run(serve(sys.argv[1]))
