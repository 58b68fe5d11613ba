"""Exact arrangements of particles: columns of unit norm in float64, as numpy arrays (m, n).

Their feature dimensionality D_i (`tms_physics.feature_dimensionality`) stands with each. In a
tight frame of n unit vectors, WWᵀ = (n/m) 1 and every D_i = m/n.
"""

from .exceptional import cell_24 as cell_24
from .exceptional import cell_600 as cell_600
from .exceptional import cuboctahedron as cuboctahedron
from .exceptional import dodecahedron as dodecahedron
from .exceptional import e8_roots as e8_roots
from .exceptional import gosset_56 as gosset_56
from .exceptional import icosahedron as icosahedron
from .exceptional import schlaefli_27 as schlaefli_27
from .families import antiprism as antiprism
from .families import bipyramid as bipyramid
from .families import cross_polytope as cross_polytope
from .families import cube as cube
from .families import demicube as demicube
from .families import digon as digon
from .families import hadamard_frame as hadamard_frame
from .families import polygon as polygon
from .families import prism as prism
from .families import simplex as simplex
from .families import tegum_product as tegum_product
from .quadrics import elliptic_quadric as elliptic_quadric
from .quadrics import seen_from as seen_from
