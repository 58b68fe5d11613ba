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


@pytest.mark.skipif(os.name == "nt", reason="a script for bash")
def test_the_job_array_runs_its_shard_and_combines(tmp_path: Path) -> None:
    """With a Python that writes down what it is asked: both commands are right."""
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/bash\nprintf "%s\\n" "$*" >> asked\n')
    python.chmod(0o755)
    job = os.environ | {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8"}
    subprocess.run(["bash", DOCS / "job_array.sh"], cwd=tmp_path, env=job, check=True, timeout=60)
    sweep, combine = (line.split() for line in (tmp_path / "asked").read_text().splitlines())
    assert sweep[:2] == ["-m", "simulations.phase_boundary"]
    config = parse(Config, "", sweep[2:])
    assert Shard.parse(config.shard) == Shard(3, 8)
    assert combine[:2] == ["-m", "simulations.combine"]
    assert parse(Combine, "", combine[2:]).folder == config.out
