"""One page to explore the datasets by hand: the phase diagram, five features, Thomson's problem."""
