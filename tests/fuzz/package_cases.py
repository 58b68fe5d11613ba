"""The public functions of `tms_physics`, what they take, and what they must refuse."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tms
from tests.fuzz.bad import (
    DENSITIES,
    FUNCTION,
    HUGE,
    INF,
    NAN,
    NONNEGATIVE,
    NONNEGATIVES,
    NOT_COUNTS,
    NOT_FINITE,
    NOT_FUNCTIONS,
    NOT_NUMBERS,
    POSITIVE,
    Case,
    Kind,
    count,
    interval,
    size,
)

KEY = jax.random.key(0)
W, B = np.array([[1.0, 0.5]]), np.zeros(2)
PAIR = tms.PopulationLoss(np.ones(2), 0.4)

# What functions return: their fields are arrays that the package made.
RESULTS = {
    *("Alignment", "Arrangement", "Attack", "Crossings", "Curvature", "Curvatures", "Evaluation"),
    *("Events", "Factor", "GroundStates", "LangevinPath", "Minimum", "ParticleMinima", "Plateaus"),
    *("Result", "SparseLimitEvaluation", "SymmetryGroup", "Trajectory"),
}
# What a search calls on arrays that it made, inside compiled loops.
WITHIN = {
    *("RieszEnergy.charged", "RieszEnergy.slopes"),
}


def needs_cases() -> set[str]:
    """Every public function, constructor and method that takes arguments."""
    spaces = {"": vars(tms), "arrangements.": vars(tms.arrangements)}
    found: set[str] = set()
    for prefix, space in spaces.items():
        for name, value in space.items():
            if not name.startswith("_") and callable(value) and name not in RESULTS:
                found |= {f"{prefix}{name}", *(f"{name}.{method}" for method in _methods(value))}
    return {name for name in found if _takes_arguments(name)} - WITHIN


def _methods(value: Any) -> list[str]:
    if not inspect.isclass(value):
        return []
    public = (name for name in dir(value) if not name.startswith("_") or name == "__call__")
    return [name for name in public if inspect.isfunction(getattr(value, name))]


def _takes_arguments(name: str) -> bool:
    value: Any = tms
    for part in name.split("."):
        value = getattr(value, part)
    return bool(set(inspect.signature(value).parameters) - {"self"})


WEIGHTS = Kind(
    (
        *(*NOT_NUMBERS, None, *NOT_FINITE[:-1], 0.5, np.ones(2), np.ones((1, 2, 2))),
        *(np.zeros((2, 0)), np.zeros((0, 2)), W * NAN, W * INF, W.astype(np.float32) * INF),
    )
)
VECTOR = (*NOT_NUMBERS, *NOT_FINITE, 0.5, np.ones((2, 2)), np.ones(3), np.ones(1), [])
BIAS = Kind(VECTOR)  # None stands for zeros
NOT_DENSITIES = (np.full(3, 0.5), np.full((1, 2), 0.5), [])
SHARES = Kind((*DENSITIES.bad, *NOT_DENSITIES), DENSITIES.holds, False)
IMPORTANCE = Kind((*NONNEGATIVES.bad, *NOT_DENSITIES), NONNEGATIVES.holds, False)
KEYS = Kind(
    (
        *(None, 0, 1, -1, 0.5, NAN, "key", b"key", object(), [], {}, True, np.ones(2)),
        *(np.zeros(3, np.uint32), np.zeros((2, 2), np.uint32), np.zeros(0, np.uint32)),
        *(np.zeros(2, np.int8), jnp.zeros(()), [0, 1], (0, 0), np.random.default_rng(0)),
        jax.random.split(KEY, 2),
    )
)
STATES = Kind(
    (None, "text", 1j, object(), [], {}, np.zeros(0), True, ["a"], [None], np.array([1j]))
)
OPTIONAL_FUNCTION = FUNCTION.optional()
PARAMS = Kind(
    (
        *(None, 0, 0.5, "text", object(), [], (), (W,), (W, B, B), (W[0], B), (W, W)),
        *((W, np.zeros(3)), (W, None), ("W", "b"), (W, "b"), {"W": W, "b": B}, (W * 1j, B)),
        *((W, 0.5), np.ones(2), (True, False), ([[1.0], [1.0, 2.0]], B)),
    )
)


def bowl(y: jax.Array) -> jax.Array:
    return jnp.sum(y**2)


def row(y: jax.Array) -> jax.Array:
    return y**2


def many(y: jax.Array) -> tuple[jax.Array, jax.Array]:
    return bowl(y), bowl(y)


ENERGY = Kind((*NOT_FUNCTIONS, row, many, lambda y: None, lambda y: "low", lambda y: 1j * bowl(y)))


def _attribute(name: str) -> Callable[..., Any]:
    value: Any = tms
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _case(
    name: str, call: Callable[..., Any] | None = None, also: tuple[str, ...] = (), **arguments: Any
) -> Case:
    """`arguments`: the kind of each, with a good value where the kind has no example."""
    good, kinds = {}, {}
    for argument, given in arguments.items():
        kind, value = given if isinstance(given, tuple) else (given, given.example)
        good[argument] = value
        if kind is not None:
            kinds[argument] = kind
    function = call or _attribute(name)
    names = {*inspect.signature(_attribute(name)).parameters, *also} - {"self"}
    return Case(name, function, good, kinds, names=frozenset(names))


def _features() -> Iterator[Case]:
    for name in ("SparseUniform", "SymmetricUniform"):
        yield _case(name, density=SHARES, n=(size().optional(), 2))
        made = getattr(tms, name)(0.5, 2)
        yield _case(f"{name}.sample", made.sample, key=(KEYS, KEY))
    sizes = Kind(
        (None, 0, 2, "ab", (), (0,), (1.5,), (True,), ("2",), (-1, 3), (10**13,), object())
    )
    each = Kind((*DENSITIES.bad, np.full(2, 0.5), np.full((1, 2), 0.5), []), DENSITIES.holds, False)
    for name in ("CorrelatedSets", "AnticorrelatedSets"):
        yield _case(name, sizes=(sizes, (3,)), density=(each, 0.2))
        yield _case(f"{name}.sample", getattr(tms, name)((2,), 0.2).sample, key=(KEYS, KEY))


def _models() -> Iterator[Case]:
    examples = Kind((*NOT_NUMBERS, None, 0.5, np.ones(3), np.ones((1, 2)), np.ones((2, 2)), []))
    for name in ("LinearModel", "ReluOutputModel", "ReluHiddenModel"):
        yield _case(name, W=(WEIGHTS, W), b=(BIAS, B))
        yield _case(f"{name}.__call__", getattr(tms, name)(W), x=(examples, np.ones(2)))
    untied = {"W1": (WEIGHTS, W), "W2": (Kind((*WEIGHTS.bad, W)), W.T)}
    yield _case("AbsoluteValueModel", **untied, b=(BIAS, B))
    model = tms.AbsoluteValueModel(W, W.T)
    yield _case("AbsoluteValueModel.__call__", model, x=(examples, np.ones(2)))
    yield _case("xavier_normal", n=(size(), 2), m=(size(), 1), key=(KEYS, KEY))
    law = {"importance": IMPORTANCE, "density": SHARES}
    yield _case("absolute_value_loss", **untied, b=(BIAS, B), **law)
    yield _case("one_active_losses", **untied, b=(BIAS, B))


def _energies() -> Iterator[Case]:
    weights = {"W": (WEIGHTS, W), "b": (BIAS, B)}
    law = {"importance": IMPORTANCE, "density": SHARES}
    rtol = interval(1e-12, 1e-2)
    good = Kind(rtol.bad, rtol.holds, True, 1e-8)
    for name in ("population_loss", "evaluate_population", "hidden_relu_population_loss"):
        yield _case(name, **weights, **law, rtol=good)
    yield _case("linear_population_loss", **weights, **law)
    each = Kind(DENSITIES.bad, DENSITIES.holds, False)
    some = Kind(NONNEGATIVES.bad, NONNEGATIVES.holds, False)
    pair = {"importance": (some, np.ones(2)), "density": (each, 0.5)}
    yield _case("PopulationLoss", **pair, rtol=good)
    yield _case("PopulationLoss.__call__", PAIR, params=(PARAMS, (W, B)))
    chances = Kind(
        (
            *(*NOT_NUMBERS, None, *NOT_FINITE, 0.5, 1.0, np.full(3, 1 / 3), np.full((2, 2), 0.25)),
            *(np.full(4, 0.3), [1.5, -0.5, 0, 0], np.full(128, 1 / 128), []),
        )
    )
    joint = {"importance": IMPORTANCE, "probabilities": (chances, np.full(4, 0.25))}
    yield _case("joint_population_loss", **weights, **joint)
    yield _case("JointPopulationLoss", **joint)
    energy = tms.JointPopulationLoss(1.0, np.full(4, 0.25))
    yield _case("JointPopulationLoss.__call__", energy, params=(PARAMS, (W, B)))
    relative = Kind((*NONNEGATIVES.bad, 0.0, *NOT_DENSITIES), None, False)
    limit = {"importance": IMPORTANCE, "relative_density": relative}
    lower = Kind((*BIAS.bad, [0.0, 0.5]))
    for name in ("sparse_limit_energy", "one_body_energy", "pair_energy", "pair_forces"):
        yield _case(name, W=(WEIGHTS, W), b=(lower, B), **limit)
    meshes = Kind((0, 1, "mesh", object(), [], np.array(jax.devices())))
    yield _case("evaluate_sparse_limit", W=(WEIGHTS, W), b=(lower, B), **limit, mesh=(meshes, None))
    limited = Kind((*NONNEGATIVES.bad, 0.0), None, False)
    yield _case("SparseLimitEnergy", importance=(some, np.ones(2)), relative_density=limited)
    energy = tms.SparseLimitEnergy(np.ones(2))
    yield _case("SparseLimitEnergy.__call__", energy, params=(PARAMS, (W, B)))
    yield _case("riesz_energy", X=(WEIGHTS, W), s=NONNEGATIVE)
    yield _case("RieszEnergy", s=NONNEGATIVE)
    yield _case("RieszEnergy.__call__", tms.RieszEnergy(), X=(WEIGHTS, W))
    for name in ("frame_potential", "relu_interference"):
        yield _case(name, X=(WEIGHTS, W))
    wrong = (lambda x: x[0], lambda x: None, lambda x: (x, x), lambda x: "y", lambda x: x[None])
    batch = Kind((*NOT_NUMBERS, None, *NOT_FINITE[:-1], 0.5, np.ones(2), np.zeros((0, 2))))
    yield _case(
        "sampled_loss", model=(Kind((*NOT_FUNCTIONS, *wrong)), jnp.tanh),
        x=(batch, np.ones((3, 2))), importance=IMPORTANCE,
    )  # fmt: skip


def _dynamics() -> Iterator[Case]:
    start, energy = (STATES, np.ones(2)), (ENERGY, bowl)
    optional, steps = (OPTIONAL_FUNCTION, None), (count(), 2)
    tolerance = (POSITIVE.optional(), None)
    times = Kind((*NOT_NUMBERS, *NOT_FINITE, 0.5, np.ones((2, 2)), np.zeros(0), [1.0, 0.0]))
    ratio = Kind((*NOT_NUMBERS, *NOT_FINITE, 1.2, -3.0, np.ones(2), [2.0], np.zeros(0)))
    watching = Kind(
        (*OPTIONAL_FUNCTION.bad, bowl, lambda y: y[:0], lambda y: None, lambda y: (y, y))
    )
    heights = Kind((*NOT_NUMBERS, *NOT_FINITE, 0.5, np.ones((2, 2)), np.zeros(0), [0.5, NAN]))
    yield _case(
        "gradient_flow",
        energy=energy, y0=start, times=(times, None), last_time=POSITIVE, steady=POSITIVE,
        rtol=POSITIVE, max_steps=steps, max_shift=POSITIVE, tolerance=tolerance,
        zero_modes=optional, observe=optional, plateau_ratio=(ratio, None),
        watch=(None, None), levels=(None, None), max_crossings=(size(), 4),
        dense_parameters=(count(0), 300),
    )  # fmt: skip
    watched = partial(tms.gradient_flow, bowl, np.ones(2))
    yield _case(
        "gradient_flow", watched, watch=(watching, lambda y: y), levels=(heights, np.ones(1))
    )
    yield _case(
        "langevin",
        energy=energy, y0=start, key=(KEYS, KEY), temperature=NONNEGATIVE, step=POSITIVE,
        steps=(size(1, 3), 4), every=(size(1, 3), 2), observe=optional,
    )  # fmt: skip
    yield _case(
        "minimise", energy=energy, y0=start, tolerance=tolerance, max_steps=steps,
        zero_modes=optional,
    )  # fmt: skip
    yield _case(
        "ground_states",
        energy=energy, sampler=(Kind((*NOT_FUNCTIONS, *_bad_samplers())), lambda key: jnp.ones(2)),
        key=(KEYS, KEY), starts=(size(), 2), invariant=(FUNCTION, jnp.ravel),
        zero_modes=optional, tolerance=tolerance, max_steps=steps, distance=POSITIVE,
        batch=(count().optional(), None),
    )  # fmt: skip
    hits = Kind((*NOT_NUMBERS, None, *NOT_FINITE, -1, 3, [0, 3], 10**400))
    yield _case("wilson_interval", hits=(hits, np.array([1])), trials=(count(0), 2))
    for name in ("network_invariant", "rotation_modes"):
        yield _case(name, params=(PARAMS, (W, B)))
    yield _case(
        "lowest_curvatures", energy=energy, y=start, k=(count(1, 3), 1), zero_modes=optional,
        tolerance=tolerance,
    )  # fmt: skip
    yield _case("curvature", energy=energy, y=start, zero_modes=optional)
    spaces = Kind((None, 3, 0.5, "sphere", object(), tms.Sphere, [], {}, np.ones(3)))
    search = {
        "n": (size(2), 4), "key": (KEYS, KEY), "starts": (size(), 2),
        "lanes": (size().optional(), 2), "polish": (count(), 2),
    }  # fmt: skip
    yield _case("particle_minima", energy=energy, space=(spaces, tms.Sphere(3)), **search)
    yield _case("symmetric_search", energy=energy, **search)
    stack = Kind((*NOT_NUMBERS, None, *NOT_FINITE, 0.5, np.ones((2, 2)), np.ones(3)))
    yield _case("particle_invariant", states=(stack, np.ones((1, 3, 4))))
    losses = Kind((*NOT_FUNCTIONS, lambda y, x: x, lambda y, x: None, lambda y, x: 1j * bowl(y)))
    yield _case(
        "train",
        loss=(losses, lambda y, x: bowl(y)), params=start,
        sample=(FUNCTION, lambda key: jnp.ones(2)), key=(KEYS, KEY), steps=(size(), 2),
        batch=(size(), 2), learning_rate=POSITIVE, weight_decay=NONNEGATIVE,
    )  # fmt: skip
    for name in ("Sphere", "FreeSpace"):
        yield _case(name, dimension=(count(2 if name == "Sphere" else 1), 3))
        yield from _methods_of(name)


def _methods_of(name: str) -> Iterator[Case]:
    """Of a space; inside loops the values of arrays are not looked at, only their shapes."""
    space = getattr(tms, name)(3)
    wrong = (*NOT_NUMBERS, None, 0.5, np.ones(3), np.ones((2, 4)), np.ones((3, 5, 1, 1)))
    points, move = Kind(wrong), Kind((*wrong, np.ones((3, 5)), np.ones((3, 4, 1))))
    yield _case(f"{name}.random", space.random, n=(size(), 4), key=(KEYS, KEY))
    for method in (space.tangent, space.retract):
        pair = {"X": (move, np.eye(3, 4)), "V": (move, np.ones((3, 4)))}
        yield _case(f"{name}.{method.__name__}", method, **pair)
    yield _case(f"{name}.longest_step", space.longest_step, n=(POSITIVE, 4))
    before = Kind((*NOT_NUMBERS, None, np.ones(1), np.ones((1, 1))))
    yield _case(
        f"{name}.gradient_scale", space.gradient_scale,
        gradient=(points, np.ones((3, 4))), before=(before, 1.0),
    )  # fmt: skip
    frames = Kind((*wrong, np.ones((3, 4, 1))))
    yield _case(f"{name}.frames", space.frames, X=(frames, np.eye(3, 4)))


def _bad_samplers() -> tuple[Callable[..., Any], ...]:
    return (lambda key: None, lambda key: "text", lambda key: jnp.zeros(0), lambda key: 1j)


def _observables() -> Iterator[Case]:
    for name in (
        *("feature_norms", "interference", "feature_dimensionality", "dimensions_per_feature"),
        "tight_frame_defect",
    ):
        yield _case(name, W=(WEIGHTS, W))
    share = interval(0.0, 0.5)
    share = Kind(share.bad, share.holds, True, 0.05)
    for name in ("name_arrangement", "symmetry_group", "tegum_factors"):
        yield _case(name, W=(WEIGHTS, W), tol=share)
    other = Kind((*WEIGHTS.bad, np.ones((1, 3))))
    yield _case("align", W=(WEIGHTS, W), other=(other, W), width=(size(), 4))
    errors = Kind((*NOT_NUMBERS, None, *NOT_FINITE, 0.5, np.ones(3), np.ones((2, 2)), []))
    variance = Kind((*errors.bad, [0.5, 0.0], [0.5, -1.0]))
    yield _case("recovery", error=(errors, np.ones(2)), variance=(variance, np.ones(2)))
    yield _case("two_feature_phase", W=(Kind((*WEIGHTS.bad, np.ones((2, 3)))), W))
    yield _case(
        "three_feature_phase", W=(Kind((*WEIGHTS.bad, W)), np.ones((2, 3))), tolerance=POSITIVE
    )


def _clusters() -> Iterator[Case]:
    places = Kind(("", "host", "host:", ":1", "host:0", "host:-1", "host:99999", 1, b"h:1", [], 1j))
    yield _case(
        "join_cluster",
        coordinator=(Kind((None, *places.bad)), "localhost:1"),
        processes=(Kind((None, 0, *NOT_COUNTS)), 2), process=(Kind((2, *NOT_COUNTS)), 2),
    )  # fmt: skip
    yield _case("feature_mesh", devices=(count(1, HUGE).optional(), 1))
    meshes = Kind((None, 0, 1, "mesh", object(), [], np.array(jax.devices())))
    shares = Kind((*NOT_NUMBERS, None, 0.5, np.ones((1, 1, 1)), np.zeros((2, 0)), []))
    yield _case("share_features", mesh=(meshes, tms.feature_mesh(1)), array=(shares, np.ones(1)))


def _attacks() -> Iterator[Case]:
    residual = Kind((*NOT_NUMBERS, None, *NOT_FINITE, 0.5, np.ones((2, 2)), np.ones(2), []))
    matrix = {"matrix": (WEIGHTS, W), "residual": (residual, np.ones(1))}
    yield _case("linear_attack", **matrix, radius=POSITIVE)
    one = {"W": (WEIGHTS, W), "b": (BIAS, B), "x": (Kind((None, *VECTOR)), np.ones(2))}
    yield _case("feature_attack", **one, radius=POSITIVE)
    yield _case("worst_attack", **one, radius=POSITIVE, starts=(count(), 2), steps=(count(), 2))


def _arrangements() -> Iterator[Case]:
    for name, least in (("polygon", 3), ("simplex", 1), ("cross_polytope", 1), ("bipyramid", 3)):
        argument = "k" if name in ("polygon", "bipyramid") else "d"
        yield _case(f"arrangements.{name}", **{argument: (size(least), 3)})
    for name, least in (("cube", 1), ("demicube", 3)):
        yield _case(f"arrangements.{name}", d=(size(least, 60, 1000), 3))
    height = interval(0.0, 1.0).optional()
    for name, least in (("antiprism", 2), ("prism", 3)):
        yield _case(f"arrangements.{name}", k=(size(least), 3), height=(height, 0.5))
    pieces = Kind((*WEIGHTS.bad,))
    good = {"*0": (pieces, W), "*1": (pieces, W)}
    yield _case("arrangements.tegum_product", **good)
    rows = Kind(
        (None, 0, "text", [], [0, 0], [-1], [4], [0.5], [[0]], [True], [NAN], [None], ["0"])
    )
    yield _case("arrangements.hadamard_frame", rows=(rows, [0, 1]), n=(size(1, 3, 6, 12), 4))
    yield _case("arrangements.elliptic_quadric", q=(count(2, 4, 7, 10**13), 2))
    plane = np.eye(2)
    points = Kind((*WEIGHTS.bad, W, np.ones((2, 2))))
    places = Kind((*NOT_COUNTS, 2, 10**20))
    yield _case("arrangements.seen_from", points=(points, plane), index=(places, 0))


def cases() -> list[Case]:
    """All of them."""
    parts = (
        _features,
        _models,
        _energies,
        _dynamics,
        _observables,
        _attacks,
        _clusters,
        _arrangements,
    )
    return [case for part in parts for case in part()]
