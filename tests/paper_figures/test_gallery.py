"""The gallery shows every figure, with the captions and commands of today."""

from pathlib import Path

import pytest

from paper_figures import _manifest, gallery

DOCS = Path(__file__).resolve().parents[2] / "docs"
MANIFEST = _manifest.load()
PAGE = (DOCS / "figures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MANIFEST.figures)
def test_a_section_is_what_the_data_say(name: str) -> None:
    """Else: `python3 run.py -m paper_figures.gallery`."""
    assert gallery.section(MANIFEST, name) in PAGE


def test_there_is_nothing_else_on_the_page_and_every_picture_exists() -> None:
    assert gallery.page(MANIFEST) == PAGE
    pictures = [line for line in PAGE.splitlines() if line.startswith("![")]
    assert len(pictures) == len(MANIFEST.figures)
    for line in pictures:
        assert (DOCS / line.rpartition("(")[2].rstrip(")")).exists()
