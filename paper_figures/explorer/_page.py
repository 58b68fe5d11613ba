"""The page: its parts beside this file, with the datasets' numbers, in one self-contained text."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

PARTS = Path(__file__).parent / "page"
SCRIPTS = ("base", "arrows", "phase", "five", "sphere", "sources", "theme")


def page(content: Mapping[str, Any]) -> str:
    """HTML with style, scripts and content inside; nothing else is loaded."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    parts = {
        "style": _part("page.css"),
        "data": text.replace("<", "\\u003c"),  # so that no word in it ends the element
        "script": "\n".join(_part(f"{name}.js") for name in SCRIPTS),
        "rounding": content["rounding"],
    }
    return Template(_part("page.html")).substitute(parts)


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8").strip()
