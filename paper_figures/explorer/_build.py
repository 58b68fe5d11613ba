"""From a folder of datasets to the page."""

from pathlib import Path
from typing import Any

from . import _content, _page, _sources


def build(folder: Path) -> str:
    """The whole page as text."""
    return _page.page(content(folder))


def content(folder: Path) -> dict[str, Any]:
    """What the page holds as JSON: the three views, and the datasets they are from."""
    sources = _sources.read(folder)
    return {
        "digits": _content.DIGITS,
        "few": _content.FEW,
        "rounding": _content.ROUNDING,
        "sources": [source.provenance for each in sources.values() for source in each],
        "phase": _content.phase(sources["metastable"][0].dataset),
        "five": [_content.five(source.dataset) for source in sources["nonuniform"]],
        "sphere": _content.sphere(sources["thomson"][0].dataset),
    }
