"""The trapezoid rule along Re s = c, in units of the period P: s_k = c + i h k, h just below 2π.

The step h has so few digits that h k is exact in single precision too: at a rounded node the
factors of all n features would be off alike, and their product n times as much.

With T = 2π/h no less than the range of |z| its error has two parts. The aliases Σ_{k≥1} e^{-ckT} of
z + kT, where z + kT > 0: second moments, known exactly. And the end of the sum: a smooth taper
spares all kinks of the distribution of z but those near 0, whose share falls with an inverse power
of the number of nodes K. So the sums at K/2 and K/4 tell how far the one at K may be off.
"""

import numpy as np

SHIFT = 5.0
STEP = 201 / 32  # h
PERIOD = 2 * np.pi / STEP  # T = 1.0003
BLOCK = 32
ORDERS = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
LEVELS = tuple(sorted({k for order in ORDERS for k in (order // 4, order // 2, order)}))
MAX_NODES = ORDERS[-1]
SAFETY = 1 / 5  # of the last change, as the error: 1/7 if it falls as K⁻³, and some room
EARLIER = 1 / 150  # of the change before, in case the last one is small by chance
_FLAT = 0.5  # share of the nodes that the taper leaves alone


def _taper(x: np.ndarray) -> np.ndarray:
    """1 up to x = 0.5, 0 from x = 1 on, smooth to all orders in between."""
    t = np.clip((x - _FLAT) / (1 - _FLAT), 2e-3, 1 - 2e-3)
    inside = 1.0 / (1.0 + np.exp(1.0 / (1.0 - t) - 1.0 / t))
    return np.where(x <= _FLAT, 1.0, np.where(x >= 1.0, 0.0, inside))


def weights() -> np.ndarray:
    """Weights (MAX_NODES, levels) of Re[integrand] at each node, for every number of nodes."""
    k = np.arange(MAX_NODES)[:, None]
    end = np.where(k == 0, 1.0, 2.0) / PERIOD  # h/π, and half at the first
    return end * _taper(k / np.array(LEVELS)[None])


def order_tables() -> tuple[np.ndarray, ...]:
    """For each number of blocks 0, 1, ...: is an order K complete, the levels of K, K/2, K/4."""
    count = MAX_NODES // BLOCK
    complete = np.zeros(count + 1, bool)
    levels = np.zeros((3, count + 1), int)
    for order in ORDERS:
        complete[order // BLOCK] = True
        levels[:, order // BLOCK] = [LEVELS.index(order // share) for share in (1, 2, 4)]
    return complete, *levels
