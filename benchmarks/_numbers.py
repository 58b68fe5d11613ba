"""Where a benchmark writes its numbers, tried before anything is measured."""

import json
import os
from pathlib import Path
from typing import Any

from simulations._options import UsageError, writable


def can_write(out: Path) -> None:
    """Raises `UsageError` unless the file can be written; makes its folder."""
    if out.is_dir():
        raise UsageError(f"Argument `out` must be a file, but {out} is a folder.")
    writable(out.parent)
    if out.exists() and not os.access(out, os.W_OK):
        raise UsageError(f"Argument `out` must be writable, but {out} is not.")


def write(numbers: dict[str, Any], out: Path) -> None:
    """As JSON."""
    out.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
