"""Phase maps and basins of two and three features: recorded runs show what `docs/runs` says."""

import json

from tests.recorded.summaries import RUNS, summary
from theory import two_features


def test_default_run_converged_and_agrees_with_theory() -> None:
    numbers = summary("default")
    ends = numbers["networks"]
    lost = sum(ends[name]["count"] for name in ("at a saddle", "not converged"))
    assert lost <= 0.005 * 4096
    assert ends["minimum not among the references"]["count"] == 0
    assert numbers["largest_distance_to_reference"] <= 1e-9
    assert numbers["lowest_minus_ground_state"] >= -1e-14
    assert numbers["map_cells_off_theory"] == 0
    assert numbers["largest_relative_difference_to_theory"] <= 1e-11


def test_best_of_sixteen_is_the_ground_state() -> None:
    assert summary("sixteen_starts")["cells_with_ground_state"]["share"] >= 0.99


def test_adamw_is_close_to_its_own_minimum_and_outliers_have_reasons() -> None:
    numbers = summary("adamw")
    assert numbers["median_relative_excess_over_own_minimum"] <= 0.002
    assert all(entry["reason"] for entry in numbers["networks_far_above_own_minimum"])


def test_acute_is_often_a_minimum_and_never_the_lowest() -> None:
    numbers = summary("metastable")
    assert numbers["cells_without_states"] == numbers["lowest_state_a_saddle"] == 0
    assert numbers["acute_ground_cells"] == 0
    assert numbers["metastable_cells"]["acute"] > 0.3 * numbers["cells"]
    assert max(map(int, numbers["cells_by_number_of_minima"])) == 4
    for kind in ("ground_cells", "metastable_cells"):  # exchange of the features
        assert numbers[kind]["dedicated to 1"] == numbers[kind]["dedicated to 2"]
    assert round(numbers["share_with_metastable_states"], 2) == 0.42


def test_three_features_converged_and_agree_with_theory() -> None:
    numbers = summary("three_features")
    ends = numbers["networks"]
    assert sum(ends[name]["count"] for name in ("at a saddle", "not converged")) == 0
    assert ends["minimum not among the references"]["count"] <= 0.002 * 1024
    assert numbers["cells_with_ground_state"]["share"] >= 0.9
    assert numbers["largest_distance_to_reference"] <= 1e-9
    assert numbers["lowest_minus_ground_state"] >= -1e-14
    assert numbers["map_cells_failed"] == numbers["map_cells_off_theory"] == 0
    assert numbers["largest_relative_difference_to_theory"] <= 1e-11
    assert numbers["checked_cells_where_more_starts_found_less"] == 0
    assert all(entry["failed"] == 0 for entry in numbers["failed_cells"].values())


def test_every_flow_of_the_basins_has_a_known_end() -> None:
    numbers = summary("basins")
    assert numbers["failed"][0] == 0
    assert numbers["plane_points_failed"][0] == 0
    assert numbers["ends_unknown_to_theory"] == 0
    assert numbers["largest_distance_to_theory"] <= 1e-9
    assert numbers["lowest_relative_excess"] >= -1e-12
    assert all("other saddle" not in cell["ends"] for cell in numbers["cells"])


def test_half_stable_ends_lie_between_the_limits_of_theory() -> None:
    for cell in summary("basins")["cells"]:
        p, r = cell["density"], cell["relative_importance"]
        low = two_features.dedicated_stability_limit(p)
        high = two_features.acute_onset(p)
        assert ("dedicated, half-stable (saddle)" in cell["ends"]) == (low < r < high)
        assert ("acute" in cell["ends"]) == (r > high)


def test_the_scale_of_the_start_matters_where_states_coexist_and_little_on_the_average() -> None:
    numbers = summary("basins")
    shares = [entry["ground state"][0] for entry in numbers["by_scale"]]
    assert 0.6 <= min(shares) <= max(shares) <= 0.68
    where = (0.131, 0.1)
    found = [
        cell["ground state"][0]
        for cell in numbers["cells"]
        if (round(cell["density"], 3), round(cell["relative_importance"], 3)) == where
    ]
    assert found[0] == 0
    assert found[-1] > 0.4
    assert found == sorted(found)


def test_flows_end_on_the_side_of_their_start() -> None:
    kept = summary("basins")["ends_on_the_side_of_its_start"]
    assert min(entry[0] for entry in kept.values()) >= 0.98


def test_no_start_found_a_state_below_the_exact_ground_state() -> None:
    numbers = json.loads((RUNS / "no_state_below.json").read_text())
    assert (numbers["points"], numbers["starts"]) == (1000, 64)
    assert numbers["points_with_a_state_below"] == 0
    assert numbers["points_with_the_ground_state"] == 1000


def test_no_start_found_a_state_below_the_ground_state_of_three_features() -> None:
    numbers = json.loads((RUNS / "no_state_below_three.json").read_text())
    assert (numbers["points"], numbers["starts"]) == (300, 128)
    assert numbers["points_with_a_state_below"] == 0
    assert numbers["points_where_a_start_found_the_ground_state"] == 300
    assert numbers["claimed_states_that_are_minima"] == 300
