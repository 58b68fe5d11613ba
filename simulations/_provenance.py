"""What a dataset was computed from and with, and whether a folder's chunks belong to it."""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ._store import REMEDY, StoreError, write_first

PACKAGES = (
    *("tms-physics", "jax", "jaxlib", "equinox", "diffrax", "optimistix", "lineax", "optax"),
    *("numpy", "scipy", "sympy"),
)


def versions() -> dict[str, str]:
    """Of Python and of every package that the numbers come from."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def source() -> str:
    """A fingerprint of the code behind the numbers: figures are left out."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for package in ("tms_physics", "theory", "simulations"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Record:
    """What decides a run's numbers; kept beside the chunks as `config.json`."""

    simulation: str
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    device: str
    source: str

    @property
    def fingerprint(self) -> str:
        """Equal for two runs whose chunks may be mixed. Code that changed within a version is
        only remarked on, so that a long run survives the mending of, say, its table."""
        text = json.dumps(self.decisive, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def decisive(self) -> dict[str, Any]:
        """All that must agree, flat, by the name that a sentence would use."""
        return {
            "simulation": self.simulation,
            **{f"option {name}": value for name, value in self.config.items()},
            **{f"version of {name}": value for name, value in self.versions.items()},
            "device": self.device,
        }

    @staticmethod
    def path(folder: Path) -> Path:
        return folder / "config.json"

    def save(self, folder: Path) -> bool:
        """False, and nothing is written, where there is a record already, even since just now."""
        text = json.dumps(vars(self), indent=2) + "\n"
        return write_first(self.path(folder), text.encode())

    @classmethod
    def load(cls, folder: Path) -> "Record | None":
        path = cls.path(folder)
        try:
            record = cls(**json.loads(path.read_text()))
            record._check_parts()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError, RecursionError):
            raise spoilt(folder) from None
        return record

    def _check_parts(self) -> None:
        texts, parts = [self.simulation, self.device, self.source], [self.config, self.versions]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("not a text")
        if not all(isinstance(part, dict) for part in parts):
            raise TypeError("not names with values")


def spoilt(folder: Path) -> StoreError:
    """For a record that cannot be read."""
    return StoreError(f"File {Record.path(folder)} is not a run's record: {REMEDY}.")


def refuse_other(found: Record, wanted: Record, folder: Path) -> None:
    """Raises a sentence with the first difference that matters between two runs."""
    theirs, ours = json.loads(json.dumps([found.decisive, wanted.decisive]))
    for name in theirs | ours:
        if theirs.get(name) != ours.get(name):
            raise StoreError(
                f"Folder {folder} holds chunks of another run ({name} was {theirs.get(name)}, "
                f"is now {ours.get(name)}): {REMEDY}."
            )


def remark_on_code(found: Record, now: str, folder: Path) -> None:
    """Says on stderr if the code is no longer the one that the folder's chunks began with."""
    if found.source != now:
        print(
            f"Note: the code has changed since the chunks in {folder} were computed; a run with "
            "--fresh computes them again.",
            file=sys.stderr,
        )
