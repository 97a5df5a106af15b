"""A file of campaigns, one JSON object a line, plain or gzip; it is never unpacked further than allowed."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from api.problems import Refused

GZIP = b"\x1f\x8b"
CHUNK = 2**20
LONGEST_LINE = 16 * 2**20
"""Bytes of one campaign."""


def campaigns_of(file: BinaryIO, most_bytes: int, most_campaigns: int) -> Iterator[object]:
    """The lines of a file, decoded; a line that is no JSON is given as its text, which fails as a campaign.

    Raises Refused 413 ``too_large`` beyond either limit (unpacked bytes count), 422 for what is no such file.
    """
    count = 0
    for line in _lines(_unpacked(file), most_bytes):
        if not line.strip():
            continue
        count += 1
        if count > most_campaigns:
            raise Refused(413, "too_large", f"a batch has {most_campaigns:,} campaigns at most; send several")
        yield _decoded(line)
    if not count:
        raise Refused(422, "empty_file", "the file holds no campaign; it has one JSON object a line")


def _decoded(line: bytes) -> object:
    try:
        return json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        return f"no JSON ({error})"[:200]


def _lines(blocks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    rest, total = b"", 0
    for block in blocks:
        total += len(block)
        if total > most_bytes:
            raise Refused(
                413, "too_large", f"a batch's file may have {most_bytes:,} bytes, unpacked, at most"
            )
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Refused(413, "too_large", f"a line may have {LONGEST_LINE:,} bytes at most")
        yield from whole
    yield rest


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """The file's content in pieces of a bounded size, whatever it was packed to."""
    packed = file.read(len(GZIP)) == GZIP
    file.seek(0)
    source = gzip.GzipFile(fileobj=file, mode="rb") if packed else file
    try:
        while block := source.read(CHUNK):
            yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refused(422, "bad_gzip", "the file cannot be unpacked; pack it again with gzip") from error
