"""The datasets of the page, from the manifest, and what made each of them."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from .. import _manifest
from .._manifest import ManifestError

_PHASE, _SPHERE = "metastable", "thomson"
_FIVE = "nonuniform"  # the simulation; the page takes every density that it was run at


@dataclass(frozen=True)
class Named:
    """A dataset and its entry in the manifest."""

    source: _manifest.Source
    dataset: xr.Dataset

    @property
    def provenance(self) -> dict[str, str]:
        """File, command, version and fingerprint of the code, hash of the file."""
        version = self.source.versions.get("tms-physics", "")
        named = f"version {version}, " if version[:1].isdecimal() else ""  # a run from a checkout
        return {
            "file": self.source.file,
            "command": f"{self.source.command} (seed {self.source.seed})",
            "version": f"{named}code fingerprint {self.source.source}",
            "sha256": self.source.sha256,
        }


@dataclass(frozen=True)
class Sources:
    """The datasets of the three views; `five` by rising density."""

    phase: Named
    five: tuple[Named, ...]
    sphere: Named

    @property
    def every(self) -> tuple[Named, ...]:
        return (self.phase, *self.five, self.sphere)


def read(folder: Path) -> Sources:
    """Reads the datasets; raises ManifestError, one sentence, where one is missing or broken."""
    try:
        manifest = _manifest.load(folder)
    except OSError as error:
        raise ManifestError(f"Cannot read {error.filename}: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ManifestError(f"File {folder / 'manifest.json'} is not a manifest.") from None
    five = [_read(manifest, name) for name in _every_density(manifest)]
    five = [each for each in five if each.dataset.attrs["vary"] == "density"]
    if not five:
        raise ManifestError(f"Folder {folder} must hold a dataset by {_FIVE}, but has none.")
    order = sorted(five, key=lambda each: each.dataset.attrs["density"])
    return Sources(_read(manifest, _PHASE), tuple(order), _read(manifest, _SPHERE))


def _every_density(manifest: _manifest.Manifest) -> list[str]:
    return [name for name, source in manifest.datasets.items() if source.simulation == _FIVE]


def _read(manifest: _manifest.Manifest, name: str) -> Named:
    return Named(manifest.source(name), manifest.read(name))
