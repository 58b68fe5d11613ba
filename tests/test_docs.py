"""The commands in the documentation print what stands there."""

import doctest
import os
import subprocess
from pathlib import Path

import pytest

from simulations._options import parse
from simulations._sweep import Shard
from simulations.combine import Combine
from simulations.phase_boundary import Config

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [DOCS / f"{n}_features.md" for n in ("two", "three")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_stands_there(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def job(folder: Path, combined: int) -> subprocess.CompletedProcess[str]:
    """Job 3, sent alone, with a Python that writes down what it is asked; combining ends so."""
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/bash\nprintf "%s\\n" "$*" >> asked\n'
        f'if [ "$2" = simulations.combine ]; then exit {combined}; fi\n'
    )
    python.chmod(0o755)
    environment = os.environ | {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "1"}
    command = ["bash", DOCS / "job_array.sh"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(os.name == "nt", reason="a script for bash")
def test_the_job_array_runs_its_shard_and_combines(tmp_path: Path) -> None:
    """Both commands are right, and the shards are those of the whole array."""
    assert "#SBATCH --array=0-7\n" in (DOCS / "job_array.sh").read_text()
    done = job(tmp_path, combined=0)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    sweep, combine = (line.split() for line in (tmp_path / "asked").read_text().splitlines())
    assert sweep[:2] == ["-m", "simulations.phase_boundary"]
    config = parse(Config, "", sweep[2:])
    assert Shard.parse(config.shard) == Shard(3, 8)
    assert combine[:2] == ["-m", "simulations.combine"]
    assert parse(Combine, "", combine[2:]).folder == config.out


@pytest.mark.skipif(os.name == "nt", reason="a script for bash")
@pytest.mark.parametrize(("combined", "code"), [(3, 0), (1, 1), (2, 2)])
def test_a_job_of_an_array_excuses_missing_chunks_only(
    tmp_path: Path, combined: int, code: int
) -> None:
    done = job(tmp_path, combined)
    assert done.returncode == code
    assert ("Other shards are still at work" in done.stdout) == (code == 0)
