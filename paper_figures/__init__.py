"""Figures: a dataset and theory in, a picture out. Nothing here computes physics."""
