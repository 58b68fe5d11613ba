"""What `docs/runs` says of the recorded runs is what the files say."""

import json
from pathlib import Path
from typing import Any

RUNS = Path(__file__).parent.parent / "docs" / "runs"


def summary(name: str) -> dict[str, Any]:
    return json.loads((RUNS / f"{name}.json").read_text())["summary"]


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


def test_no_start_found_a_state_below_the_exact_ground_state() -> None:
    numbers = json.loads((RUNS / "no_state_below.json").read_text())
    assert (numbers["points"], numbers["starts"]) == (1000, 64)
    assert numbers["points_with_a_state_below"] == 0
    assert numbers["points_with_the_ground_state"] == 1000
