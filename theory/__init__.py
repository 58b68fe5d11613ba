"""Symbols and closed forms (sympy) turned into numbers (numpy), apart from the JAX numerics.

`population_loss` exact expected loss for few features; `derivation` its steps, checked by sympy;
`two_features` the phase boundaries of two features in one dimension; `three_features` the phases
of three in two; `linear_flow` closed flows and the optimum of the linear model; `mean_field` many
features with Gaussian interference; `kramers` rates of escape; `bounds` how many features fit;
`packing` how many directions; `linear_access` what linear probes recover; `interference` detection,
and what ReLU filters out; `polygons` critical k-gons of the sparse limit; `pairs` two particles
there; `universal_optima` exact energies of symmetric configurations; `growth` of features out of
small weights; `absolute_value` small exact solutions of the network that computes |x|; `correlated`
two features that are active together or never; `capacity` shared dimensions; `adversarial` how much
attacks on the inputs raise the loss.
"""
