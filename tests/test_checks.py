"""Error messages: one sentence with the argument, the rule and the value; always a ValueError."""

import re
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tms_physics as tms
from tms_physics._compat import check_jax_version

pytestmark = pytest.mark.no_hook

W, B = np.array([[1.0, 0.5]]), np.zeros(2)
KEY = jax.random.key(0)
PAIR = tms.PopulationLoss(np.ones(2), 0.4)


def _bowl(y: jax.Array) -> jax.Array:
    return jnp.sum(y**2)


def _loss(
    W: object = W, b: object = B, importance: object = 1.0, density: object = 0.5, **options: object
):
    return tms.population_loss(W, b, importance=importance, density=density, **options)  # type: ignore[arg-type]


def _flow(y0: object = np.ones(2), **options: object):
    return tms.gradient_flow(_bowl, y0, **options)  # type: ignore[arg-type]


def _watched(**options: object):
    settings = {"watch": lambda y: y, "levels": [0.5]} | options
    return _flow(**settings)


def _minimise(y0: object = np.ones(2), **options: object):
    return tms.minimise(_bowl, y0, **options)  # type: ignore[arg-type]


def _ground_states(**options: object):
    settings = {"sampler": lambda key: jnp.ones(2), "starts": 2} | options
    return tms.ground_states(_bowl, key=KEY, **settings)  # type: ignore[arg-type]


def _train(**options: object):
    def loss(params: jax.Array, x: jax.Array) -> jax.Array:
        return jnp.mean((params - x) ** 2)

    def sample(key: jax.Array) -> jax.Array:
        return jax.random.normal(key)

    settings = {"steps": 2, "batch": 2} | options
    return tms.train(loss, jnp.zeros(()), sample, key=KEY, **settings)  # type: ignore[arg-type]


def _langevin(y0: object = np.ones(2), **options: object):
    settings = {"temperature": 0.1, "step": 0.1, "steps": 4} | options
    return tms.langevin(_bowl, y0, key=KEY, **settings)  # type: ignore[arg-type]


def _sampled(x: object = np.ones((3, 2)), model: Callable = lambda x: x, importance: object = 1.0):
    return tms.sampled_loss(model, x, importance=importance)  # type: ignore[arg-type]


NAN = np.full(2, np.nan)
MESSAGES: list[tuple[Callable[[], object], str]] = [
    # population_loss
    (lambda: _loss(W=W[0]), "`W` must have shape (m, n), but has shape (2,)."),
    (lambda: _loss(W=np.ones((1, 0))), "`W` must have shape (m, n), but has shape (1, 0)."),
    (lambda: _loss(W="text"), "`W` must be an array of real numbers, but is 'text'."),
    (lambda: _loss(W=W * 1j), "`W` must be an array of real numbers, but has dtype complex128."),
    (lambda: _loss(W=[[1.0], [1.0, 2.0]]), "`W` must be an array of real numbers, but is [[1.0]"),
    (lambda: _loss(W=W * np.nan), "`W` must be finite, but is nan."),
    (lambda: _loss(b=np.zeros(3)), "`b` must have shape (n,) = (2,), but has shape (3,)."),
    (lambda: _loss(b=NAN), "`b` must be finite, but is nan."),
    (lambda: _loss(b=None, W=None), "`W` must be an array of real numbers, but is None."),
    (lambda: _loss(importance=-1.0), "`importance` must be finite and >= 0, but is -1.0."),
    (lambda: _loss(importance=np.inf), "`importance` must be finite and >= 0, but is inf."),
    (lambda: _loss(importance=np.ones(3)), "`importance` must have shape () or (n,) = (2,), but"),
    (lambda: _loss(importance="big"), "`importance` must be an array of real numbers, but is"),
    (lambda: _loss(density=0), "`density` must be in (0, 1], but is 0.0."),
    (lambda: _loss(density=1.2), "`density` must be in (0, 1], but is 1.2."),
    (lambda: _loss(density=-0.1), "`density` must be in (0, 1], but is -0.1."),
    (lambda: _loss(density=[0.5, np.nan]), "`density` must be in (0, 1], but is nan."),
    (lambda: _loss(density=np.full(3, 0.1)), "`density` must have shape () or (n,) = (2,), but"),
    (lambda: _loss(density="dense"), "`density` must be an array of real numbers, but is 'dense'."),
    (lambda: _loss(rtol=0.5), "`rtol` must be a number in [1e-12, 0.01], but is 0.5."),
    # PopulationLoss
    (lambda: tms.PopulationLoss(np.ones(2), 1.2), "`density` must be in (0, 1], but is 1.2."),
    (lambda: tms.PopulationLoss(-1.0, np.ones(2)), "`importance` must be finite and >= 0, but"),
    (lambda: tms.PopulationLoss(np.ones(2), np.ones(3)), "`importance` must have shape"),
    (
        lambda: PAIR((jnp.ones((1, 3)), jnp.zeros(2))),
        "`params` must be (W, b) of shapes (m, 2)",
    ),
    (lambda: PAIR(jnp.ones((1, 2))), "`params` must be (W, b) of shapes (m, 2) and (2,), but has"),
    # features and models
    (lambda: tms.SparseUniform(0.0, 2), "`density` must be in (0, 1], but is 0.0."),
    (lambda: tms.SparseUniform(1.2, 2), "`density` must be in (0, 1], but is 1.2."),
    (lambda: tms.SparseUniform(0.2, 0), "`n` must be an integer >= 1, but is 0."),
    (lambda: tms.SparseUniform(0.2, "2"), "`n` must be an integer >= 1, but is '2'."),
    (lambda: tms.SparseUniform(0.2, True), "`n` must be an integer >= 1, but is True."),
    (lambda: tms.SparseUniform(np.ones(3), 2), "`density` must have shape () or (n,) = (2,), but"),
    (lambda: tms.SparseUniform("a", 2), "`density` must be an array of real numbers, but is 'a'."),
    (lambda: tms.LinearModel(W[0]), "`W` must have shape (m, n), but has shape (2,)."),
    (lambda: tms.ReluOutputModel(W, np.zeros(3)), "`b` must have shape (n,) = (2,), but has shape"),
    (lambda: tms.ReluOutputModel(W, NAN), "`b` must be finite, but is nan."),
    (lambda: tms.xavier_normal(0, 1, key=KEY), "`n` must be an integer >= 1, but is 0."),
    (lambda: tms.xavier_normal(2, 1.5, key=KEY), "`m` must be an integer >= 1, but is 1.5."),
    # sampled_loss
    (lambda: _sampled(x=B), "`x` must have shape (B, n), but has shape (2,)."),
    (lambda: _sampled(x=np.ones((0, 2))), "`x` must have shape (B, n), but has shape (0, 2)."),
    (lambda: _sampled(x="a"), "`x` must be an array of real numbers, but is 'a'."),
    (lambda: _sampled(importance=-1.0), "`importance` must be finite and >= 0, but is -1.0."),
    (lambda: _sampled(model=lambda x: x[0]), "`model` must map shape (n,) = (2,) to itself, but"),
    # observables
    (lambda: tms.feature_norms(W[0]), "`W` must have shape (m, n), but has shape (2,)."),
    (lambda: tms.interference(W * np.inf), "`W` must be finite, but is inf."),
    (lambda: tms.feature_dimensionality("a"), "`W` must be an array of real numbers, but is 'a'."),
    (lambda: tms.dimensions_per_feature(B), "`W` must have shape (m, n), but has shape (2,)."),
    (lambda: tms.recovery(B, np.ones(3)), "`variance` must have shape"),
    (lambda: tms.recovery(B, B), "`variance` must be positive and finite, but is 0.0."),
    (lambda: tms.recovery("a", B), "`error` must be an array of real numbers, but is 'a'."),
    (lambda: tms.two_feature_phase(np.ones((2, 2))), "`W` must have shape (1, 2), but has shape"),
    # gradient_flow
    (lambda: _flow(y0="a"), "`y0` must be an array of real numbers, but is 'a'."),
    (lambda: _flow(y0=[]), "`y0` must hold at least one number, but is []."),
    (lambda: _flow(y0=np.ones(2) * 1j), "`y0` must be an array of real numbers, but has dtype"),
    (lambda: _flow(last_time=-1.0), "`last_time` must be positive and finite, but is -1.0."),
    (lambda: _flow(last_time="long"), "`last_time` must be positive and finite, but is 'long'."),
    (lambda: _flow(steady=0.0), "`steady` must be positive and finite, but is 0.0."),
    (lambda: _flow(rtol=np.nan), "`rtol` must be positive and finite, but is nan."),
    (lambda: _flow(max_shift=-1.0), "`max_shift` must be positive and finite, but is -1.0."),
    (lambda: _flow(tolerance=0.0), "`tolerance` must be positive and finite, but is 0.0."),
    (lambda: _flow(max_steps=0), "`max_steps` must be an integer >= 1, but is 0."),
    (lambda: _flow(times=np.zeros((2, 2))), "`times` must have shape (T,) with T >= 1, but has"),
    (lambda: _flow(times=np.zeros(0)), "`times` must have shape (T,) with T >= 1, but has shape"),
    (lambda: _flow(times=[1.0, 0.0]), "`times` must be finite and not decreasing, but is 0.0."),
    (lambda: _flow(times=[0.0, np.nan]), "`times` must be finite and not decreasing, but is nan."),
    (lambda: _flow(plateau_ratio=1.2), "`plateau_ratio` must be finite and >= 1.5, but is 1.2."),
    (lambda: _flow(plateau_ratio=np.ones(2)), "`plateau_ratio` must have shape (), but has shape"),
    (lambda: _flow(watch=lambda y: y), "`levels` must be given with `watch`, but is None."),
    (lambda: _flow(levels=[0.5]), "`watch` must be given with `levels`, but is None."),
    (lambda: _flow(watch=_bowl, levels=[0.5]), "`watch` must map a state to shape (C,) with C >="),
    (lambda: _watched(levels=0.5), "`levels` must have shape (L,) with L >= 1, but has shape ()."),
    (lambda: _watched(levels=[0.5, np.nan]), "`levels` must be finite, but is nan."),
    (lambda: _watched(max_crossings=0), "`max_crossings` must be an integer >= 1, but is 0."),
    # minimise, ground_states, curvature
    (lambda: _minimise(y0="a"), "`y0` must be an array of real numbers, but is 'a'."),
    (lambda: _minimise(tolerance=-1.0), "`tolerance` must be positive and finite, but is -1.0."),
    (lambda: _minimise(max_steps=0), "`max_steps` must be an integer >= 1, but is 0."),
    (lambda: _ground_states(starts=0), "`starts` must be an integer >= 1, but is 0."),
    (lambda: _ground_states(distance=-1.0), "`distance` must be positive and finite, but is -1.0."),
    (lambda: _ground_states(distance="a"), "`distance` must be positive and finite, but is 'a'."),
    (lambda: _ground_states(tolerance=np.nan), "`tolerance` must be positive and finite, but is"),
    (lambda: tms.curvature(_bowl, "a"), "`y` must be an array of real numbers, but is 'a'."),
    (lambda: tms.rotation_modes((W[0], B)), "`params` must be (W, b) of shapes (m, n) and (n,),"),
    (lambda: tms.network_invariant((W[0], B)), "`params` must be (W, b) of shapes (m, n) and"),
    (lambda: tms.wilson_interval(np.array([3]), 2), "`hits` must be in [0, trials] = [0, 2], but"),
    (lambda: tms.wilson_interval(np.array([-1]), 2), "`hits` must be in [0, trials] = [0, 2], but"),
    (
        lambda: tms.wilson_interval(np.array([0]), -2),
        "`trials` must be an integer >= 0, but is",
    ),
    # langevin
    (lambda: _langevin(y0="a"), "`y0` must be an array of real numbers, but is 'a'."),
    (lambda: _langevin(temperature=-1.0), "`temperature` must be finite and >= 0, but is -1.0."),
    (lambda: _langevin(temperature=[1.0]), "`temperature` must be finite and >= 0, but is [1.0]."),
    (lambda: _langevin(step=0.0), "`step` must be positive and finite, but is 0.0."),
    (lambda: _langevin(step=np.nan), "`step` must be positive and finite, but is nan."),
    (lambda: _langevin(steps=0), "`steps` must be an integer >= 1, but is 0."),
    (lambda: _langevin(every=1.5), "`every` must be an integer >= 1, but is 1.5."),
    (lambda: _langevin(every=3), "`steps` must be a multiple of `every` = 3, but is 4."),
    # train
    (lambda: _train(steps=0), "`steps` must be an integer >= 1, but is 0."),
    (lambda: _train(batch=2.5), "`batch` must be an integer >= 1, but is 2.5."),
    (lambda: _train(learning_rate=0.0), "`learning_rate` must be positive and finite, but is 0.0."),
    (lambda: _train(weight_decay=-1.0), "`weight_decay` must be finite and >= 0, but is -1.0."),
]


@pytest.mark.parametrize(("call", "message"), MESSAGES, ids=range(len(MESSAGES)))
def test_wrong_arguments_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        call()
    text = str(raised.value)
    assert text.startswith("Argument `")
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: _loss(density=p), "Argument `density` must be in (0, 1]."),
        (lambda p: _loss(W=W * jnp.log(p - 2)), "Argument `W` must be finite."),
        (lambda p: _loss(importance=-p), "Argument `importance` must be finite and >= 0."),
    ],
)
def test_values_known_only_at_run_time_are_named_then(call: Callable, message: str) -> None:
    with pytest.raises(eqx.EquinoxRuntimeError, match=re.escape(message)):
        jax.block_until_ready(eqx.filter_jit(call)(jnp.array(1.5)))


def test_known_values_are_checked_before_any_compute_even_while_tracing() -> None:
    with pytest.raises(ValueError, match=re.escape("`density` must be in (0, 1], but is 1.2.")):
        jax.jit(lambda weights: _loss(W=weights, density=1.2))(jnp.asarray(W))
    ones = jnp.ones(2)
    value = jax.jit(lambda weights: _loss(W=weights, importance=ones))(jnp.asarray(W))
    assert value == pytest.approx(float(_loss()), rel=1e-15)


@pytest.mark.parametrize("value", [1, np.float32(0.5), np.array(0.5), [0.25, 0.5], (1.0, 1.0)])
def test_numbers_of_any_kind_are_welcome(value: object) -> None:
    assert np.isfinite(_loss(density=value))
    assert np.isfinite(_loss(importance=value))


def test_integers_are_numbers() -> None:
    assert np.isfinite(_flow(y0=np.array([1, 2]), last_time=1).final_energy)


def test_a_start_that_is_not_a_number_is_a_failed_run_and_no_error() -> None:
    assert _minimise(y0=NAN).result.text.startswith("The solver failed")


@pytest.mark.parametrize("version", ["0.10.2", "0.11.0", "0.11.1"])
def test_releases_known_to_be_wrong_are_refused(version: str) -> None:
    with pytest.raises(ImportError, match=f"does not run on JAX {re.escape(version)}: .* Install"):
        check_jax_version(version)


def test_other_releases_are_welcome() -> None:
    check_jax_version("0.10.1")
