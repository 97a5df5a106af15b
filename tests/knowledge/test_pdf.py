from __future__ import annotations

import io
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from knowledge.parsing import ParsedPaper, parse
from knowledge.parsing.pdf import MOST_PAGES
from records.errors import BadInput

Allowed = Callable[..., AbstractContextManager[None]]
Refusal = Callable[[Path], BadInput]
LINES = ("Gelatin slows convection in thermocells", "A gelatin network slows convec-", "tion by half.")


def pdf(*pages: Sequence[str], title: str | None = None, **options: Any) -> bytes:
    """A PDF of these lines."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True, **options)
    if title is not None:
        canvas.setTitle(title)
    for lines in pages:
        for place, line in enumerate(lines):
            canvas.drawString(50, 780 - 20 * place, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], ParsedPaper]:
    def reading(content: bytes) -> ParsedPaper:
        path = tmp_path / "paper.pdf"
        path.write_bytes(content)
        (paper,) = parse(path).papers
        return paper

    return reading


@pytest.fixture
def refused(tmp_path: Path, refusal: Refusal) -> Callable[[bytes], str]:
    def refusing(content: bytes) -> str:
        path = tmp_path / "paper.pdf"
        path.write_bytes(content)
        return refusal(path).code

    return refusing


def test_the_text_of_all_pages_is_read(read) -> None:
    paper = read(pdf(LINES, ["The second page."], title="Thermocells with gelatin"))
    assert paper.title == "Thermocells with gelatin"
    assert paper.abstract == (
        "Gelatin slows convection in thermocells A gelatin network slows convection by half. The second page."
    )


@pytest.mark.parametrize("title", [None, "p. 3-9", "Microsoft Word - thesis_final", "manuscript_v3.docx"])
def test_without_a_title_of_its_own_it_is_called_after_its_first_line(read, title: str | None) -> None:
    assert read(pdf(["17", "---------------", *LINES], title=title)).title == LINES[0]


def test_without_any_title_it_is_called_after_its_file(read) -> None:
    assert read(pdf([f"{word} gel" for word in "abcdefghijkl"])).title == "paper"


def test_the_doi_on_the_first_page_is_its_own_and_no_other(read) -> None:
    cited = ["References", "1. Doe, J. Gels 2019, doi:10.1000/cited"]
    assert read(pdf([*LINES, "(https://doi.org/10.1000/OWN(20)1)."], cited)).doi == "10.1000/own(20)1"
    assert read(pdf(LINES, cited)).doi is None


def test_it_is_read_where_no_password_is_needed(read) -> None:
    encryption = StandardEncryption("", ownerPassword="owner", strength=128)
    assert read(pdf(LINES, encrypt=encryption)).title == LINES[0]


def test_a_password_is_not_guessed(refused) -> None:
    assert refused(pdf(LINES, encrypt=StandardEncryption("secret", strength=128))) == "encrypted_pdf"


def test_aes_is_read_like_any_other_cipher(read) -> None:
    file = io.BytesIO()
    writer = PdfWriter(clone_from=io.BytesIO(pdf(LINES)))
    writer.encrypt("", "owner", algorithm="AES-256")
    writer.write(file)
    assert read(file.getvalue()).title == LINES[0]


def test_a_scan_has_no_text(refused) -> None:
    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.drawImage(ImageReader(Image.new("L", (40, 40), 200)), 0, 0, 500, 700)
    canvas.save()
    assert refused(file.getvalue()) == "no_text"


def test_a_text_under_a_pdfs_name_is_no_pdf(refused) -> None:
    assert refused(b"Gelatin slows convection in thermocells.") == "not_a_pdf"


def test_a_book_is_too_long(refused) -> None:
    assert refused(pdf(*[["page"]] * (MOST_PAGES + 1))) == "long_pdf"


def test_a_file_that_was_cut_off_is_damaged(refused) -> None:
    whole = pdf(LINES, pageCompression=1)
    assert refused(whole[: len(whole) // 4]) == "bad_pdf"


def test_a_filter_that_nobody_knows_is_damage(refused) -> None:
    content = pdf(LINES, pageCompression=1)
    assert b"/FlateDecode" in content
    assert refused(content.replace(b"/FlateDecode", b"/FlateNoCode")) == "bad_pdf"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory):
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    yield tmp_path_factory.mktemp("damaged") / "paper.pdf"
    logging.getLogger("pypdf").setLevel(logging.NOTSET)


@settings(deadline=None)
@given(st.booleans(), st.integers(1, 40), st.floats(0.1, 1), st.randoms(use_true_random=False))
def test_however_damaged_it_is_read_or_refused(
    scratch: Path, allowed: Allowed, compressed: bool, bytes_changed: int, kept: float, chance: random.Random
) -> None:
    content = bytearray(pdf(LINES, LINES, title="Gelatin", pageCompression=int(compressed)))
    for _ in range(bytes_changed):
        content[chance.randrange(10, len(content))] = chance.randrange(256)
    scratch.write_bytes(content[: int(len(content) * kept)])
    with allowed("bad_pdf", "no_text", "encrypted_pdf", "long_pdf"):
        (paper,) = parse(scratch).papers
        assert len(paper.abstract) >= 40
