"""The population loss of many features, by numerical inversion of a Laplace transform.

Row i of the model is z = b + d x_i + Σ_{j≠i} g_j x_j, with b = b_i, d = G_ii, g_j = G_ij, and its
loss is p_i/3 + E[z₊² - 2 x_i z₊]. With M(s) = E exp(s Σ_{j≠i} g_j x_j) = Π_j F_j,
F_j = 1 - p_j + p_j φ(s g_j), φ(u) = (e^u - 1)/u, and the transforms 2/s³ of z₊² and 1/s² of z₊,
it is

    p_i/3 + (1/2πi) ∫ e^{sb} κ(s) M(s) ds,    κ = κ₀ + κ₁,
    κ₀ = 2 (1 - p_i)/s³,    κ₁ = p_i [2 φ(sd)/s³ - 2 ψ(sd)/s²],    ψ(u) = ∫₀¹ x e^{ux} dx,

along Re s = c > 0. The files, in the order of the calculation:

    support     a period P that bounds |z| but for a share of 1e-12: rows are scaled by it
    moments     the mean of the small couplings, and the moments that the aliases need
    few_active  what is known in closed form: no other feature is active, or one
    idle        probabilities that none of the others is active, to all digits
    product     M less its part of closed form, node by node, without cancellation
    series      the same for many features of one density, by interpolation in g
    others      which of the two, block by block
    nodes       the trapezoid rule: nodes, tapers that end it, orders
    kernel      e^{sb} κ at the nodes, and what is left of M there
    rows        the loop over nodes until the error estimate is small; value and slopes
    loss        the sum over rows, with its derivatives
"""
