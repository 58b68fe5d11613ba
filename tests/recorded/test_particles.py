"""Particles and geometry: recorded runs show what `docs/runs` says."""

import pytest

from tests.recorded.summaries import summary


def test_a_sparse_feature_leaves_the_pentagon_at_a_crossing_and_no_third_state_is_lower() -> None:
    numbers = summary("nonuniform")
    assert numbers["crossing_rest_over_density"] <= 1e-12
    assert 3.7 < numbers["crossing_times_smaller"] < 3.75
    assert numbers["at_the_paper's_ratio"] == "pentagon"
    assert numbers["two_digons_relative_difference_to_theory"] <= 1e-12
    for row in numbers["random_starts"]:
        assert abs(row["lowest_relative_excess"]) <= 1e-12
        assert row["not_minima"] == 0


def test_the_pentagon_ends_at_a_fold_and_two_digons_never_do() -> None:
    numbers = summary("nonuniform")
    assert numbers["pentagon_limit_is_a_fold"]
    limit, crossing = numbers["pentagon_stability_limit"], numbers["crossing_density_ratio"]
    assert limit < numbers["hysteresis"]["stored_down_to"] < crossing
    assert numbers["hysteresis"]["stored_up_from"] is None
    digons = numbers["branches"]["two digons"]
    assert [digons["least_ratio"], digons["largest_ratio"]] == numbers["ratios"]
    assert digons["least_curvature_over_density"] > 1
    assert all(state["mirror_symmetric_to"] < 1e-12 for state in numbers["pentagon_at"])


def test_every_best_known_energy_to_32_particles_is_found_with_its_symmetry() -> None:
    numbers = summary("thomson")
    assert numbers["found"] == [int(n) for n in numbers["energies"]] == list(range(2, 33))
    assert numbers["missed"] == numbers["below"] == []
    assert numbers["largest_relative_difference"] <= 1e-12
    assert numbers["largest_relative_gradient"] <= 1e-12
    assert numbers["other_symmetry_than_the_table"] == []
    assert numbers["tight_frames"] == [4, 6, 12, 16, 22, 24, 28, 32]
    for entry in numbers["sizes"]:
        rate, low, high = entry["hit_rate"]
        assert low - 0.02 <= entry["reference_hit_rate"] <= high + 0.02
        assert (rate < 1) == (entry["n"] in (16, 22, 32))


@pytest.mark.parametrize(
    ("run", "largest", "tight"),
    [
        ("thomson_full", 64, {40, 44, 46, 48}),
        ("thomson_search", 100, {40, 44, 46, 48, 72, 78, 100}),
    ],
)
def test_every_best_known_energy_of_more_particles(run: str, largest: int, tight: set[int]) -> None:
    numbers = summary(run)
    assert numbers["found"] == [int(n) for n in numbers["energies"]] == list(range(2, largest + 1))
    assert numbers["missed"] == numbers["below"] == numbers["other_symmetry_than_the_table"] == []
    assert numbers["largest_relative_difference"] <= 1e-12
    assert numbers["largest_relative_gradient"] <= 1e-12
    assert set(numbers["tight_frames"]) - set(summary("thomson")["tight_frames"]) == tight


def test_some_ground_states_are_thomson_minima_and_what_parts_the_others() -> None:
    numbers = summary("geometry")
    agree = {name: len(pairs) for name, pairs in numbers["agreement"]["p = 0.01"].items()}
    assert agree == {"thomson": 11, "logarithmic": 11, "relu": 6, "packing": 12}
    plane, space = (4, 5, 6, 7), (6, 8, 9, 12, 14, 15, 16)
    expected = [*([n, 2] for n in plane), *([n, 3] for n in space)]
    assert numbers["agreement"]["p = 0.01"]["thomson"] == expected
    restored = numbers["restored_by"]
    assert restored["fixed norms"] == [*([n, 2] for n in range(8, 13)), [13, 3]]
    assert restored["fixed norms"] == numbers["drops_features"]["p = 0.01"]
    assert restored["biases at 0"] == [[7, 3], [10, 3]]
    assert restored["repulsion at all angles"] == [[3, 2], [4, 3], [5, 3]]
    assert restored["nothing"] == [[11, 3]]


def test_at_density_a_tenth_the_plane_holds_five_features() -> None:
    """A feature left out at the best constant costs less than a sixth one in the plane."""
    numbers = summary("geometry")
    plane = [n for n, m in numbers["drops_features"]["p = 0.1"] if m == 2]
    assert plane == list(range(6, 13))


def test_more_dimensions_have_more_packings_and_fewer_thomson_minima() -> None:
    numbers = summary("geometry_full")
    assert numbers["failed_cells"]["pairs"] == {"failed": 0, "of": 46}
    agree = {name: len(pairs) for name, pairs in numbers["agreement"]["p = 0.01"].items()}
    assert agree == {"thomson": 16, "logarithmic": 16, "relu": 12, "packing": 27}
    few = summary("geometry")["agreement"]["p = 0.01"]["thomson"]
    more = [[8, 4], [14, 4], [16, 4], [10, 5], [16, 5]]
    assert numbers["agreement"]["p = 0.01"]["thomson"] == few + more
    assert [13, 3] in numbers["drops_features"]["p = 0.01"]
    assert (
        numbers["drops_features"]["p = 0.01"] == summary("geometry")["drops_features"]["p = 0.01"]
    )
    assert [13, 3] in numbers["restored_by"]["fixed norms"]
    twice = [[n, m] for m in (2, 3, 4, 5) for n in (2 * m,)]
    assert all(pair in numbers["agreement"]["p = 0.01"]["packing"] for pair in twice)


@pytest.mark.parametrize("run", ["geometry", "geometry_full"])
def test_the_triangle_is_the_ground_state_where_theory_says_so(run: str) -> None:
    triangle = summary(run)["triangle"]
    assert triangle["highest_density_without"] < triangle["theory"]
    assert triangle["theory"] < triangle["lowest_density_with"]
    for lowest, excess in zip(
        triangle["is_ground_state"], triangle["relative_excess"], strict=True
    ):
        assert excess < 1e-9 if lowest else excess > 0.02
