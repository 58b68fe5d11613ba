"""Networks of many features: what a cell may ask for."""

import numpy as np
import pytest

import tms_physics as tp
from simulations import _networks
from simulations._networks import Size, densities, minimised, trained

SIZE = Size(8, 4)
CELLS = {
    "density": np.array([0.5, 0.5]),
    "slope": np.array([1.5, 1.5]),
    "hidden": np.array([2, 4]),
    "index": np.array([0, 1]),
}


@pytest.fixture(scope="module")
def networks() -> list[dict[str, np.ndarray]]:
    return [
        minimised(CELLS, size=SIZE, seed=0, evaluations=30, rtol=1e-6),
        trained(CELLS, size=SIZE, seed=0, steps=100, batch=32, learning_rate=2e-2),
    ]


def test_densities_are_a_power_law() -> None:
    np.testing.assert_allclose(densities(SIZE, 0.5, 1.5)[[0, 3]], [0.5, 0.5 / 8])
    np.testing.assert_array_equal(densities(SIZE, 0.5), np.full(8, 0.5))


def test_unused_dimensions_stay_empty_and_used_ones_do_not(
    networks: list[dict[str, np.ndarray]],
) -> None:
    for rows in networks:
        assert np.all(rows["W"][0, 2:] == 0)
        assert np.all(np.any(rows["W"][1] != 0, axis=1))


def test_losses_are_those_of_the_smaller_network_at_its_densities(
    networks: list[dict[str, np.ndarray]],
) -> None:
    p = densities(SIZE, 0.5, 1.5)
    for rows in networks:
        W, b = rows["W"][0, :2], rows["b"][0]
        loss = float(tp.population_loss(W, b, importance=1.0, density=p))
        assert rows["loss"][0] == pytest.approx(loss, rel=1e-7)
        assert rows["outputs"][0].sum() == pytest.approx(loss, rel=1e-7)


def test_a_minimum_starts_where_it_is_told(networks: list[dict[str, np.ndarray]]) -> None:
    cells = CELLS | {name: networks[1][name] for name in ("W", "b")}
    (one, start) = (
        minimised(cells, size=SIZE, seed=0, evaluations=count, rtol=1e-6) for count in (30, 1)
    )
    assert np.all(one["loss"] < networks[1]["loss"])
    assert np.all(start["loss"] <= networks[1]["loss"] * (1 + 1e-6))


def test_loss_and_slope_are_those_of_the_exact_loss(networks: list[dict[str, np.ndarray]]) -> None:
    """∂L/∂b against a difference of losses along a random direction."""
    W, b = networks[1]["W"][1], networks[1]["b"][1] - 0.1
    along, h = np.linspace(-1, 1, 8), 1e-3
    loss, slope = _networks.loss_and_slope(W, b, SIZE, 0.5, 1e-6)
    expected = _networks.judged(W, b, SIZE, np.full(8, 0.5))["loss"]
    assert loss == pytest.approx(expected, rel=1e-6)
    ends = (_networks.loss_and_slope(W, b + k * h * along, SIZE, 0.5, 1e-6)[0] for k in (1, -1))
    rise = (next(ends) - next(ends)) / (2 * h)
    assert slope @ along == pytest.approx(rise, rel=1e-3)


def test_weight_decay_shrinks_or_pulls_norms_to_one() -> None:
    W = np.array([[0.3, 0.0, 2.0], [0.4, 1.0, 0.0]])
    np.testing.assert_allclose(_networks._decayed(W, np.array(0.5)), 0.5 * W)  # pyright: ignore[reportArgumentType]
    pulled = W - 0.1 * np.asarray(_networks._decayed(W, np.array(-1.0)))  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(np.linalg.norm(pulled, axis=0), [0.55, 1.0, 1.9], rtol=1e-6)


def test_no_decay_is_plain_adam(networks: list[dict[str, np.ndarray]]) -> None:
    cells = CELLS | {"weight_decay": np.array([0.0, 2.0])}
    rows = trained(cells, size=SIZE, seed=0, steps=100, batch=32, learning_rate=2e-2)
    np.testing.assert_array_equal(rows["W"][0], networks[1]["W"][0])
    assert np.linalg.norm(rows["W"][1]) < np.linalg.norm(networks[1]["W"][1])
