"""Symbols and closed forms (sympy) turned into numbers (numpy), apart from the JAX numerics.

`population_loss` exact expected loss for few features; `derivation` its steps, checked by sympy;
`two_features` the phase boundaries of two features in one dimension; `kramers` rates of escape.
"""
