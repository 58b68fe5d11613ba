"""Many features: recorded runs show what `docs/runs` says."""

from typing import Any

from tests.recorded.summaries import summary
from theory import two_features


def test_sparse_features_outnumber_dimensions_in_every_network() -> None:
    numbers = summary("overcomplete")
    assert numbers["largest_difference_of_linear_model_to_its_bound"] <= 1e-12
    assert all(entry["failed"] == 0 for entry in numbers["failed_cells"].values())
    for entry in numbers["densities"]:
        for kind in ("minimised", "trained"):
            network = entry[kind]
            assert network["recovery_sum_error"] <= 1e-5
            if entry["density"] < 1:
                assert network["every_start_exceeds"]
                assert network["mean_exceeds"] == "yes"
            if entry["density"] < 0.04:
                assert network["recovered"]["0.5"][1] == numbers["features"]
        if 0.02 < entry["density"] < 1:
            assert entry["minimised"]["recovery_sum_range"][0] > entry["mean_field_sum"]
    assert numbers["linear_bound_of_recovered"]["0.5"] == 40


def test_sparse_networks_represent_more_features_than_dimensions() -> None:
    numbers = summary("basic_results")
    (system,) = numbers["systems"]
    dense, *sparse = system["densities"]
    assert dense["represented"] == system["dimensions"] == 5
    assert dense["in_superposition"] == 0
    assert abs(dense["loss_over_linear"] - 1) <= 1e-4
    for entry in sparse:
        assert entry["represented"] > 5
        assert entry["in_superposition"] >= 4
        assert entry["loss_over_linear"] < 0.8
        assert entry["error"] <= 1e-6 * entry["loss"]


def equal_features(density: float) -> dict[str, Any]:
    """The recorded network of equal features at the density nearest to this one."""
    found = summary("uniform_superposition")["densities"]
    return min(found, key=lambda entry: abs(entry["density"] - density))


def test_equal_features_stick_at_one_half_as_exact_pairs() -> None:
    entry = equal_features(0.3455)
    assert entry["converged"]
    assert entry["minimum"]["on_lines"]["1/2"] == entry["minimum"]["stored"] == 24
    theirs = entry["theory"]["pairs"]
    assert abs(entry["minimum"]["loss"] / theirs["loss"] - 1) <= 1e-5
    assert abs(entry["minimum"]["dimensions_per_feature"] - theirs["dimensions_per_feature"]) < 1e-4
    half = summary("uniform_superposition")["plateaus"]["minimum"][2]
    assert (half["plateau"], half["relative_tolerance"]) == (0.5, 0.02)
    assert half["after"] < 0.3 < half["inside"][0] < half["before"] < 0.5


def test_minima_of_equal_features_are_sharper_and_lower_than_trained_networks() -> None:
    numbers = summary("uniform_superposition")
    sharpness = numbers["median_distance_to_a_line"]
    assert sharpness["trained"]["median"] > 20 * sharpness["minimum"]["median"]
    for entry in numbers["densities"]:
        assert entry["minimum"]["loss"] < entry["trained"]["loss"]


def test_lines_of_equal_features_that_are_and_are_not_there() -> None:
    lines = summary("uniform_superposition")["lines"]["minimum"]
    for name, least in (("1/2", 48), ("3/8", 8)):
        assert all(width["on"] >= least for width in lines[name])
        assert all(width["expected_by_chance"] < 1 for width in lines[name])
    for name in ("1", "3/4", "2/3", "2/5"):
        assert all(width["on"] <= width["expected_by_chance"] + 3 for width in lines[name])


def test_equal_features_follow_the_mean_field_until_few_are_active() -> None:
    """Within 8 % of its loss down to p = 0.02; at n p = 1 the noise is no Gaussian."""
    for entry in summary("uniform_superposition")["densities"]:
        ratio = entry["minimum"]["loss"] / entry["theory"]["mean_field"]["loss"]
        assert 0.92 < ratio < (1.03 if entry["density"] > 0.02 else 1.25)
    assert equal_features(0.01)["minimum"]["stored"] == 100


def test_some_minima_of_equal_features_are_above_exact_pairs() -> None:
    for density in (0.4924, 0.2424):
        entry = equal_features(density)
        assert 1.002 < entry["minimum"]["loss"] / entry["theory"]["pairs"]["loss"] < 1.004


def curves(decay: float) -> list[dict[str, Any]]:
    return [c for c in summary("scaling")["power_laws"] if c.get("weight_decay") == decay]


def test_negative_weight_decay_stores_more_and_no_curve_is_one_power_law() -> None:
    for more, fewer in zip(curves(-1.0), curves(1.0), strict=True):
        assert all(a >= b for a, b in zip(more["stored"], fewer["stored"], strict=True))
    for curve in curves(-1.0):
        assert curve["stored"][3:] == [100] * 4
        assert curve["exponent"][1] > 1  # all m: steeper than 1/m
        assert all(2.2 < x < 3.3 for x in curve["local_exponents"][3:])


def test_linear_models_approach_their_exponent_only_at_small_m() -> None:
    linear = [c for c in summary("scaling")["power_laws"] if c["model"] == "linear, exact"]
    for curve in linear:
        local = curve["local_exponents"]
        assert local == sorted(local)
        assert abs(local[-1] - curve["predicted"]) > 0.4
    assert abs(linear[0]["local_exponents"][0] - linear[0]["predicted"]) < 0.05


def test_minima_of_equal_features_leave_the_mean_field_as_m_grows() -> None:
    equal = summary("scaling")["equal_densities"]
    ratio = equal["minima_over"]["partial_storage"]
    assert all(1.0 < x < 1.15 for x in ratio[:4])
    assert ratio[4] > ratio[5] > ratio[6]
    assert ratio[6] < 0.25
    pairs = 50 * two_features.ground_state(equal["density"], 1.0).loss
    assert abs(equal["minima"]["loss"][6] / pairs - 1) < 1e-3


def test_pieces_follow_each_other_down_the_dimensionalities() -> None:
    numbers = summary("dimension_plateaus")
    pieces = [row["piece"] for row in numbers["plateaus"]]
    assert pieces[:4] == ["5-cell", "tetrahedron", "triangle", "digon"]
    assert pieces[4:] == ["pentagon", "square antiprism", "demipenteract", "icosahedron"]
    begins = {row["piece"]: row["below_density"] for row in numbers["plateaus"]}
    assert begins["pentagon"] < 0.225 < begins["digon"] < 0.645
    assert begins["pentagon"] - begins["square antiprism"] < 0.021
    field = numbers["densities_where_the_mean_field_saves_more"]
    assert all(p > 0.8 or p < 0.047 for p in field)
    assert numbers["largest_error_over_dropped_loss"] < 2e-6


def test_five_features_go_from_a_pair_over_digons_to_the_pentagon() -> None:
    for row, name in zip(
        summary("intro")["densities"], ("orthogonal pair", "two digons", "pentagon"), strict=True
    ):
        assert row["name"] == name
        assert abs(row["relative_difference_to_theory"] or 0.0) < 1e-8
        assert row["starts_in_the_lowest"] >= 1
    path = summary("animations")
    assert (path["flow_ends_in"], path["driven_ends_in"]) == ("pentagon", "two digons")
    assert path["flow_loss_only_falls"]
    assert path["odd_feature_dropped_at_ratio"] < path["equal_losses_at_ratio"] / 2


def test_the_ansatz_is_above_the_exact_line_everywhere() -> None:
    error = summary("theory_curves")["ansatz"]
    assert 0.17 < error["lowest"] < 0.172
    assert error["highest"] > 0.5
