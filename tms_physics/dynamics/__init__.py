"""Dynamics on any energy: flows, minimisation, stability, training."""
