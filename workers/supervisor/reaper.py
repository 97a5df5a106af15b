"""Kills the process groups it was told of once the supervisor that told it is gone.

A program of its own (``python -I -S reaper.py``), because whoever is killed outright can clean up nothing.
It reads lines ``+GROUP`` and ``-GROUP`` from its standard input; the kernel closes that when the supervisor
ends, however it ends. It imports next to nothing and idles in a few megabytes.
"""

import os
import signal
import sys


def main() -> None:
    for wanted in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wanted, signal.SIG_IGN)  # it ends when its input does, and not before
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
