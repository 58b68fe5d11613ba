"""Rates at which noise carries the acute state over to the antipodal one, at low temperature.

Between the two lie the dedicated states, at a kink of the loss: with v = (δw₁, w₂, b₁, δb₂) from
w = (1, 0), b = (0, p/2), to second order

    L - rV = 4V δw₁² + V w₂² + (p δw₁ + p w₂/2 + b₁)² - r V w₂² + r (p w₂/2 + δb₂)²
             - (1-p) E ReLU(-(b₁ + w₂ x₂))²,   V = p/3 - p²/4,

whose last term, the gain of a silent output 1 while x₁ = 0, is homogeneous of degree 2 and not
quadratic. The passage over it is solved for by `theory.passage`.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_one_density, check_positive, check_relative_importance
from theory.kramers import Form
from theory.passage import passage_weight
from theory.two_features.closed_forms import acute_onset
from theory.two_features.equations import loss_curvature
from theory.two_features.excess import ACUTE, Family, excess_at
from theory.two_features.states import State, dropped_feature_loss
from theory.two_features.stationary_states import acute_states

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AcuteEscape:
    """The passes and wells between which the rate is decided, in the units of the loss.

    `minima` (K, 4): the acute ones as (w₁, w₂, b₁, b₂), lowest first, w > 0; `wells` (K,): their
    losses, and `hessians` (K, 4, 4) there; `passes` (2,): losses of dedicated to 1 and to 2, and
    `pass_weights` (2,) as in `theory.kramers`. For one sign of w: the other has the same.
    """

    minima: Array
    wells: Array
    hessians: Array
    passes: Array
    pass_weights: Array

    @property
    def well_weights(self) -> Array:
        """(2π)² det^{-1/2} of each well."""
        return (2 * np.pi) ** 2 / np.sqrt(np.linalg.det(self.hessians))

    @property
    def barrier(self) -> float:
        """From the lowest acute minimum to the lower pass: `acute_barrier`."""
        return float(self.passes.min() - self.wells[0])

    def rates(self, temperature: ArrayLike) -> Array:
        """Rates over either pass (..., 2) at temperatures T (...), the wells in equilibrium.

        k_s = e^{-L_s/T} pass weight/Σ_wells e^{-L/T} well weight. Asymptotically exact as T → 0.
        """
        heat = check_positive("temperature", temperature)[..., None]
        wells = self.well_weights * np.exp(-(self.wells - self.wells[0]) / heat)
        over = self.pass_weights * np.exp(-(self.passes - self.wells[0]) / heat)
        return over / np.sum(wells, axis=-1, keepdims=True)


def acute_escape(p: float, r: float) -> AcuteEscape | None:
    """The wells and passes of the escape from acute states at density p, relative importance r.

    Good where dedicated is the saddle on the way to antipodal states, min(r, 1/r) > `acute_onset`;
    None elsewhere and where no acute state is a minimum. Pass weights to 1 % (from above).
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite.
    Source: derived here, by `theory.kramers`.
    """
    return _acute_escape(check_one_density(p, "p"), check_relative_importance(r, "r"))


@functools.lru_cache(maxsize=64)
def _acute_escape(p: float, r: float) -> AcuteEscape | None:
    if not min(r, 1 / r) > float(acute_onset(p)):
        return None
    minima = [state for state in acute_states(p, r) if state.stable]
    if not minima:
        return None
    forms = pass_forms(p, r)
    return AcuteEscape(
        minima=np.array([[*state.weights, *state.biases] for state in minima]),
        wells=np.array([state.loss for state in minima]),
        hessians=np.array([_hessian(state, p, r) for state in minima]),
        passes=dropped_feature_loss(p) * np.array([r, 1.0]),
        pass_weights=np.array([passage_weight(form, 4, W2) for form in forms]),
    )


def pass_forms(p: float, r: float) -> tuple[Form, Form]:
    """Q about dedicated to 1 and, its coordinates exchanged with those of 1, dedicated to 2."""
    return (lambda v: dedicated_form(v, p, r)), (lambda v: r * dedicated_form(v, p, 1 / r))


def _hessian(state: State, p: float, r: float) -> Array:
    """Second derivatives in (w₁, w₂, b₁, b₂), from those in the coordinates of `excess`."""
    v = state.weights[1]
    slopes = np.array([state.weights[0] - 1, state.biases[0], state.biases[1] - p / 2]) / v
    y = np.append(v, slopes)
    curvature = v**2 * loss_curvature(y, excess_at(y, Family(p, p, ACUTE), r))
    jacobian = np.zeros((4, 4))  # of (w₁, w₂, b₁, b₂) in (v, a, β, γ)
    jacobian[:, 0] = slopes[0], 1.0, slopes[1], slopes[2]
    jacobian[[0, 2, 3], [1, 2, 3]] = v
    inverse = np.linalg.inv(jacobian)
    return inverse.T @ curvature @ inverse


W2 = 1  # place of w₂ in v: its sign tells the two sides of dedicated to 1


def dedicated_form(v: Array, p: float, r: float) -> Array:
    """Q with L = rV + Q(v)/2 + o(v²) about dedicated to 1; v = (δw₁, w₂, b₁, δb₂), (4, M) -> (M,).

    Importances (1, r), equal densities p. Source: derived here, see the module.
    """
    first, w, b, second = v
    dropped = dropped_feature_loss(p)
    linear = 4 * dropped * first**2 + (p * first + p * w / 2 + b) ** 2
    linear = linear + (1 - r) * dropped * w**2 + r * (p * w / 2 + second) ** 2
    return 2 * (linear - (1 - p) * ((1 - p) * _negative(b) ** 2 + p * _mean_square(b, w)))


def _negative(b: Array) -> Array:
    return np.maximum(-b, 0.0)


def _mean_square(b: Array, w: Array) -> Array:
    """∫₀¹ ReLU(-(b + w x))² dx; where output 1 is silent on [0, 1] throughout, a polynomial."""
    silent = (b <= 0) & (b + w <= 0)
    slope = np.where(silent | (w == 0), 1.0, w)
    mixed = (_negative(b) ** 3 - _negative(b + w) ** 3) / (3 * slope)
    return np.where(silent, b**2 + b * w + w**2 / 3, np.where(w == 0, _negative(b) ** 2, mixed))
