"""The commands in the documentation print what stands there."""

import doctest
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parent.parent / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_stands_there(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False).failed == 0


def test_the_two_feature_page_has_commands() -> None:
    page = next(page for page in PAGES if page.stem == "two_features")
    assert len(doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))) > 20
