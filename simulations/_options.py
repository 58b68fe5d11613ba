"""The options every simulation has, and the way from a command line to a config."""

import contextlib
import dataclasses
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import tyro

from paper_figures._cli import try_writing
from theory._memory import check_memory

from ._sweep import Shard

C = TypeVar("C")

# These say where and how to compute, not what: they do not change a single number of the dataset.
HOW = frozenset({"out", "fresh", "shard", "device", "max_failed_share"})


@dataclass(frozen=True)
class Options:
    """Base of every simulation's `Config`, whose own fields must be numbers, strings or tuples."""

    out: Path
    """Folder for the results; a run that was cut short goes on from what it finds there."""

    fresh: bool = False
    """Discard the chunks in the folder first."""

    seed: int = 0
    """Of all random numbers."""

    shard: str = "0/1"
    """i/k computes every k-th chunk from the i-th on; `python -m simulations.combine` does the
    rest."""

    device: Literal["auto", "cpu", "gpu"] = "auto"
    """Where to compute."""

    max_failed_share: float = 0.01
    """Exit with code 1 if more than this share of any stage's cells failed."""

    def __post_init__(self) -> None:
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")
        share = self.max_failed_share
        check("max_failed_share", share, 0 <= share <= 1, "in [0, 1]")
        alone = Shard.parse(self.shard).of == 1
        check("fresh", self.fresh, alone or not self.fresh, "left out when `shard` is given")


def check(name: str, value: object, valid: bool, rule: str) -> None:
    """Raises the one-sentence ValueError of a bad option: `check("grid", grid, grid > 0, ...)`."""
    if not valid:
        raise ValueError(f"Argument `{name}` must be {rule}, but is {value}.")


def check_batch(batch: int, numbers: int) -> None:
    """Raises ValueError where a training step, `numbers` entries an example, does not fit memory.

    Single precision, and six arrays at a time: inputs, outputs, errors and what is derived.
    """
    check_memory("batch", batch, lambda size: 24 * numbers * size)


def question(config: Options) -> dict[str, Any]:
    """The part of a config that decides the numbers, ready for JSON."""
    return {k: v for k, v in dataclasses.asdict(config).items() if k not in HOW}


class UsageError(Exception):
    """The command line is wrong; the text is one sentence."""


def parse(kind: type[C], prog: str, argv: Sequence[str] | None) -> C:
    """The config that a command line asks for; `--help` prints and exits."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(
                kind,
                prog=prog,
                args=sys.argv[1:] if argv is None else argv,
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise UsageError(_first_sentence(complaint.getvalue(), kind.__name__)) from None


def _first_sentence(box: str, kind: str) -> str:
    """tyro frames its complaint, rules it off and adds help: this keeps the complaint."""
    lines = [line.strip("│| ") for line in box.splitlines()]
    body = lines[1:]
    end = next((i for i, line in enumerate(body) if set(line) <= set("─-╰╯+")), len(body))
    sentence = " ".join(body[:end]).removeprefix(f"Error parsing {kind}: ")
    return sentence[:1].upper() + sentence[1:].removesuffix(".") + "."


def writable(folder: Path) -> None:
    """Makes the folder and writes in it, so that a bad one is named before anything is computed."""
    try:
        try_writing(folder)
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Argument `out` must be writable, but {folder} is not: {reason}."
        ) from None
