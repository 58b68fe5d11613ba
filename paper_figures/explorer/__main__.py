"""Writes the page: `python -m paper_figures.explorer --out DIR`, then open DIR/explorer.html."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

NAME = "explorer.html"


class UsageError(Exception):
    """The command line is wrong; the text is one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.")


def main(argv: list[str] | None = None) -> int:
    """Builds and writes the page; 2 with one sentence for bad input."""
    parser = _Parser(prog="python -m paper_figures.explorer", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/explorer"), help="folder")
    parser.add_argument("--data", type=Path, default=None, help="folder of other datasets")
    try:
        options = parser.parse_args(argv)
        path = _write(options.out, options.data)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Wrote {path} ({path.stat().st_size / 1e6:.2f} MB).")
    return 0


def _write(out: Path, data: Path | None) -> Path:
    from ._build import build
    from ._sources import DATA, SourceError

    try:
        text = build(DATA if data is None else data)
    except SourceError as error:
        raise UsageError(str(error)) from None
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / NAME).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"Argument `out` must be writable, but {out} is not: {reason}.") from None
    return out / NAME


if __name__ == "__main__":
    sys.exit(main())
