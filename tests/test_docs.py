"""The commands in the documentation print what stands there."""

import doctest
from pathlib import Path

import pytest

PAGES = [Path(__file__).parent.parent / "docs" / f"{n}_features.md" for n in ("two", "three")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_stands_there(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0
