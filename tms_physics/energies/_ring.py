"""The pair sums with the features split over devices, of one process or of many.

Every device holds its share of the features, and a copy of another share that goes round the
ring: in as many turns as there are devices each pair of shares meets. A device never holds more
than two shares, O(n m/D + tile²) numbers, and sends n (m + 4)/D numbers a turn.
"""

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from ._tiles import Charges, PairSlopes, pair_sums


def ring_sums(features: Charges, mesh: Mesh) -> PairSlopes:
    """`pair_sums` of all features with themselves; results are split as the features are."""
    axis = mesh.axis_names[0]
    onwards = [(i, (i + 1) % mesh.size) for i in range(mesh.size)]

    def turn(state: tuple, _: None) -> tuple[tuple, None]:
        own, sums, visitor = state
        sums = jax.tree.map(jnp.add, sums, pair_sums(own, visitor))
        visitor = jax.tree.map(lambda a: jax.lax.ppermute(a, axis, onwards), visitor)
        return (own, sums, visitor), None

    def share(own: Charges) -> PairSlopes:
        shapes = jax.eval_shape(pair_sums, own, own)
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return jax.lax.scan(turn, (own, zeros, own), length=mesh.size)[0][1]

    split = P(axis)
    return jax.shard_map(share, mesh=mesh, in_specs=split, out_specs=split, check_vma=False)(
        features
    )
