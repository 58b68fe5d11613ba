"""Processes that compute one thing together: joining them, and shares of the features for each."""

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from ._checks import check_count, check_shape, real_array, shown

FEATURES = "features"  # the axis of the mesh


def join_cluster(
    coordinator: str | None = None, *, processes: int | None = None, process: int | None = None
) -> tuple[int, int]:
    """Joins this process to the others of its job; returns (number of this process, of how many).

    Without arguments JAX finds the job by itself under Slurm (`srun`), Open MPI (`mpirun`) and,
    with the package `kubernetes`, Kubernetes; each process then sees one GPU of its host. Anywhere
    else give all three. Afterwards `jax.devices()` are those of all processes; every process must
    run the same program. On CPUs the processes talk over gloo.

    **Arguments:** `coordinator`: "host:port" of process 0, which must be free there; `processes`:
    how many there are; `process`: the number of this one, in [0, `processes`).

    Call it before anything else that uses JAX's devices (a `RuntimeError` otherwise). Waits up to
    five minutes for the others. Raises `ValueError` where no cluster is found and none is given.
    """
    given = {"coordinator": coordinator, "processes": processes, "process": process}
    absent = [name for name, value in given.items() if value is None]
    if not absent:
        _initialise(*_checked(coordinator, processes, process))
    elif len(absent) == 3:
        _find()
    else:
        raise ValueError(
            f"Argument `{absent[0]}` must be given with the other two of `coordinator`, "
            "`processes` and `process`, but is None."
        )
    return jax.process_index(), jax.process_count()


def _checked(coordinator: object, processes: object, process: object) -> tuple[str, int, int]:
    host, _, port = coordinator.rpartition(":") if isinstance(coordinator, str) else ("", "", "")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(
            f"Argument `coordinator` must be 'host:port', but is {shown(coordinator)}."
        )
    count = check_count("processes", processes)  # type: ignore[arg-type]
    number = check_count("process", process, 0)  # type: ignore[arg-type]
    if number >= count:
        raise ValueError(
            f"Argument `process` must be in [0, processes) = [0, {count}), but is {number}."
        )
    return str(coordinator), count, number


def _initialise(coordinator: str, processes: int, process: int) -> None:
    jax.distributed.initialize(
        coordinator, processes, process, cluster_detection_method="deactivate"
    )


def _find() -> None:
    try:
        jax.distributed.initialize()
    except ValueError as error:
        raise ValueError(
            "Argument `coordinator` must be given, with `processes` and `process`, where neither "
            f"Slurm nor Open MPI nor Kubernetes is found ({error})"
        ) from None


def feature_mesh(devices: int | None = None) -> Mesh:
    """The devices of all processes in a line, over which features are split.

    **Arguments:** `devices`: how many, the first ones; by default all. Raises `ValueError` for
    more than there are.
    """
    found = jax.devices()
    count = len(found) if devices is None else check_count("devices", devices)
    if count > len(found):
        raise ValueError(
            f"Argument `devices` must be at most {len(found)}, the number here, but is {count}."
        )
    return Mesh(np.array(found[:count]), (FEATURES,), axis_types=(AxisType.Auto,))


def share_features(mesh: Mesh, array: np.ndarray) -> jax.Array:
    """One array over all processes from the features that each of them holds.

    **Arguments:** `mesh` from `feature_mesh`; `array`: this process's share, with the features
    last, (m, n/P) or (n/P,), in the order of the processes, P of them with as many devices each.
    Returns an array (m, n) or (n,), of which each process keeps its own part only. Raises
    `ValueError` for other shapes.
    """
    if not isinstance(mesh, Mesh):
        raise ValueError(f"Argument `mesh` must be of `feature_mesh`, but is {shown(mesh)}.")
    real_array("array", array)  # raises
    local = np.asarray(array)
    here = len(mesh.local_devices)
    fits = local.ndim in (1, 2) and local.shape[-1] > 0 and local.shape[-1] % max(here, 1) == 0
    check_shape("array", local, f"(m, k) or (k,), k a multiple of its {here} devices", fits)
    return jax.make_array_from_process_local_data(features_last(mesh, local.ndim), local)


def features_last(mesh: Mesh, ndim: int) -> NamedSharding:
    """How an array with the features along its last axis lies on the mesh."""
    return NamedSharding(mesh, P(*[None] * (ndim - 1), mesh.axis_names[0]))


def split_features(mesh: Mesh, **arrays: jax.Array) -> list[jax.Array]:
    """The arrays as they lie on the mesh, of which each process gives the whole or its own part.

    Raises `ValueError`, in every process, where whole ones are not the same in all.
    """
    return [_split(mesh, name, array) for name, array in arrays.items()]


def _split(mesh: Mesh, name: str, array: jax.Array) -> jax.Array:
    try:
        return jax.device_put(array, features_last(mesh, array.ndim))
    except AssertionError:
        raise ValueError(
            f"Argument `{name}` must be the same in every process or of `share_features`, but "
            "differs."
        ) from None
