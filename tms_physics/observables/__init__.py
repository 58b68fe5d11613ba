"""Observables: functions of arrays, not of energies."""
