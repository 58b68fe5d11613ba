"""Dynamics: recorded runs show what `docs/runs` says."""

import math

import numpy as np

from tests.recorded.summaries import summary


def test_learning_leaves_smooth_saddles_as_predicted_and_kinks_earlier() -> None:
    numbers = summary("learning_dynamics")
    rows = numbers["plateaus"]
    assert [len(row["stored"]) for row in rows] == [0, 1, 2, 3, 4]
    assert [row["covered"] for row in rows] == [True, True, True, False, False]
    assert all(row["kink"] < 1e-5 for row in rows[:3])
    assert all(row["kink"] > 1 for row in rows[3:])
    assert all(0.89 < ratio < 1 for ratio in numbers["covered_ratios"])
    assert all(1.4 < row["ratio"] < 1.8 for row in rows[3:])
    assert all(abs(row["rate"] / row["theory_rate"] - 1) < 1e-3 for row in rows[:3])
    assert numbers["largest_change_at_tenth_of_rtol"] < 1e-3
    assert [each["feature"] for each in numbers["crossings"]] == [1, 2, 3, 4, 5]
    ends = numbers["trained_final_loss"]
    assert abs(ends["AdamW"] / ends["SGD"] - 1) < 1e-2
    assert ends["SGD"] < 0.6 * numbers["final_loss"]
    assert numbers["final_dimensionality"][5] < 1e-10


def test_a_hundred_features_leave_one_plateau_and_sgd_goes_with_the_flow() -> None:
    numbers = summary("learning_dynamics_full")
    (plateau,) = numbers["plateaus"]
    assert plateau["index"] is None  # not examined
    assert 70 < plateau["left"] < 80
    ends = numbers["trained_final_loss"]
    assert abs(ends["SGD"] / numbers["final_loss"] - 1) < 0.003
    assert round(ends["AdamW"] / numbers["final_loss"], 2) == 0.52
    assert numbers["largest_change_at_tenth_of_rtol"] < 1e-3


def test_six_equal_features_twist_from_a_prism_to_the_octahedron() -> None:
    numbers = summary("learning_dynamics")["equal_features"]
    assert numbers["twist_then"] < 10
    assert all(0.46 < d < 0.51 for d in numbers["dimensionality_then"])
    assert numbers["final_twist"] > 55
    assert all(abs(d - 0.5) < 1e-3 for d in numbers["final_dimensionality"])


def test_escapes_follow_the_exact_barrier_and_the_integrals_of_kramers_at_temperature() -> None:
    """Pooled over the barriers, weighted with the crossings."""
    numbers = summary("escape")
    assert numbers["dead"] == 0
    assert numbers["crossings"] > 3000
    pooled: dict[str, list[float]] = {"over_kramers": [], "over_corrected": []}
    for point in numbers["points"]:
        weights = [sum(height["crossings"]) for height in point["heights"]]
        for name, found in pooled.items():
            logs = [math.log(height[name][0]) for height in point["heights"]]
            found.append(math.exp(np.average(logs, weights=weights)))
        _, low, high = point["slope_over_barrier"]
        assert low < point["slope_over_barrier_expected"] < high
        assert 0.96 < point["slope_over_barrier"][0] < 1
        _, low, high = point["half_step_over_full_step"]
        assert low < 1 < high
    assert all(0.85 < x < 0.97 for x in pooled["over_kramers"])
    assert all(abs(x - 1) < 0.06 for x in pooled["over_corrected"])
    assert abs(np.mean(pooled["over_corrected"]) - 1) < 0.03
