"""What control groups leave, read from a folder that looks like the top of a machine."""

from pathlib import Path
from typing import Any

import pytest

from theory import _memory as theory_memory
from tms_physics import _memory as package_memory

pytestmark = pytest.mark.parametrize("module", [theory_memory, package_memory])

KILO, GIGA = 2**10, 2**30


def machine(root: Path, groups: str, **files: str) -> Path:
    """A root folder with 8 GB to be had."""
    written = {"proc/meminfo": f"MemTotal: 1 kB\nMemAvailable: {8 * GIGA // KILO} kB\n"}
    written |= {"proc/self/cgroup": groups}
    written |= {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in written.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def second(folder: str, most: str, used: int, inactive: int = 0) -> dict[str, str]:
    """The files of a group of version 2."""
    stat = f"anon 1\nfile 2\ninactive_file {inactive}\nactive_file 3\n"
    names = ("memory.max", "memory.current", "memory.stat")
    return {f"{folder}{k}": v for k, v in zip(names, (f"{most}\n", f"{used}\n", stat), strict=True)}


def first(folder: str, most: int, used: int, inactive: int = 0) -> dict[str, str]:
    """The files of a group of version 1."""
    stat = f"inactive_file 7\ntotal_inactive_file {inactive}\n"
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat")
    values = (f"{most}\n", f"{used}\n", stat)
    return {f"memory/{folder}{k}": v for k, v in zip(names, values, strict=True)}


def test_without_groups_the_machine_decides(module: Any, tmp_path: Path) -> None:
    assert module.host_memory(machine(tmp_path, "")) == 8 * GIGA
    assert module.host_memory(tmp_path / "nothing") > 10**8


def test_a_job_is_held_to_its_own_limit(module: Any, tmp_path: Path) -> None:
    """Where the group at the top has none, as in a job of Slurm."""
    job = second("slurm/job_7/", str(4 * GIGA), 3 * GIGA, inactive=GIGA)
    above = second("slurm/", "max", 5 * GIGA)
    assert module.host_memory(machine(tmp_path, "0::/slurm/job_7\n", **job, **above)) == 2 * GIGA


def test_the_tightest_group_above_counts(module: Any, tmp_path: Path) -> None:
    files = second("a/b/", "max", GIGA) | second("a/", str(3 * GIGA), 2 * GIGA)
    files |= second("", str(6 * GIGA), GIGA)
    assert module.host_memory(machine(tmp_path, "0::/a/b\n", **files)) == GIGA


def test_a_container_sees_its_group_at_the_top(module: Any, tmp_path: Path) -> None:
    files = second("", str(2 * GIGA), GIGA)
    for groups in ("0::/\n", "0::/docker/abc\n", "0::/../other\n"):
        assert module.host_memory(machine(tmp_path, groups, **files)) == GIGA


def test_the_first_version_is_read(module: Any, tmp_path: Path) -> None:
    unlimited = first("", 2**63 - 4096, 5 * GIGA)
    job = first("job/", 3 * GIGA, 2 * GIGA, inactive=GIGA // 2)
    groups = "5:cpu,cpuacct:/elsewhere\n4:memory:/job\n0::/\n"
    found = module.host_memory(machine(tmp_path, groups, **unlimited, **job))
    assert found == GIGA + GIGA // 2


def test_no_statistics_and_nothing_left(module: Any, tmp_path: Path) -> None:
    files = second("", str(GIGA), 2 * GIGA) | {"memory.stat": "broken"}
    assert module.host_memory(machine(tmp_path, "0::/\n", **files)) == 0
