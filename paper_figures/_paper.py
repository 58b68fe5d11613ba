"""Sizes in Elhage et al. 2022, Toy Models of Superposition, beside which ours may be smaller.

Numbers of the literature, not of the data: captions name them with their source.
"""

SOURCE = "Elhage et al. 2022"
UNIFORM = (400, 30)  # equal features and dimensions, “The geometry of superposition”
NETWORKS = 1000  # at each density, “Superposition in a privileged basis”; the best is kept


def smaller(n: int, m: int) -> str:
    """A sentence where n features in m dimensions are fewer than the paper's, else nothing."""
    features, dimensions = UNIFORM
    if n >= features and m >= dimensions:
        return ""
    return (
        f" Smaller than in the paper: {SOURCE} have {features} features in {dimensions} dimensions."
    )


def fewer(networks: int) -> str:
    """A remark where so many networks at each density are fewer than the paper's."""
    return f" (fewer than the {NETWORKS} of {SOURCE})" if networks < NETWORKS else ""
