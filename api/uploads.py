"""Files that people hand in: what they may be called and hold, found out before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from fastapi import UploadFile

from api.problems import Refused
from records.names import plain_name

MEDIA_TYPES = {
    ".jsonl": "application/jsonl",
    ".bib": "application/x-bibtex",
    ".ris": "application/x-research-info-systems",
    ".pdf": "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    media_type: str
    content: bytes


def read_upload(file: UploadFile) -> Upload:
    """The file under a safe name.

    Raises Refused 415 ``wrong_type`` unless its name and its first bytes are those of a form that is read,
    422 ``empty_file`` for one without content.
    """
    name = plain_name(file.filename or "")
    kind = PurePosixPath(name).suffix.lower()
    if kind not in MEDIA_TYPES:
        forms = ", ".join(MEDIA_TYPES)
        raise Refused(415, "wrong_type", f"{name or 'the file'} is none of the forms that are read: {forms}")
    content = file.file.read()
    if not content.strip():
        raise Refused(422, "empty_file", f"{name} is empty")
    is_pdf = content[:1024].lstrip().startswith(b"%PDF-")
    if is_pdf != (kind == ".pdf") or (not is_pdf and b"\x00" in content[:8192]):
        raise Refused(415, "wrong_type", f"{name} does not hold what its name says")
    return Upload(name, MEDIA_TYPES[kind], content)
