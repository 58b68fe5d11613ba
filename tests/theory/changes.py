"""Changes of first order of three features in two dimensions, one of every kind."""

import functools

from theory import three_features as theory
from theory.three_features import Transition

# p and the phases below and above.
CHANGES = [
    (0.2, "dropped", "digon 13"),
    (0.53, "isosceles", "digon 13"),
    (0.54, "digon 13", "isosceles"),
    (0.65, "isosceles", "digon 12"),
    (0.87, "dropped", "digon 13"),
    (0.87, "digon 13", "isosceles"),
    (0.93, "isosceles", "isosceles"),
    (0.93, "isosceles", "scalene"),
    (0.93, "scalene", "digon 12"),
    (0.97, "dropped", "isosceles"),
]


def _change(p: float, below: str, above: str) -> Transition:
    """The change of first order between two phases at density p."""
    (change,) = [
        change
        for change in theory.transitions(p)
        if (change.below.phase, change.above.phase) == (below, above)
    ]
    assert not change.continuous
    return change


@functools.cache
def changes() -> list[Transition]:
    return [_change(*row) for row in CHANGES]
