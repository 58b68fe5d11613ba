"""The datasets of the page: read, and named with what made them."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

DATA = Path(__file__).resolve().parents[1] / "data"

# what a dataset must have for its view, by the simulation that makes it
_NEEDS = {
    "metastable": (
        "loss",
        "excess",
        "weights",
        "bias",
        "phase",
        "stable",
        "ground",
        "line_density",
    ),
    "nonuniform": ("loss", "exists", "weights", "bias", "crossing", "limit", "ratio"),
    "thomson": ("energy", "reference", "symmetry", "symmetry_order", "position", "hit_rate"),
}


class SourceError(Exception):
    """A dataset is not there or not what it should be; the text is one sentence."""


@dataclass(frozen=True)
class Source:
    """A dataset and its file."""

    file: str
    dataset: xr.Dataset
    sha256: str

    @property
    def provenance(self) -> dict[str, str]:
        """File, simulation with its options, version of the package, hash; all as text."""
        attrs = self.dataset.attrs
        return {
            "file": self.file,
            "made": f"simulations.{attrs['simulation']}",
            "config": attrs["config"],
            "version": json.loads(attrs["versions"])["tms-physics"],
            "sha256": self.sha256,
        }


def read(folder: Path) -> dict[str, list[Source]]:
    """The datasets of each view: metastable.nc, each nonuniform*.nc of densities, thomson.nc.

    Raises SourceError where one is missing, is no dataset or is of another kind.
    """
    many = [_read(path, "nonuniform") for path in sorted(folder.glob("nonuniform*.nc"))]
    five = [source for source in many if source.dataset.attrs["vary"] == "density"]
    if not five:
        raise SourceError(f"Folder {folder} must hold nonuniform.nc, but does not.")
    return {
        "metastable": [_read(folder / "metastable.nc", "metastable")],
        "nonuniform": sorted(five, key=lambda source: source.dataset.attrs["density"]),
        "thomson": [_read(folder / "thomson.nc", "thomson")],
    }


def _read(path: Path, simulation: str) -> Source:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise SourceError(f"File {path} must be readable, but is not: {reason}.") from None
    try:
        dataset: Any = xr.load_dataset(io.BytesIO(content), engine="h5netcdf")
    except (OSError, ValueError, KeyError):
        raise SourceError(f"File {path} must be a dataset, but cannot be read as one.") from None
    found = dataset.attrs.get("simulation", "nothing known")
    if found != simulation:
        raise SourceError(f"File {path} must be made by {simulation}, but is by {found}.")
    lacking = [name for name in _NEEDS[simulation] if name not in dataset]
    if lacking:
        raise SourceError(f"File {path} must hold {lacking[0]}, but does not.")
    return Source(path.name, dataset, hashlib.sha256(content).hexdigest())
