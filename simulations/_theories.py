"""What theory has for each model, by the number of features and whether r and 1/r are one."""

from ._three_theory import ThreeTheory
from ._two_theory import TwoTheory, UnequalTheory

THEORIES = {(2, True): TwoTheory, (2, False): UnequalTheory, (3, False): ThreeTheory}
