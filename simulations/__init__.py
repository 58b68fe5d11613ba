"""Questions answered by computing: each module turns a config into a labelled dataset on disk.

Run one with `python -m simulations.NAME`; `python -m simulations` lists them.

A module has a frozen `Config` (its docstrings are the `--help`), `run(config, execute)` that gives
an xarray Dataset, `summary` and `table` of it, and a `SIMULATION` that names them all. `run` states
its work as stages of independent cells, executes them, and reads their results (`_sweep.py`,
`_execution.py`); everything else is done for it (`_entry.py`).
"""

import os

# Sums of a BLAS change their last bits with its number of threads, and SciPy's descents carry
# these on to other ends. Set before NumPy loads; a number given by the user is kept.
for _blas in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_blas, "1")
