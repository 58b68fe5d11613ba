"""All tests, in three passes: `python -m tests [options for pytest]`.

1. float64, every function of `tms_physics` checked against its jaxtyping annotations;
2. tests marked `no_hook`: our own error messages, which those checks would pre-empt, and all
   simulations, which they would slow down;
3. tests marked `float32`, with x64 off.

`python -m tests --device gpu [options]` runs on a GPU instead what holds on any device: tests
marked `device` or `float32`, in double precision, then those marked `float32` with x64 off.
"""

import os
import subprocess
import sys

NO_TESTS_COLLECTED = 5
WORKERS = str(min(os.cpu_count() or 1, 4))
SPREAD = ["-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder"]
PASSES: dict[str, tuple[list[str], dict[str, str]]] = {
    "float64, types checked": (SPREAD, {}),
    "simulations and error messages, types not checked": (
        [*SPREAD, "-m", "no_hook", "--jaxtyping-packages="],
        {},
    ),
    "float32": ([*SPREAD, "-m", "float32"], {"JAX_ENABLE_X64": "0"}),
}
ON_GPU = {"JAX_PLATFORMS": "cuda,cpu", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}
GPU_PASSES: dict[str, tuple[list[str], dict[str, str]]] = {
    "on a GPU": (["-m", "device or float32"], ON_GPU),
    "on a GPU, float32": (["-m", "float32"], ON_GPU | {"JAX_ENABLE_X64": "0"}),
}


def gpu_complaint(device: str) -> str:
    """Why there is no pass on this device; empty for a GPU that JAX finds."""
    if device != "gpu":
        return f"Argument `device` must be gpu, but is {device!r}."
    command = [sys.executable, "-c", "import jax; jax.devices('gpu')"]
    found = subprocess.run(command, env=os.environ | ON_GPU, capture_output=True).returncode == 0
    return "" if found else "Argument `device` is gpu, but JAX finds no GPU here."


def run(name: str, options: list[str], variables: dict[str, str], extra: list[str]) -> int:
    print(f"\n--- {name} ---", flush=True)
    command = [sys.executable, "-m", "pytest", *options, *extra]
    return subprocess.call(command, env=os.environ | variables)


def main(extra: list[str]) -> int:
    """0 if every pass that found tests passed, and at least one did; 2 without the GPU asked for.

    A pass may find none only where `extra` selects among the tests.
    """
    passes = PASSES
    if extra[:1] == ["--device"]:
        if complaint := gpu_complaint(" ".join(extra[1:2])):
            print(complaint, file=sys.stderr)
            return 2
        passes, extra = GPU_PASSES, extra[2:]
    codes = [run(name, options, variables, extra) for name, (options, variables) in passes.items()]
    allowed = {0, NO_TESTS_COLLECTED} if extra else {0}
    return int(not (allowed.issuperset(codes) and 0 in codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
