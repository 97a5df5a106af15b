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
from pypdf.generic import DecodedStreamObject, NameObject
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from config import PdfSettings
from knowledge.parsing import ParsedPaper, parse
from knowledge.parsing.paper import LONGEST_TEXT
from knowledge.parsing.pdf import paper_of
from knowledge.parsing.pdf_child import extract
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
def refused(tmp_path: Path, refusal: Refusal) -> Callable[..., str]:
    def refusing(content: bytes, **limits: int) -> str:
        path = tmp_path / "paper.pdf"
        path.write_bytes(content)
        return refusal(path, PdfSettings(**limits)).code

    return refusing


def test_the_text_of_all_pages_is_read(read) -> None:
    paper = read(pdf(LINES, ["The second page."], title="Thermocells with gelatin"))
    assert paper.title == "Thermocells with gelatin"
    assert paper.abstract == (
        "Gelatin slows convection in thermocells A gelatin network slows convection by half. The second page."
    )


@pytest.mark.parametrize("title", [None, "Microsoft Word - thesis_final"])
def test_without_a_title_of_its_own_it_is_called_after_its_first_line(read, title: str | None) -> None:
    paper = read(pdf(["17", "---------------", *LINES], title=title))
    assert (paper.title, paper.title_is_sure) == (LINES[0], False)


def test_the_first_line_is_no_title_where_it_runs_along_every_page(read) -> None:
    header = "Journal of Gels and Networks 12 (2025)"
    paper = read(pdf([header, *LINES, "1"], [header, "Guanidinium was added to it.", "2"]))
    assert paper.title == LINES[0]
    assert "Journal" not in paper.abstract
    assert paper.abstract.endswith("by half. Guanidinium was added to it.")


def test_what_is_printed_largest_is_the_title(read) -> None:
    file = io.BytesIO()
    canvas = Canvas(file)
    for size, place, line in (
        (12, 780, "Journal of Gels and Networks"),
        (20, 750, "Gelatin slows convection"),
        (20, 730, "in thermocells"),
        (10, 700, "Ada Doe, Ben Roe"),
        (10, 680, "A gelatin network slows convection by half."),
    ):
        canvas.setFont("Helvetica", size)
        canvas.drawString(50, place, line)
    canvas.save()
    assert read(file.getvalue()).title == "Gelatin slows convection in thermocells"


def test_without_any_title_it_is_called_after_its_file(read) -> None:
    assert read(pdf([f"{word} gel" for word in "abcdefghijkl"])).title == "paper"


def test_its_sections_are_read_under_their_headings_and_its_references_not(read) -> None:
    paper = read(
        pdf(
            [
                "Gelatin slows convection in thermocells",
                "Ada Doe",
                "Abstract: A gelatin network slows convec-",
                "tion between the electrodes.",
            ],
            [
                "1. Introduction",
                "Cells lose heat.",
                "2 Gelatin networks",
                "They hold water.",
                "3. RESULTS",
                "Half.",
            ],
            [
                "Acknowledgements",
                "We thank Roe.",
                "References",
                "[1] Roe, J. Gels 2019.",
                "Methods",
                "Stirring.",
            ],
        )
    )
    assert paper.abstract == "A gelatin network slows convection between the electrodes."
    assert paper.sections == (
        ("Introduction", "Cells lose heat."),
        ("Gelatin networks", "They hold water."),
        ("Results", "Half."),
        ("Methods", "Stirring."),
    )


def test_without_an_abstract_what_stands_before_the_first_section_is_one(read) -> None:
    paper = read(pdf([*LINES, "■ INTRODUCTION", "Cells lose heat.", "■ RESULTS AND DISCUSSION", "By half."]))
    assert paper.abstract.endswith("A gelatin network slows convection by half.")
    assert [name for name, _ in paper.sections] == ["Introduction", "Results and discussion"]


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
    assert refused(pdf(*[["page"]] * 4), pages=3) == "long_pdf"


def test_a_file_that_is_too_large_is_not_opened(refused) -> None:
    assert refused(pdf(LINES) + b"%" * 2**20, size_mb=1) == "large_pdf"


def test_a_file_that_keeps_its_reader_busy_is_given_up(refused) -> None:
    """Twenty kilobytes that hold sixteen megabytes of text."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf(LINES)))
    page = writer.pages[0]
    line = b"BT /F1 1 Tf 1 0 0 1 0 0 Tm (gel) Tj ET\n"
    content = DecodedStreamObject()
    content.set_data(line * 400_000)
    page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    file = io.BytesIO()
    writer.write(file)
    assert len(file.getvalue()) < 200_000
    assert refused(file.getvalue(), seconds=1) == "slow_pdf"


def test_a_file_that_asks_for_too_much_memory_is_given_up(refused) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(pdf(LINES)))
    content = DecodedStreamObject()
    content.set_data(b" " * 70_000_000)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content.flate_encode())
    file = io.BytesIO()
    writer.write(file)
    assert refused(file.getvalue(), memory_mb=150) in {"heavy_pdf", "bad_pdf"}


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
        paper = paper_of(scratch, extract(scratch, 500, LONGEST_TEXT))  # as the child does
        assert len(paper.abstract) >= 40
