"""Flows from given starts and the names of their ends: symmetries, theory's states, limits."""

from typing import Any

import numpy as np
import pytest

from simulations import _basins_ends as ends
from simulations._two_features import flow_from
from simulations.basins import FLOW_ROWS
from theory import two_features


def flows(p: float, r: float, weights: np.ndarray, biases: np.ndarray | None = None) -> Any:
    """Ends of flows from some starts, padded to the one shape that is compiled."""
    bias = np.zeros_like(weights) if biases is None else biases
    rows = np.resize(np.hstack([weights, bias]), (FLOW_ROWS, 4))
    size = np.ones(FLOW_ROWS)
    cells = {"density": p * size, "relative_importance": r * size, "start": rows}
    out = flow_from(cells)
    out |= ends.classify(cells, out)
    return {name: values[: len(weights)] for name, values in out.items()}


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(32, 2))


def test_opposite_weights_flow_to_the_opposite_state(weights: np.ndarray) -> None:
    """The law by which half of a plane is enough."""
    own, opposite = flows(0.4, 0.6, weights), flows(0.4, 0.6, -weights)
    np.testing.assert_array_equal(own["end"], opposite["end"])
    np.testing.assert_allclose(own["state"], opposite["state"] * [-1, -1, 1, 1], atol=1e-9)


def test_exchange_of_equal_features_exchanges_the_states(weights: np.ndarray) -> None:
    own, exchanged = flows(0.8, 1.0, weights), flows(0.8, 1.0, weights[:, ::-1])
    np.testing.assert_allclose(own["state"], exchanged["state"][:, [1, 0, 3, 2]], atol=1e-9)
    swapped = np.select(
        [own["end"] == ends.ANTIPODAL, own["end"] == ends.REVERSED],
        [ends.REVERSED, ends.ANTIPODAL],
        own["end"],
    )
    np.testing.assert_array_equal(swapped, exchanged["end"])
    assert {ends.ANTIPODAL, ends.REVERSED, ends.ACUTE} == set(own["end"])


@pytest.mark.parametrize(
    ("p", "r", "names"),
    [
        (0.2, 0.13, {ends.DEDICATED_1, ends.ANTIPODAL}),
        (0.6, 0.8077, {ends.WEAK, ends.STRONG, ends.ACUTE}),
        (0.8, 1.0, {ends.ANTIPODAL, ends.REVERSED, ends.ACUTE}),
    ],
)
def test_a_minimum_of_theory_stays_where_it_is(p: float, r: float, names: set[int]) -> None:
    known = ends.known(p, r)
    minima = known.states[known.stable]
    out = flows(p, r, minima[:, :2], minima[:, 2:])
    assert set(out["end"]) == names
    np.testing.assert_allclose(ends.sign_fixed(out["state"]), minima, atol=1e-9)
    assert np.all(out["shift"] <= 1e-6)


@pytest.mark.parametrize(("side", "expected"), [(0.97, ends.HALF_STABLE), (1.03, ends.ACUTE)])
def test_dedicated_attracts_on_its_acute_side_alone(side: float, expected: int) -> None:
    """The exact flow ends there for good below the limit of theory, and is not moved off."""
    p = 0.15
    r = side * float(two_features.acute_onset(p))
    beside = np.array([[1.0, 0.05], [1.0, -0.05]])
    out = flows(p, r, beside, np.array([[0.0, p / 2]] * 2))
    assert out["end"].tolist() == [expected, ends.ANTIPODAL]
    assert out["saddle"].tolist() == [expected == ends.HALF_STABLE, False]
    assert np.all(out["result"] == 0)


def test_a_failed_flow_is_no_end() -> None:
    state = np.array([[1.0, 0.0, 0.0, 0.1]] * 2)
    rows = {"state": state, "phase": np.array([1, 1]), "saddle": np.zeros(2, bool)}
    rows |= {"loss": np.array([0.1, np.nan]), "result": np.array([0, 4])}
    cells = {"density": np.full(2, 0.2), "relative_importance": np.full(2, 0.1)}
    out = ends.classify(cells, rows)
    assert out["end"].tolist() == [ends.DEDICATED_1, ends.FAILED]
    assert np.isnan(out["distance"][1])


def test_dead_outputs_and_negative_biases_have_names_of_their_own() -> None:
    state = np.array([[1.0, 0.0, 0.0, -0.3], [0.68, 1.25, -0.7, -0.5], [1.07, 0.2, -0.1, 0.03]])
    rows = {"state": state, "phase": np.array([1, 4, 4]), "saddle": np.zeros(3, bool)}
    rows |= {"loss": np.full(3, 0.1), "result": np.zeros(3, int)}
    cells = {"density": np.full(3, 0.1), "relative_importance": np.full(3, 0.1)}
    out = ends.classify(cells, rows)
    assert out["end"].tolist() == [ends.DEAD, ends.DEEP_ACUTE, ends.ACUTE]
