"""Features split over devices and over processes: the numbers of one device."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import tms_physics as tp

ROOT = Path(__file__).resolve().parents[1]
N, M = 10, 3

PROGRAM = """
import sys
import jax
import numpy as np
import tms_physics as tp
from tms_physics._memory import available_memory

jax.config.update("jax_enable_x64", True)
process, processes = tp.join_cluster() if sys.argv[2] == "cluster" else (0, 1)
given = dict(np.load(sys.argv[1]))
mesh = tp.feature_mesh()
assert mesh.size == 2, mesh
assert available_memory() > 0
if processes == 2:
    n = given["b"].shape[0] // 2
    mine = {k: a[..., process * n : (process + 1) * n] for k, a in given.items()}
    given = {k: tp.share_features(mesh, a) for k, a in mine.items()}
out = tp.evaluate_sparse_limit(given.pop("W"), given.pop("b"), **given, mesh=mesh)
for number, shard in enumerate(out.forces.addressable_shards):
    assert shard.data.shape == (3, 5)
    place = process + number
    split = {"forces": out.forces, "W": out.gradient[0], "b": out.gradient[1]}
    split |= {"one_body": out.one_body, "pairs": out.pairs}
    parts = {name: array.addressable_shards[number].data for name, array in split.items()}
    np.savez(f"{sys.argv[1]}.{place}.npz", energy=out.energy, **parts)
if processes == 2:
    shares = [tp.share_features(mesh, mine[name]) for name in ("W", "b")]
    wrong = tp.share_features(mesh, mine["W"] + [0, np.nan][process])
    for W, b in ((wrong, shares[1]), (np.full((3, 10), 1.0 + process), np.zeros(10)),
                 (shares[0], np.full(10, -1.0 - process))):
        try:
            tp.evaluate_sparse_limit(W, b, importance=1.0, mesh=mesh)
        except ValueError as error:
            print(error)
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    rng = np.random.default_rng(2)
    numbers = {
        "W": rng.normal(size=(M, N)),
        "b": -rng.uniform(0, 0.3, N),
        "importance": rng.uniform(0.5, 2, N),
        "relative_density": rng.uniform(0.5, 2, N),
    }
    path = tmp_path_factory.mktemp("cluster") / "given.npz"
    np.savez(path, allow_pickle=False, **numbers)
    return path, numbers


def started(path: Path, mode: str, **variables: object) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "OMPI"))}
    environment |= {"JAX_PLATFORMS": "cpu"} | {k: str(v) for k, v in variables.items()}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(path), mode]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def said(programs: list[subprocess.Popen[str]]) -> list[str]:
    """What they print, once all have ended well; none is left running."""
    try:
        texts = [program.communicate(timeout=100) for program in programs]
    finally:
        for program in programs:
            program.kill()
    assert [program.returncode for program in programs] == [0] * len(programs), texts
    return [text for text, _ in texts]


def compare(path: Path, numbers: dict[str, np.ndarray]) -> None:
    how = {k: numbers[k] for k in ("importance", "relative_density")}
    one = tp.evaluate_sparse_limit(numbers["W"], numbers["b"], **how)
    parts = [np.load(f"{path}.{place}.npz") for place in range(2)]
    for part in parts:
        np.testing.assert_allclose(part["energy"], one.energy, rtol=1e-13)
    alone = {"forces": one.forces, "W": one.gradient[0], "b": one.gradient[1]}
    alone |= {"one_body": one.one_body, "pairs": one.pairs}
    for name, expected in alone.items():
        whole = np.concatenate([part[name] for part in parts], axis=-1)
        np.testing.assert_allclose(whole, expected, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.timeout(120)
def test_two_devices_of_a_process_equal_one(given: tuple[Path, Any]) -> None:
    flags = "--xla_force_host_platform_device_count=2"
    said([started(given[0], "devices", XLA_FLAGS=flags)])
    compare(*given)


def free_port() -> int:
    """In the range that JAX derives from the number of a job."""
    for port in range(61440 + os.getpid() % 4000, 65536):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    pytest.skip("no free port")


def slurm(process: int, port: int) -> dict[str, object]:
    """What `srun` tells each of two processes on this machine."""
    job = {"SLURM_JOB_ID": port - 61440, "SLURM_STEP_NODELIST": "127.0.0.1"}
    return job | {"SLURM_NTASKS": 2, "SLURM_LOCALID": 0, "SLURM_PROCID": process}


def open_mpi(process: int, port: int) -> dict[str, object]:
    """What Open MPI's `mpirun` tells them."""
    launcher = f"{(port - 61440) * 4096}.0;tcp://127.0.0.1:1"
    size = {"OMPI_COMM_WORLD_SIZE": 2, "OMPI_COMM_WORLD_LOCAL_RANK": 0}
    return {"OMPI_MCA_orte_hnp_uri": launcher, "OMPI_COMM_WORLD_RANK": process} | size


@pytest.mark.timeout(120)
@pytest.mark.parametrize("launcher", [slurm, open_mpi])
def test_two_processes_that_a_launcher_started_equal_one(
    given: tuple[Path, Any], launcher: Callable[[int, int], dict[str, object]]
) -> None:
    """Each holds half of the features; what is wrong in one is refused in both."""
    port = free_port()
    texts = said([started(given[0], "cluster", **launcher(i, port)) for i in range(2)])
    compare(*given)
    same = "must be the same in every process or of `share_features`, but differs."
    told = ["Argument `W` must be finite in every process."]
    told += [f"Argument `{name}` {same}" for name in ("W", "b")]
    assert [text.splitlines()[-3:] for text in texts] == [told] * 2  # after remarks of gloo


def test_an_address_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple] = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *a, **k: seen.append(a))
    assert tp.join_cluster("host:1234", processes=2, process=1) == (0, 1)
    assert seen == [("host:1234", 2, 1)]


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("host:1", 2, None), "`process` must be given with the other two of"),
        (("host", 2, 0), "`coordinator` must be 'host:port', but is 'host'"),
        (("host:x", 2, 0), "`coordinator` must be 'host:port', but is 'host:x'"),
        ((3, 2, 0), "`coordinator` must be 'host:port', but is 3"),
        (("host:1", 0, 0), "`processes` must be an integer >= 1, but is 0"),
        (("host:1", 2, 2), r"`process` must be in \[0, processes\) = \[0, 2\), but is 2"),
    ],
)
def test_a_wrong_cluster_gets_one_sentence(arguments: tuple, sentence: str) -> None:
    coordinator, processes, process = arguments
    with pytest.raises(ValueError, match=f"Argument {sentence}"):
        tp.join_cluster(coordinator, processes=processes, process=process)


def test_no_cluster_to_be_found_gets_one_sentence() -> None:
    """In a process of its own: JAX must not have looked for devices yet."""
    job = ("SLURM", "OMPI", "KUBER")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(job)}
    command = [sys.executable, "-c", "import tms_physics; tms_physics.join_cluster()"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: Argument `coordinator` must be given, with `processes` and")


@pytest.mark.no_hook
def test_wrong_shares_get_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"Argument `devices` must be at most \d+, the number"):
        tp.feature_mesh(10_000)
    with pytest.raises(ValueError, match=r"Argument `array` must have shape \(m, k\) or \(k,\)"):
        tp.share_features(tp.feature_mesh(1), np.ones((2, 2, 2)))
