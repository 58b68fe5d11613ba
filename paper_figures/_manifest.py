"""What is drawn from what, and where the data come from: `data/manifest.json`.

    "datasets": {NAME: {
        "file":        in `data`, netCDF; read without executing anything,
        "simulation":  the module of `simulations` that computed it,
        "options":     its command line, in words, without --out,
        "keep":        the variables kept of its dataset; null keeps all,
        "measured_by": the module that measured what this run only copies; absent elsewhere,
        "seed", "versions", "source" (a fingerprint of the code), "device", "seconds": of that run
                        (seconds of its last process, where it was resumed),
        "sha256":      of the file,
    }}
    "figures": {NAME: {
        "module":      in this package, with `draw(*datasets) -> Figure` and
                       `caption(*datasets) -> str`; and `animate(*datasets)`, which gives
                       one Figure a frame, where there is an animation,
        "datasets":    names of the datasets, in the order of these arguments,
    }}

A new dataset needs `file`, `simulation`, `options` and `keep`; `python -m paper_figures --rebuild
NAME` adds the rest.
"""

import hashlib
import importlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

DATA = Path(__file__).parent / "data"


class ManifestError(ValueError):
    """The manifest has no such name, or a file is not what it says; the text is one sentence."""


@dataclass(frozen=True)
class Source:
    """A committed dataset and the run that it was taken from."""

    file: str
    simulation: str
    options: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None
    measured_by: str | None = None
    seed: int = 0
    device: str = ""
    seconds: float = 0.0
    source: str = ""
    sha256: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """What a reader types to compute it."""
        return " ".join(["python -m", f"simulations.{self.simulation}", *self.options])

    @property
    def measurement(self) -> str:
        """What a reader types to measure anew what `command` copies; empty for all others."""
        return f"python -m {self.measured_by}" if self.measured_by else ""


@dataclass(frozen=True)
class Picture:
    """A figure: the module that draws it, and the names of its datasets."""

    module: str
    datasets: tuple[str, ...]

    def load(self) -> ModuleType:
        """The module; only modules of this package are ever imported."""
        if not self.module.isidentifier():
            raise ManifestError(f"A figure's module must be a name, but is {self.module!r}.")
        return importlib.import_module(f"{__package__}.{self.module}")


@dataclass(frozen=True)
class Manifest:
    """All datasets and figures by name, in the order of the file; `folder` is where it lies."""

    folder: Path
    datasets: Mapping[str, Source]
    figures: Mapping[str, Picture]

    def source(self, name: str) -> Source:
        return _named(self.datasets, name, "dataset")

    def figure(self, name: str) -> Picture:
        return _named(self.figures, name, "figure")

    def read(self, name: str) -> "xr.Dataset":
        """The dataset of that name, if its file is the one that the manifest describes."""
        import xarray as xr

        source = self.source(name)
        path = self.folder / source.file
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ManifestError(f"Cannot read {path}: {error.strerror}.") from None
        if checksum(data) != source.sha256:
            remedy = f"restore it, or compute it again with --rebuild {name}"
            raise ManifestError(f"File {path} is not the one of the manifest: {remedy}.")
        return xr.load_dataset(io.BytesIO(data), engine="h5netcdf")

    def drawn_from(self, name: str) -> list[str]:
        """Names of the figures that use a dataset."""
        return [figure for figure, at in self.figures.items() if name in at.datasets]


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def load(folder: Path = DATA) -> Manifest:
    """The manifest of a folder of datasets."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return Manifest(
        folder,
        {name: Source(**_tuples(entry)) for name, entry in content["datasets"].items()},
        {name: Picture(**_tuples(entry)) for name, entry in content["figures"].items()},
    )


def text(manifest: Manifest) -> str:
    """The manifest as its file holds it."""
    content = {
        kind: {name: _present(entry) for name, entry in entries.items()}
        for kind, entries in (("datasets", manifest.datasets), ("figures", manifest.figures))
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _present(entry: Source | Picture) -> dict[str, Any]:
    """Its fields, without `measured_by` where nothing was measured elsewhere."""
    return {k: v for k, v in vars(entry).items() if (k, v) != ("measured_by", None)}


def _named(entries: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in entries:
        known = ", ".join(entries)
        raise ManifestError(f"There is no {kind} named {name!r}; there are {known}.")
    return entries[name]


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where an entry has tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
