"""The gallery shows every figure, with the captions and commands of today."""

from pathlib import Path

from paper_figures import _manifest, gallery

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "figures.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_manifest_and_the_data_say() -> None:
    """Else: `python3 run.py -m paper_figures.gallery`."""
    expected = gallery.page(_manifest.load())
    for section in expected.split("\n## ")[1:]:
        assert section in PAGE
    assert expected == PAGE


def test_every_picture_exists() -> None:
    pictures = [line for line in PAGE.splitlines() if line.startswith("![")]
    assert pictures
    for line in pictures:
        assert (DOCS / line.rpartition("(")[2].rstrip(")")).exists()
