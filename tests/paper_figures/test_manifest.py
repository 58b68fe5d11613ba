"""The manifest: every data file is a named run's, and every figure is declared."""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import paper_figures
from paper_figures import _manifest
from paper_figures._manifest import DATA, Manifest, ManifestError, Source
from simulations._options import parse, question
from simulations._provenance import PACKAGES

MANIFEST = _manifest.load()
MEGABYTE = 10**6


def test_files_and_entries_are_the_same_names() -> None:
    files = {path.name for path in DATA.iterdir()} - {"manifest.json"}
    assert files == {source.file for source in MANIFEST.datasets.values()}
    assert len(files) == len(MANIFEST.datasets)


def test_all_data_are_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 20 * MEGABYTE


@pytest.mark.parametrize("name", MANIFEST.datasets)
def test_provenance_is_complete_and_the_command_gives_the_config(name: str) -> None:
    """`read` holds the checksum against the file; the options are parsed as the run would."""
    source, dataset = MANIFEST.source(name), MANIFEST.read(name)
    assert source.seconds > 0
    assert source.source
    assert source.device == dataset.attrs["device"]
    assert json.loads(dataset.attrs["versions"]) == source.versions
    assert source.versions.keys() == {"python", *PACKAGES}
    assert dataset.attrs["simulation"] == source.simulation
    module = importlib.import_module(f"simulations.{source.simulation}")
    config = parse(module.SIMULATION.config, "", list(source.options))
    assert json.loads(dataset.attrs["config"]) == json.loads(json.dumps(question(config)))
    assert source.seed == config.seed
    if source.keep is not None:
        assert set(dataset.data_vars) == set(source.keep)


def test_every_figure_module_is_declared() -> None:
    found = {
        info.name
        for info in pkgutil.iter_modules(paper_figures.__path__)
        if not (info.name.startswith("_") or info.ispkg)
        and hasattr(importlib.import_module(f"paper_figures.{info.name}"), "caption")
    }
    assert found == {figure.module for figure in MANIFEST.figures.values()}


def test_the_file_is_as_the_program_writes_it() -> None:
    written = (DATA / "manifest.json").read_text(encoding="utf-8")
    assert _manifest.text(MANIFEST) == written


def test_names_that_are_not_there_get_one_sentence() -> None:
    with pytest.raises(ManifestError, match=r"^There is no dataset named 'x'; there are "):
        MANIFEST.read("x")
    with pytest.raises(ManifestError, match=r"^There is no figure named 'x'; there are "):
        MANIFEST.figure("x")


def test_a_file_that_is_not_the_one_described_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(b"something else")
    other = Manifest(tmp_path, {"a": Source("a.nc", "toy", sha256="0"), "b": Source("b", "")}, {})
    with pytest.raises(ManifestError, match="is not the one of the manifest: restore it, or"):
        other.read("a")
    with pytest.raises(ManifestError, match=r"^Cannot read .*b: No such file or directory\.$"):
        other.read("b")


def test_only_modules_of_this_package_are_imported() -> None:
    with pytest.raises(ManifestError, match=r"must be a name, but is 'os\.path'"):
        _manifest.Picture("os.path", ()).load()
