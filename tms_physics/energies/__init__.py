"""Energies: exact population loss, sampled loss."""
