"""Refuses the JAX releases that are known to compute wrong or unusable results."""

import jax

_REASONS = {
    "0.10.2": "it computes wrong numbers on CPU (jax-ml/jax#39103)",
    "0.11.0": "some reductions crash its CPU compiler",
    "0.11.1": "a scan with stacked outputs takes quadratic time",
}


def check_jax_version(version: str = jax.__version__) -> None:
    """Raise `ImportError` where `version` is a release this package must not run on.

    The releases are excluded in `pyproject.toml` too; this check serves environments that were
    put together by hand.
    """
    reason = _REASONS.get(version)
    if reason is not None:
        raise ImportError(
            f"tms_physics does not run on JAX {version}: {reason}. "
            "Install another release, for example `pip install jax==0.10.1` (Python 3.11) "
            "or `pip install 'jax>=0.11.2,<0.13'` (Python 3.12 or later)."
        )


check_jax_version()
