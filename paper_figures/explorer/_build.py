"""From a folder of datasets with their manifest to the page."""

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
        "sources": [each.provenance for each in sources.every],
        "phase": _content.phase(sources.phase.dataset),
        "five": [_content.five(each.dataset) for each in sources.five],
        "sphere": _content.sphere(sources.sphere.dataset),
    }
