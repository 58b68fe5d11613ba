"""The public functions of `theory`, what they take, and what they must refuse."""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy as sp

import theory
from tests.fuzz.bad import (
    DENSITIES,
    DENSITY,
    FUNCTION,
    INF,
    NAN,
    NONNEGATIVE,
    NONNEGATIVES,
    NOT_COUNTS,
    NOT_FINITE,
    NOT_FUNCTIONS,
    NOT_NUMBERS,
    POSITIVE,
    POSITIVES,
    REAL,
    REALS,
    Case,
    Kind,
    count,
    size,
)
from theory.symbols import model_symbols

MODULES = tuple(re.findall(r"`(\w+)`", theory.__doc__ or ""))
WITHIN = ("two_features.no_bias",)


def functions() -> dict[str, Callable[..., Any]]:
    """All that the modules in the docstring of `theory` define or name: functions with arguments.

    Of packages what their `__init__` names, of modules what they define.
    """
    found = {}
    for module in (*MODULES, *WITHIN):
        space = importlib.import_module(f"theory.{module}")
        package = hasattr(space, "__path__")
        for name, value in vars(space).items():
            home = getattr(value, "__module__", "")
            mine = home.startswith(f"theory.{module}") if package else home == space.__name__
            if callable(value) and mine and not name.startswith("_"):
                found[f"{module}.{name}"] = value
    return found


def needs_cases() -> set[str]:
    """Functions with arguments; classes are what functions return."""
    return {
        name
        for name, value in functions().items()
        if not inspect.isclass(value) and inspect.signature(value).parameters
    }


def vector(values: tuple[Any, ...] = ()) -> Kind:
    """An array of one axis."""
    return Kind((*NOT_NUMBERS, None, *NOT_FINITE, np.ones((2, 2)), 0.5, *values))


W = np.array([[1.0, 0.5]])
WEIGHTS = Kind(
    (*NOT_NUMBERS, None, *NOT_FINITE[:-1], 0.5, np.ones(2), np.ones((1, 2, 2)), W * NAN, W * INF)
)
PER_FEATURE = (np.ones(3), np.ones((1, 2)), np.ones(1), [])
IMPORTANCE = Kind((*NONNEGATIVES.bad, *PER_FEATURE), NONNEGATIVES.holds, False)
SHARES = Kind((*DENSITIES.bad, *(np.full(3, 0.5), np.full((1, 2), 0.5))), DENSITIES.holds, False)
HESSIAN = Kind(
    (
        *WEIGHTS.bad,
        np.ones((2, 3)),
        np.array([[1.0, 2.0], [0.0, 1.0]]),
        np.zeros((0, 0)),
        -np.eye(2),
    )
)
COUPLINGS, BIAS, DENSITY_SYMBOLS = sp.symbols("g_1:3"), sp.Symbol("b"), sp.symbols("p_1:3")
NOT_EXPRESSIONS = (None, "text", 1j, object(), NAN, np.ones(2), [], {}, lambda: 1, True)
NOT_ROWS = (None, "text", 1j, 0.5, object(), (1.0,), (1.0, "g"), (1.0, None), {}, True, BIAS)
EXPRESSION, ROW = Kind(NOT_EXPRESSIONS), Kind(NOT_ROWS)
FEATURE = Kind((*NOT_COUNTS, 2, 10**20))
FROM = importlib.import_module("theory.universal_optima")
CONFIGURATION = Kind((None, "text", 3, 0.5, (), (2, 3), object(), [], {}, np.ones(3)))


def _case(name: str, broadcasts: tuple[str, ...] = (), **arguments: Any) -> Case:
    """`arguments`: the kind of each, with a good value where the kind has no example."""
    good, kinds = {}, {}
    for argument, given in arguments.items():
        kind, value = given if isinstance(given, tuple) else (given, given.example)
        good[argument] = value
        if kind is not None:
            kinds[argument] = kind
    return Case(name, functions()[name], good, kinds, broadcasts)


def _two_features() -> Iterator[Case]:
    for name in (
        *("ansatz_boundary", "weak_strong_first_order_line", "dedicated_first_order_line"),
        *("strong_stability_limit", "weak_stability_limits", "acute_stability_limit"),
        *("acute_stability_limits", "no_bias.dropped_stability_limit", "no_bias.boundary"),
        "no_bias.antipodal_stability_limit",
    ):
        yield _case(f"two_features.{name}", p=DENSITIES)
    for name in (
        *("weak_strong_coexistence", "dedicated_coexistence", "exchange_coexistence"),
        "no_bias.coexistence",
    ):
        yield _case(f"two_features.{name}", p=DENSITY)
    for name in ("dedicated_stability_limit", "acute_onset"):
        other = DENSITIES.optional(), 0.5
        yield _case(
            f"two_features.{name}", ("p", "second_density"), p=DENSITIES, second_density=other
        )
    for name in ("antipodal_curve", "acute_curve"):
        yield _case(f"two_features.{name}", p=DENSITY, second_density=(DENSITY.optional(), 0.5))
    for name in ("antipodal_states", "acute_states", "ground_state", "dedicated_states"):
        other = DENSITY.optional(), 0.5
        yield _case(f"two_features.{name}", p=DENSITY, r=POSITIVE, second_density=other)
    for name in ("antipodal_states", "confused_state", "dropped_state", "ground_state"):
        yield _case(f"two_features.no_bias.{name}", p=DENSITY, r=POSITIVE)
    for name in ("importance_at_antipodal", "importance_at_confused"):
        yield _case(f"two_features.no_bias.{name}", ("p", "u"), p=DENSITIES, u=DENSITIES)
    yield _case("two_features.acute_barrier", ("p", "r"), p=DENSITIES, r=POSITIVES)
    yield _case("two_features.acute_escape", p=DENSITY, r=POSITIVE)
    yield _case(
        "two_features.acute_rate_at",
        p=DENSITY, r=POSITIVE, temperature=POSITIVE, loss=(FUNCTION, np.sum),
    )  # fmt: skip
    sides = Kind((0, 2, -2, 0.5, NAN, "1", None, [], [1], np.ones(2), 1j, object()))
    yield _case("two_features.normal_form", p=DENSITY, side=(sides, -1))
    wrong = (0, -1, NAN, INF, "text", "1/0", "", 1j, [], [0.5], object(), np.ones(2), True)
    states = Kind(
        (None, "text", 0.5, (1.0, -0.5), (-1.0, -0.5, 0, 0), (1.0, 0.0, 0, 0), (1, NAN, 0, 0), {})
    )
    yield _case(
        "two_features.certify",
        p=(Kind((None, 2, *wrong)), 0.5), r=(Kind((None, *wrong)), 0.5),
        state=(states, (1.0, -0.5, 0.0, 0.0)), second_density=(Kind((2, *wrong)), 0.5),
    )  # fmt: skip


def _three_features() -> Iterator[Case]:
    other = DENSITY.optional(), 0.5
    yield _case("three_features.ansatz_boundaries", p=DENSITIES)
    yield _case("three_features.triangle", p=DENSITY)
    for name in ("isosceles_stability_limits", "digon_12_stability_limit"):
        yield _case(f"three_features.{name}", p=DENSITY, last_density=other)
    for name in ("isosceles_states", "ground_state"):
        yield _case(f"three_features.{name}", p=DENSITY, r=POSITIVE, last_density=other)
    ranges = Kind(
        (None, 0.5, "ab", (0.1,), (0.1, 0.5, 1), (0, 1), (NAN, 1), (-1, 1), (0.5, INF), ("a", "b"))
    )
    yield _case(
        "three_features.transitions",
        p=DENSITY, last_density=other, relative_importance=(ranges, (0.1, 10.0)),
    )  # fmt: skip


def _many_features() -> Iterator[Case]:
    for name in ("loss", "scaling_exponent", "partial_storage_loss"):
        yield _case(f"mean_field.{name}", ratio=DENSITY, density=DENSITY)
    for name in ("linear_loss", "noise"):
        yield _case(f"mean_field.{name}", ("ratio", "density"), ratio=DENSITIES, density=DENSITIES)
    for name in ("storage_ratio", "digon_loss", "edge_slope"):
        yield _case(f"mean_field.{name}", density=DENSITY)
    yield _case(
        "mean_field.stationary_loss",
        ("a", "b", "ratio", "density"),
        a=NONNEGATIVES, b=REALS, ratio=DENSITIES, density=DENSITIES,
    )  # fmt: skip
    powers = size(1, 3, 6, 12)
    rng = Kind((None, 0, 0.5, "text", object(), [], np.ones(2), np.random))
    yield _case(
        "mean_field.hadamard_weights",
        n=(powers, 4), m=(count(1, 5, 100), 2), a=NONNEGATIVE, rng=(rng, np.random.default_rng(0)),
    )  # fmt: skip
    rows = Kind(
        (None, 0, "text", [], [0, 0], [-1], [4], [0.5], [[0]], [True], [NAN], [None], ["0"])
    )
    yield _case(
        "mean_field.hadamard_rows_weights", n=(powers, 4), rows=(rows, [0, 1]), a=NONNEGATIVE
    )
    yield _case("mean_field.hidden_bias", bias=REAL, W=(WEIGHTS, W), density=DENSITY)
    for name in ("loss", "velocity"):
        yield _case(f"linear_flow.{name}", W=(WEIGHTS, W), importance=IMPORTANCE, density=SHARES)
    square = Kind((*WEIGHTS.bad, W))
    yield _case(
        "linear_flow.gram_velocity", G=(square, np.eye(2)), importance=IMPORTANCE, density=SHARES
    )
    yield _case("linear_flow.feature_variance", density=DENSITIES)
    curve = {"t": NONNEGATIVES, "u0": NONNEGATIVES, "rate": NONNEGATIVES}
    yield _case("linear_flow.logistic", ("t", "u0", "rate"), **curve)
    reached = Kind((*NOT_NUMBERS, None, *NOT_FINITE, 1.0, 0.25, 1.5, [0.5, 1.0]), None, False, 0.75)
    yield _case("linear_flow.logistic_time", ("u", "u0"), u=reached, u0=POSITIVES, rate=POSITIVES)
    yield _case(
        "linear_flow.isotropic_weights",
        t=NONNEGATIVES, W0=(WEIGHTS, W), importance=NONNEGATIVE, density=DENSITY,
    )  # fmt: skip
    law = {"importance": NONNEGATIVES, "density": DENSITIES}
    yield _case("linear_flow.mode_rates", ("importance", "density"), **law)
    yield _case(
        "linear_flow.aligned_modes",
        t=NONNEGATIVES, u0=(vector((-1, [0.5, -1.0])), np.array([0.5, 0.5])),
        importance=IMPORTANCE, density=SHARES,
    )  # fmt: skip
    each = {"importance": (IMPORTANCE, np.ones(2)), "density": (SHARES, np.full(2, 0.5))}
    yield _case("linear_flow.takeover_rate", **each)
    yield _case("linear_flow.linear_optimum", m=(count(), 1), **each)
    yield _case("linear_flow.recovery", W=(WEIGHTS, W), density=SHARES)
    single = {"importance": NONNEGATIVES, "density": DENSITIES}
    yield _case(
        "linear_flow.single_feature", ("t", "u0", "importance", "density"),
        t=NONNEGATIVES, u0=NONNEGATIVES, **single,
    )  # fmt: skip
    single = {"importance": POSITIVES, "density": DENSITIES}
    yield _case("linear_flow.single_feature_time", ("u", "u0"), u=reached, u0=POSITIVES, **single)


def _access() -> Iterator[Case]:
    yield _case("linear_access.probe_recovery", W=(WEIGHTS, W), density=SHARES)
    asymmetric = np.array([[1.0, 0.5], [0.2, 1.0]])
    gram = Kind((*WEIGHTS.bad, W, asymmetric, -np.eye(2))), np.eye(2)
    for name in ("detection", "sparse_detection", "linear_parts"):
        yield _case(f"interference.{name}", G=gram, density=DENSITY)
    biases = (*NOT_NUMBERS, None, *NOT_FINITE[:-1], 0.5, np.ones(3), [])
    for name in ("value_error", "sparse_interference"):
        yield _case(f"interference.{name}", G=gram, b=(Kind(biases), np.zeros(2)), density=DENSITY)
    yield _case("mean_field.detection", ("ratio", "density"), ratio=DENSITIES, density=DENSITIES)
    yield _case("mean_field.parts", a=NONNEGATIVE, b=REAL, ratio=DENSITY, density=DENSITY)
    yield _case("adversarial.mean_input_norm", n=(count(), 4), density=DENSITY)
    yield _case("adversarial.sensitivity", W=(WEIGHTS, W))
    yield _case(
        "adversarial.one_output_vulnerability", ("sensitivity", "residual", "radius"),
        sensitivity=NONNEGATIVES, residual=REALS, radius=POSITIVES,
    )  # fmt: skip
    yield _case(
        "adversarial.frame_vulnerability", ("dimensions_per_feature", "open_share"),
        dimensions_per_feature=POSITIVES, open_share=DENSITIES,
    )  # fmt: skip
    yield _case(
        "adversarial.piece_maximum",
        matrix=(WEIGHTS, W), residual=(vector((np.ones(2), [])), np.ones(1)), radius=POSITIVE,
    )  # fmt: skip
    yield _case(
        "adversarial.mean_field_vulnerability", n=(count(), 4), m=(count(1, 5), 2), density=DENSITY
    )


def _figures() -> Iterator[Case]:
    weights = Kind((*NOT_NUMBERS, None, *NOT_FINITE, -0.1, [0.5, -1.0]))
    yield _case(
        "two_features.energy_profile", p=DENSITY, r=POSITIVE, weights=(weights, np.zeros(2))
    )
    below = Kind((*NOT_NUMBERS, None, *NOT_FINITE, 0.5, [-0.5, 0.5]), None, False, -0.5)
    for name in ("pair_energy", "pair_torque"):
        yield _case(
            f"pairs.{name}", ("angle", "norm", "bias"), angle=REALS, norm=POSITIVES, bias=below
        )


def _laws() -> Iterator[Case]:
    yield _case(
        "kramers.arrhenius", ("barrier", "temperature"),
        barrier=REALS, temperature=POSITIVES, prefactor=REAL,
    )  # fmt: skip
    saddle = np.diag([1.0, -1.0])
    modes = Kind((*NOT_COUNTS[:-2], 2, 10**20))
    yield _case(
        "kramers.kramers_rate", ("barrier", "temperature"),
        barrier=REALS, temperature=POSITIVES, minimum=(HESSIAN, np.eye(2)),
        saddle=(Kind((*HESSIAN.bad, np.eye(2), np.diag([1.0, 1.0, -1.0]))), saddle),
        zero_modes=(modes, 0), orbit_ratio=POSITIVE,
    )  # fmt: skip
    forms = Kind(
        (*NOT_FUNCTIONS, lambda v: -np.sum(v**2, axis=0), lambda v: v[0] * NAN, lambda v: 1.0)
    )
    yield _case(
        "kramers.well_weight",
        form=(forms, lambda v: np.sum(v**2, axis=0)), reference=(HESSIAN, np.eye(2)),
        power=(count(0, 31, HUGE_POWER), 4),
    )  # fmt: skip
    yield _case("bounds.linear_recovered", n=(count(), 4), m=(count(), 2), threshold=DENSITIES)
    yield _case(
        "bounds.compressed_sensing_dimensions", n=(count(), 4),
        active=Kind((*POSITIVES.bad, 4.5), lambda x: 0 < x <= 4, False),
    )  # fmt: skip
    yield _case("bounds.compressed_sensing_density", ratio=DENSITY)
    inside = Kind((*DENSITIES.bad, 1.0), lambda x: 0 < x < 1, False)
    for name in ("welch_coherence", "least_mean_square", "coherence_bound"):
        yield _case(f"packing.{name}", n=(count(), 4), m=(count(), 2))
    cosines = Kind((*REALS.bad, 1.0, -1.0, [0.5, 2.0]), lambda x: -1 < x < 1, False)
    yield _case("packing.cosine_density", m=(count(2), 3), cosine=cosines)
    yield _case("packing.rankin_cosine", n=(count(2), 4), m=(count(), 2))
    for name in ("welch_count", "most_directions"):
        yield _case(f"packing.{name}", m=(count(), 2), coherence=inside)
    for name in ("random_overlap", "almost_orthogonal_count"):
        yield _case(f"packing.{name}", m=(count(2), 2), coherence=inside)
    yield _case(
        "growth.free_rate", ("importance", "density"), importance=NONNEGATIVES, density=DENSITIES
    )
    yield _case(
        "growth.paired_rate", ("importance", "stored", "density"),
        importance=NONNEGATIVES, stored=NONNEGATIVES, density=DENSITIES,
    )  # fmt: skip
    yield _case(
        "growth.plateau_length", ("start", "rate", "end"),
        start=POSITIVES, rate=POSITIVES, end=POSITIVES,
    )  # fmt: skip
    yield _case("growth.jump_speed", ("rate", "ratio"), rate=NONNEGATIVES, ratio=POSITIVES)


HUGE_POWER = 10**6


def _exact() -> Iterator[Case]:
    yield _case(
        "population_loss.population_loss",
        W=(Kind((*WEIGHTS.bad, np.ones((1, 7)))), W),
        b=(vector((np.ones(3), np.ones(1))), np.zeros(2)), importance=IMPORTANCE, density=SHARES,
    )  # fmt: skip
    for name in (
        *("linear_loss", "rectification_gain", "feature_loss", "positive_part_feature_loss"),
    ):
        yield _case(
            f"population_loss.{name}", couplings=(ROW, COUPLINGS), bias=(EXPRESSION, BIAS),
            density=(ROW, DENSITY_SYMBOLS), feature=(FEATURE, 0),
        )  # fmt: skip
    sets = Kind((*(value for value in NOT_ROWS if value != (1.0,)), [BIAS] * 40))
    yield _case("population_loss.active_sets", density=(sets, DENSITY_SYMBOLS))
    symbols = Kind((None, 0, "text", object(), [], (1, 2), {}))
    yield _case("population_loss.total_loss", symbols=(symbols, model_symbols(1)))
    for name in ("derivation", "derivation_latex"):
        yield _case(f"derivation.{name}", n_features=(size(1, 7, 40), 1))
    for name in ("acute_neighbours",):
        yield _case(f"polygons.{name}", k=(count(), 3))
    for name in ("branches", "critical_polygon", "crossing_importance"):
        yield _case(f"polygons.{name}", k=(size(), 3))
    for name in ("self_and_neighbours", "stationarity"):
        yield _case(f"polygons.{name}", k=(count(), 5), active=(Kind((*NOT_COUNTS, 2, 10**9)), 1))
    yield _case(
        "polygons.height_with_unused", k=(size(1, 6), 3), features=(count(1, 2), 5),
        positive=(Kind((*NOT_COUNTS, 3, 10**20)), 0),
    )  # fmt: skip
    yield _case("polygons.largest_worth_storing", features=(size(), 2))
    yield _case("polygons.spectrum", k=(size(5), 5))
    for name in ("simplex", "cross_polytope"):
        yield _case(f"universal_optima.{name}", d=(count(), 3))
    yield _case("universal_optima.regular_polygon", k=(size(2), 3))
    yield _case("universal_optima.elliptic_quadric", q=(count(2), 2))
    powers = Kind(
        (-1, -0.5, NAN, INF, 1j, None, "text", "0.5", object(), [], [1], np.ones(2), True)
    )
    yield _case(
        "universal_optima.riesz_energy",
        configuration=(CONFIGURATION, FROM.CLEBSCH), s=(powers, 1),
    )  # fmt: skip
    yield _case("universal_optima.rectified_energy", configuration=(CONFIGURATION, FROM.CLEBSCH))


def _few_features() -> Iterator[Case]:
    for name in ("dropped_loss", "half_loss"):
        yield _case(f"absolute_value.{name}", density=DENSITIES)
    yield _case("absolute_value.motif", density=DENSITY)
    yield _case("absolute_value.sharing_density", relative_importance=DENSITY)
    ranked = Kind((*NOT_NUMBERS, None, *NOT_FINITE, -1, [1, -1], np.ones((2, 2))))
    for name in ("monosemantic_loss", "motif_loss", "losses_of_motifs"):
        yield _case(
            f"absolute_value.{name}",
            importance=(ranked, np.ones(3)), neurons=(count(), 4), density=DENSITY,
        )  # fmt: skip
    yield _case("absolute_value.motif_network", asymmetry=DENSITY, inhibition=NONNEGATIVE)
    yield _case("absolute_value.six_neuron_network", features=(size(2), 3), spread=DENSITY)
    together = Kind((*NOT_NUMBERS, None, *NOT_FINITE, -0.1, 1.1, [0.5, 2.0]), None, False, 0.5)
    few = Kind((*DENSITIES.bad,), None, False, 0.2)
    yield _case(
        "correlated.principal_component_loss", ("density", "together"),
        density=few, together=together,
    )  # fmt: skip
    one = Kind((*together.bad, [0.5], np.full(2, 0.5)))
    yield _case("correlated.antipodal_state", density=(DENSITY, 0.2), together=(one, 0.5))
    yield _case("correlated.crossover", density=(Kind((*DENSITY.bad, 0.9)), 0.2))
    yield _case("correlated.tilt_limit", density=(Kind((*DENSITY.bad, 1.0)), 0.2))
    pair = vector((np.ones(3), np.ones(1), []))
    both = Kind((*NOT_NUMBERS, None, *NOT_FINITE, -0.1, 0.3, [0.1]))
    shares = Kind((*DENSITIES.bad, np.full(3, 0.2), np.full((2, 2), 0.2)))
    yield _case(
        "correlated.loss", w=(pair, np.ones(2)), b=(pair, np.zeros(2)),
        density=(shares, 0.2), both=(both, 0.1),
    )  # fmt: skip
    above_one = (0.5, -1, 10**400)
    kurtosis = Kind((*REAL.bad, *above_one), lambda x: 1 <= x < INF, True, 2.0)
    values = Kind((*REALS.bad, np.ones(3), np.ones((1, 2))), None, False)
    yield _case("capacity.loss", W=(WEIGHTS, W), value=values, kurtosis=kurtosis)
    for name in ("shared_range", "coexistence_range"):
        yield _case(f"capacity.{name}", kurtosis=kurtosis)
    yield _case("capacity.ground_state", first=POSITIVE, second=POSITIVE, kurtosis=kurtosis)


def cases() -> list[Case]:
    """All of them."""
    parts = (
        _access,
        _figures,
        _two_features,
        _three_features,
        _many_features,
        _laws,
        _exact,
        _few_features,
    )
    return [case for part in parts for case in part()]
