"""The manifest: every data file is a named run's, and every figure is declared."""

import importlib
import importlib.util
import json
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import paper_figures
from paper_figures import _manifest, gallery
from paper_figures._make import caption
from paper_figures._manifest import DATA, Manifest, ManifestError, Source
from simulations import _two_theory, phase_boundary
from simulations._options import parse, question
from simulations._provenance import PACKAGES
from simulations._three_theory import line_densities

MANIFEST = _manifest.load()
MEGABYTE = 10**6

# Options of simulations, a number or a list, and the dimensions whose size they set.
SIZES = {
    "grid": ("density", "relative_importance"),
    "map_grid": ("map_density", "map_relative_importance"),
    "n_features": ("feature",),
    "n": ("feature",),
    "features": ("feature",),
    "m": ("hidden", "neuron"),
    "dimensions": ("hidden",),
    "hidden": ("hidden",),
    "densities": ("density",),
    "importances": ("relative_importance",),
    "relative_importances": ("relative_importance",),
    "scales": ("scale",),
    "planes": ("plane",),
    "plane_grid": ("w1",),
    "starts": ("start",),
    "seeds": ("seed",),
    "ratios": ("ratio",),
    "ground_ratios": ("ground_ratio",),
    "times": ("time", "equal_time"),
    "frames": ("flow", "driven"),
    "barriers": ("barrier_over_temperature",),
    "random": ("draw",),
    "fewer": ("count",),
    "fewer_density": ("fewer_density",),
    "collapse": ("three_correlated_pairs_density",),
    "triangle_densities": ("triangle_density",),
    "slope": ("slope",),
    "weight_decay": ("weight_decay",),
    "largest": ("particle",),
    "largest_polygon": ("k",),
}


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


@pytest.mark.parametrize("name", MANIFEST.datasets)
def test_sizes_and_ends_are_those_of_the_config(name: str) -> None:
    dataset = MANIFEST.read(name)
    config = json.loads(dataset.attrs["config"])
    for option, dimensions in SIZES.items():
        if option in config:
            given = config[option]
            count = len(given) if isinstance(given, list) else given
            found = [dataset.sizes[each] for each in dimensions if each in dataset.sizes]
            assert set(found) <= {count}, option
    p = dataset.get("density")
    if p is not None and "densities" in config and "density" in config:
        assert sorted([float(p.min()), float(p.max())]) == pytest.approx(sorted(config["density"]))
    elif p is not None and isinstance(config.get("density"), list) and "grid" not in config:
        assert p.values.tolist() == config["density"]


@pytest.mark.parametrize("name", ["phase_boundary", "phase_boundary_three"])
def test_maps_and_lines_are_where_the_config_puts_them(name: str) -> None:
    """By the functions of the simulation itself, so that old data of another grid are noticed."""
    dataset = MANIFEST.read(name)
    config = parse(phase_boundary.Config, "", list(MANIFEST.source(name).options))
    for size, prefix in ((config.own_size, ""), (config.map_size, "map_")):
        for axis, expected in zip(
            ("density", "relative_importance"), config.axes(size), strict=True
        ):
            np.testing.assert_allclose(dataset[prefix + axis], expected, rtol=1e-12)
    lines = dataset["line_density"].values
    if config.n_features == 3:
        np.testing.assert_allclose(lines, line_densities(config)[:-1], rtol=1e-12)
    else:
        expected = np.geomspace(*sorted(config.densities), _two_theory._LINE_POINTS)
        np.testing.assert_allclose(lines, expected, rtol=1e-12)


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


def test_what_was_measured_elsewhere_names_the_benchmark() -> None:
    """A module that there is; named below the figure; kept when the dataset is rebuilt."""
    measured = {name: each for name, each in MANIFEST.datasets.items() if each.measured_by}
    assert list(measured) == ["time_to_solution"]
    (source,) = measured.values()
    assert importlib.util.find_spec(str(source.measured_by)) is not None
    assert source.measurement == "python -m benchmarks.time_to_solution"
    section = gallery.section(MANIFEST, "time_to_solution")
    assert f"run.py -m {source.measured_by}   # measures" in section
    told = caption(MANIFEST, "time_to_solution", "What is shown.")
    assert f"\nMeasured by: {source.measurement}\n" in told
    assert "Measured by" not in caption(MANIFEST, "scaling", "What is shown.")
