"""Questions answered by computing: each module turns a config into a labelled dataset on disk.

Run one with `python -m simulations.NAME`; `python -m simulations` lists them.

A module has a frozen `Config` (its docstrings are the `--help`), `run(config, execute)` that gives
an xarray Dataset, `summary` and `table` of it, and a `SIMULATION` that names them all. `run` states
its work as stages of independent cells, executes them, and reads their results (`_sweep.py`,
`_execution.py`); everything else is done for it (`_entry.py`).
"""
