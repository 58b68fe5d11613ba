"""Where gradient flow ends: run small in this process, and held against symmetries and theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from paper_figures import basins as figure
from simulations import _basins_ends as ends
from simulations._entry import start
from simulations.basins import SIMULATION, Config, plane_stage, random_stage
from theory import two_features

SMALL: dict[str, Any] = {
    "density": (0.1, 0.6),
    "densities": 2,
    "relative_importance": (0.2, 1.0),
    "relative_importances": 2,
    "scale": (0.3, 1.0),
    "scales": 2,
    "starts": 16,
    "planes": ((0.2, 0.13), (0.1, 0.2)),
    "plane_grid": 10,
}


def load(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "basins.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("basins") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return load(folder)


@pytest.fixture(scope="module")
def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "basins.json").read_text())["summary"]


@pytest.fixture(scope="module")
def drawn(dataset: xr.Dataset) -> Figure:
    return figure.draw(dataset)


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"basins.{suffix}").stat().st_size > 1000


def test_every_flow_is_counted_once(dataset: xr.Dataset) -> None:
    np.testing.assert_array_equal(dataset["count"].sum("end_index") + dataset["failed"], 16)
    assert int(dataset["failed"].sum()) == 0
    np.testing.assert_allclose(dataset["probability"].sum("end_index"), 1.0, rtol=1e-15)
    low, high = dataset["interval"].values[..., 0], dataset["interval"].values[..., 1]
    assert np.all((low <= dataset["probability"]) & (dataset["probability"] <= high))
    for k in range(len(ends.ENDS)):
        np.testing.assert_array_equal(
            (dataset["end"] == k).sum("start"), dataset["count"].isel(end_index=k)
        )


def test_dimensions_and_labels(dataset: xr.Dataset) -> None:
    cell = ("density", "relative_importance", "scale")
    assert dataset["probability"].dims == (*cell, "end_index")
    assert dataset["plane_end"].dims == ("plane", "w1", "w2")
    assert dataset["plane_end"].shape == (2, 10, 12)
    assert all("long_name" in dataset[name].attrs for name in (*cell, "w1", "w2", "count"))
    assert {"config", "versions", "device"} <= dataset.attrs.keys()


def test_ends_are_states_of_theory(dataset: xr.Dataset) -> None:
    assert dataset.attrs["ends_unknown_to_theory"] == 0
    assert dataset.attrs["largest_distance_to_theory"] <= 1e-9
    assert float(dataset["excess"].min()) >= -1e-12


def test_half_stable_ends_only_between_the_two_limits(dataset: xr.Dataset) -> None:
    p, r = dataset["density"].values[:, None], dataset["relative_importance"].values
    low, high = two_features.dedicated_stability_limit(p), two_features.acute_onset(p)
    counts = dataset["count"].sum("scale").values
    np.testing.assert_array_equal(counts[..., ends.HALF_STABLE] > 0, (r > low) & (r < high))
    np.testing.assert_array_equal(counts[..., ends.ACUTE] > 0, r > high)


def test_plane_is_symmetric_and_avoids_kinks_and_diagonals(dataset: xr.Dataset) -> None:
    end = dataset["plane_end"].values
    np.testing.assert_array_equal(end, end[:, ::-1, ::-1])
    first, second = dataset["w1"].values, dataset["w2"].values
    np.testing.assert_allclose(first, -first[::-1], rtol=1e-15)
    assert np.abs(first).min() > 0
    assert np.abs(second).min() > 0
    assert np.abs(np.abs(first)[:, None] - np.abs(second)).min() > 1e-3


def test_a_resumed_run_and_a_fresh_one_have_the_same_bits(
    folder: Path, dataset: xr.Dataset
) -> None:
    chunks = sorted((folder / "chunks").rglob("*.chunk"))
    assert len(chunks) == 2
    kept = chunks[1].stat().st_mtime_ns
    chunks[0].unlink()
    assert start(SIMULATION, Config(out=folder, **SMALL)) == 0
    assert chunks[1].stat().st_mtime_ns == kept
    xr.testing.assert_identical(load(folder), dataset)


def test_starts_of_a_scale_depend_on_seed_and_scale_alone() -> None:
    one = random_stage(Config(**SMALL)).cells["start"]
    other = random_stage(Config(**(SMALL | {"density": (0.2, 0.9)}))).cells["start"]
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one[:, 2:], 0.0)
    spread = one[:, :2].reshape(2, 2, 2, 16, 2).std(axis=(0, 1, 3, 4))
    np.testing.assert_allclose(spread, [0.3, 1.0], rtol=0.25)
    assert plane_stage(Config(**SMALL)).cells["start"][:, 1].min() > 0


def test_summary_has_every_cell_with_intervals(numbers: dict[str, Any]) -> None:
    assert len(numbers["cells"]) == 8
    for cell in (*numbers["cells"], *numbers["by_scale"], numbers["pooled"]):
        shares = [*cell["ends"].values(), cell["ground state"]]
        assert all(low <= value <= high for value, low, high in shares)
        assert sum(value for value, *_ in cell["ends"].values()) == pytest.approx(1.0)
    for plane in numbers["planes"]:
        assert sum(plane["area"].values()) == pytest.approx(1.0)
    assert set(numbers["planes"][0]["area"]) == {"dedicated to 1", "antipodal"}


def test_table_is_about_a_dozen_lines(dataset: xr.Dataset) -> None:
    lines = SIMULATION.table(dataset).splitlines()
    assert 8 <= len(lines) <= 20
    assert any(line.startswith("  ground state") for line in lines)


def test_figure_has_a_panel_for_each_question(drawn: Figure, dataset: xr.Dataset) -> None:
    titles = [axis.get_title(loc="left") for axis in drawn.axes]
    assert [t[:3] for t in titles if t.startswith("(")] == ["(a)", "(b)", "(c)"]
    assert len(titles) == 2 + 1 + 2
    shares = [p.get_height() for p in drawn.axes[0].patches if isinstance(p, Rectangle)]
    assert sum(shares) == pytest.approx(dataset.sizes["density"])
    assert not any(isinstance(artist, AxesImage) for artist in drawn.axes[-1].get_children())
    legend = {
        text.get_text() for figure in drawn.findobj(match=_is_legend) for text in figure.texts
    }
    assert {"dedicated to 1", "half-stable saddle", "on its acute side"} <= legend


def _is_legend(artist: object) -> bool:
    return type(artist).__name__ == "Legend"


def test_planes_mark_both_images_of_every_state(drawn: Figure, dataset: xr.Dataset) -> None:
    for k, axis in enumerate(drawn.axes[-2:]):
        marks = sum(len(line.get_xdata()) for line in axis.lines)  # type: ignore[arg-type]
        assert marks == 2 * int((dataset["state_kind"][k] >= 0).sum())


def test_failed_points_and_cells_are_drawn(dataset: xr.Dataset) -> None:
    broken = dataset.copy(deep=True)
    broken["plane_end"][0, 3, 3] = ends.FAILED
    for name in ("probability", "interval"):
        broken[name][0, 0, 1] = np.nan
    names = {
        text.get_text()
        for legend in figure.draw(broken).findobj(match=_is_legend)
        for text in legend.texts
    }
    assert "failed" in names


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("density", (0.0, 1.0), "in [0.001, 1], but is 0.0."),
        ("density", (0.5, 0.5), "a range with two different ends, but is (0.5, 0.5)."),
        ("relative_importance", (0.1, 2.0), "in [0.001, 1], but is 2.0."),
        ("scale", (np.nan, 1.0), "in [1e-4, 10], but is nan."),
        ("scales", 0, "in [1, 512], but is 0."),
        ("starts", 0, "in [1, 100000], but is 0."),
        ("planes", (), "1 to 8 pairs, but is ()."),
        ("planes", ((0.2, 1.5),), "pairs of a density and a relative importance, all in"),
        ("plane_grid", 7, "even and in [2, 2048], but is 7."),
        ("plane_half_width", 0.0, "in [0.01, 10], but is 0.0."),
    ],
)
def test_bad_options_get_one_sentence(option: str, value: Any, rule: str) -> None:
    sentence = re.escape(f"Argument `{option}` must be {rule}")
    with pytest.raises(ValueError, match=sentence) as caught:
        Config(**{option: value})
    assert str(caught.value).count(". ") == 0
