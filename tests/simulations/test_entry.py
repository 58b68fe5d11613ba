"""A simulation as its user meets it: files, exit codes, sentences, interrupts, shards."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulations import _lock

ROOT = Path(__file__).resolve().parents[2]
TOY = [sys.executable, "-W", "error", "-m", "tests.simulations.toy"]
# A shell's background jobs ignore SIGINT and so would their children: the toy hears it again.
HEARING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('tests.simulations.toy', run_name='__main__')"
)
# Runs the toy 20 times and kills it, at a random moment after it has begun to compute; modules are
# imported once, before the processes part. Prints the exit codes.
KILLED = """
import os, random, signal, sys, time
import jax, xarray, tests.simulations.toy as toy
moments = random.Random(0)
for _ in range(20):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(writing, 2)
        os.dup2(writing, 1)
        toy.SIMULATION.main(["--out", sys.argv[1]])
    os.close(writing)
    seen = b""
    while b"walks" not in seen and (more := os.read(reading, 1)):
        seen += more
    time.sleep(moments.uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os.close(reading)
"""
COMBINE = [
    *(sys.executable, "-W", "error", "-c"),
    "from simulations.combine import main; main(package='tests.simulations')",
]
GOES_ON = "without --fresh goes on from there.\n"
FILES = ("toy.nc", "toy.png", "toy.pdf")
FIRST = "chunks/walks/00000.chunk"

NUMBERED = '{"simulation": 5, "config": {}, "versions": {}, "device": "cpu", "source": ""}'

pytestmark = pytest.mark.timeout(120)


def call(command: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    words = [*command, *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)


@contextmanager
def running(folder: Path, nap: float) -> Iterator[subprocess.Popen[str]]:
    """The toy in its first stage with one chunk done; each of the others takes `nap` seconds."""
    command = [sys.executable, "-W", "error", "-c", HEARING, "--out", str(folder)]
    environment = os.environ | {"TOY_NAP": str(nap)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        seen = ""
        while "walks" not in seen and (character := run.stderr.read(1)):
            seen += character
        assert "walks" in seen
        wait_for(folder / FIRST)
        yield run
        run.kill()


def wait_for(path: Path) -> None:
    patience = time.monotonic() + 30
    while not path.exists() and time.monotonic() < patience:
        time.sleep(0.01)


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    done = call(TOY, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "Farthest: " in done.stdout
    return folder


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of shard 0/2."""
    folder = tmp_path_factory.mktemp("shard")
    done = call(TOY, "--out", folder, "--shard", "0/2")
    assert done.returncode == 0, done.stderr
    assert f"python -m simulations.combine {folder}" in done.stdout
    return folder


@pytest.fixture
def half(shard: Path, tmp_path: Path) -> Path:
    """A copy of them, for one test to spoil."""
    return shutil.copytree(shard, tmp_path / "half")


def test_the_summary_states_where_it_comes_from(whole: Path) -> None:
    content = json.loads((whole / "toy.json").read_text())
    assert content["config"] == {"seed": 0, "walks": 50, "span": [1.0, 2.0], "bad": 0}
    assert content["summary"]["undefined"] is None
    assert content["summary"]["failed_cells"]["walks"] == {"failed": 0, "of": 50}
    assert {"jax", "numpy", "python"} <= content["versions"].keys()
    assert content["device"]
    assert content["seconds"] > 0


def test_a_second_run_gives_the_same_files(whole: Path, tmp_path: Path) -> None:
    assert call(TOY, "--out", tmp_path).returncode == 0
    assert contents(tmp_path) == contents(whole)


def test_killed_at_random_moments_then_resumed(whole: Path, tmp_path: Path) -> None:
    """kill -9 while it computes, writes chunks, the dataset or the figure."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    environment = os.environ | {"TOY_NAP": "0.03"}
    killed = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100
    )
    assert killed.stdout.split() == [str(-signal.SIGKILL)] * 20, killed.stderr
    assert call(TOY, "--out", tmp_path).returncode == 0
    assert contents(tmp_path) == contents(whole)
    assert not list(tmp_path.glob("chunks/*/[!.]*.chunk.*"))


def test_two_runs_on_one_folder_do_each_other_no_harm(whole: Path, tmp_path: Path) -> None:
    """Either may write any chunk: they write the same bytes under the same names."""
    environment = os.environ | {"TOY_NAP": "0.05"}
    command = [*TOY, "--out", str(tmp_path)]
    runs = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    complaints = [run.communicate(timeout=60)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], complaints
    assert contents(tmp_path) == contents(whole)


@pytest.mark.skipif(not _lock.fcntl, reason="no locks on this system")
def test_fresh_beside_a_run_is_refused_and_deletes_nothing(tmp_path: Path) -> None:
    with running(tmp_path, nap=50):
        half_written = tmp_path / "chunks/walks/.00001.chunk.1.abc"
        half_written.touch()
        refused = call(TOY, "--out", tmp_path, "--fresh")
        assert half_written.exists()
    assert refused.returncode == 2
    sentence = f"Argument `fresh` must be left out while another run works in {tmp_path}.\n"
    assert refused.stderr == sentence
    assert (tmp_path / FIRST).exists()
    assert (tmp_path / "config.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_takes_seconds_and_the_same_command_goes_on(
    whole: Path, tmp_path: Path, number: int
) -> None:
    with running(tmp_path, nap=50) as run:
        run.send_signal(number)
        _, complaint = run.communicate(timeout=5)
    assert run.returncode == 128 + number
    assert complaint.endswith("\nStopped. Finished chunks are kept: the same command " + GOES_ON)
    assert "Traceback" not in complaint
    kept = (tmp_path / FIRST).stat()
    resumed = call(TOY, "--out", tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert contents(tmp_path) == contents(whole)
    assert (tmp_path / FIRST).stat().st_mtime_ns == kept.st_mtime_ns


def test_shards_and_combine_equal_the_whole(whole: Path, half: Path, tmp_path: Path) -> None:
    early = call(COMBINE, half)
    assert early.returncode == 3
    assert early.stderr == (
        "Stage walks lacks 3 of 7 chunks: 1, 3, 5. Stage again lacks 3 of 7 chunks: 1, 3, 5.\n"
    )
    assert call(TOY, "--out", half, "--shard", "1/2").returncode == 0
    combined = call(COMBINE, half, "--out", tmp_path / "elsewhere")
    assert combined.returncode == 0, combined.stderr
    assert contents(tmp_path / "elsewhere") == contents(whole)


def test_too_many_failures_exit_with_1(tmp_path: Path) -> None:
    failing = call(TOY, "--out", tmp_path, "--bad", 5)
    assert failing.returncode == 1
    assert failing.stderr.endswith("Too many cells failed: 10.00%, allowed 1.00%.\n")
    assert (tmp_path / "toy.png").exists()
    allowed = call(TOY, "--out", tmp_path, "--bad", 5, "--max-failed-share", 0.1)
    assert allowed.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--walks", "0"], "Argument `walks` must be at least 1, but is 0."),
        (["--walks", "many"], "--walks"),
        (["--seed", "-1"], "Argument `seed` must be in [0, 2**63), but is -1."),
        (["--seed"], "--seed"),
        (["--device", "abacus"], "'abacus'"),
        (["--device", "gpu"], "Argument `device` is gpu, but JAX finds no GPU here."),
        (["--shard", "2/2"], "Argument `shard` must be i/k with 0 <= i < k, but is '2/2'."),
        (["--shard", "0/2", "--fresh"], "`fresh`"),
        (["--max-failed-share", "nan"], "Argument `max_failed_share` must be in [0, 1]"),
        (["--colour", "red"], "--colour"),
        (["word"], "word"),
        (["--out", __file__], "Argument `out` must be writable"),
        (["--out", f"{__file__}/folder"], "Argument `out` must be writable"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, arguments: list[str], complaint: str) -> None:
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    command = [*TOY, "--out", str(tmp_path), *arguments]
    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert complaint in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "chunks").exists()


def test_another_config_is_refused_unless_fresh(half: Path) -> None:
    refused = call(TOY, "--out", half, "--walks", 9)
    assert refused.returncode == 2
    assert "(option walks was 50, is now 9): choose another --out" in refused.stderr
    assert refused.stderr.count("\n") == 1
    fresh = call(TOY, "--out", half, "--walks", 9, "--fresh")
    assert fresh.returncode == 0, fresh.stderr


def test_another_version_is_refused(half: Path) -> None:
    record = json.loads((half / "config.json").read_text())
    record["versions"]["jax"] = "0.0.1"
    (half / "config.json").write_text(json.dumps(record))
    for refused in (call(TOY, "--out", half), call(COMBINE, half)):
        assert refused.returncode == 2
        assert "(version of jax was 0.0.1, is now" in refused.stderr


def test_changed_code_is_remarked_on(half: Path) -> None:
    record = json.loads((half / "config.json").read_text())
    (half / "config.json").write_text(json.dumps(record | {"source": "older"}))
    for done in (call(TOY, "--out", half), call(COMBINE, half)):
        assert done.returncode == 0
        assert f"the code has changed since the chunks in {half} were computed" in done.stderr


def test_combining_on_another_device_is_refused(half: Path) -> None:
    """The stages that depend on all shards would be computed there."""
    record = json.loads((half / "config.json").read_text())
    (half / "config.json").write_text(json.dumps(record | {"device": "Abacus 5"}))
    refused = call(COMBINE, half)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"The shards in {half} were computed on Abacus 5, but this is {record['device']}: run this "
        "on Abacus 5, as what depends on all shards must be computed there too.\n"
    )
    assert not (half / "chunks/last").exists()


@pytest.mark.parametrize("text", ["", "[1]", NUMBERED])
def test_a_spoilt_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    for refused in (call(TOY, "--out", tmp_path), call(COMBINE, tmp_path)):
        assert refused.returncode == 2
        assert "is not a run's record" in refused.stderr


@pytest.mark.parametrize("folder", [".", "absent", "file", "file/below"])
def test_combining_nothing_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    refused = call(COMBINE, tmp_path / folder)
    assert refused.returncode == 2
    assert "Argument `folder` must be a run's --out" in refused.stderr
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"simulation": "os"}, "There is no simulation named 'os'."),
        ({"simulation": "test_entry"}, "There is no simulation named 'test_entry'."),
        ({"simulation": "a.b"}, "There is no simulation named 'a.b'."),
        ({"config": {"walks": 0}}, "options that do not fit: Argument `walks` must be"),
        ({"config": {"walks": 5.5}}, "Argument `walks` must be of type int, but is 5.5."),
        ({"config": {"colour": 1}}, "options that do not fit"),
    ],
)
def test_combining_an_altered_record_is_refused(
    half: Path, change: dict[str, object], complaint: str
) -> None:
    record = json.loads((half / "config.json").read_text())
    (half / "config.json").write_text(json.dumps(record | change))
    refused = call(COMBINE, half)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_full_disk_gets_a_sentence(whole: Path, tmp_path: Path) -> None:
    script = (
        "import errno, itertools, os\n"
        "from tests.simulations.toy import SIMULATION\n"
        "calls = itertools.count()\n"
        "def fsync(_):\n"
        "    if next(calls) >= 5: raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.fsync = fsync\n"
        "SIMULATION.main()\n"
    )
    full = call([sys.executable, "-c", script], "--out", tmp_path)
    assert full.returncode == 1
    last = full.stderr.splitlines()[-1]
    assert "No space left on device. Finished chunks are kept: the same command" in last
    assert len(list(tmp_path.glob("chunks/walks/*"))) == 4
    assert call(TOY, "--out", tmp_path).returncode == 0
    assert contents(tmp_path) == contents(whole)


def test_help_comes_within_a_second_and_loads_nothing_heavy() -> None:
    seconds = []
    for _ in range(3):  # the machine may be busy
        began = time.perf_counter()
        shown = call(TOY, "--help")
        seconds.append(time.perf_counter() - began)
        assert shown.returncode == 0
        assert "How far do random walks get?" in shown.stdout
    assert min(seconds) < 1
    heavy = "{'jax', 'xarray', 'sympy', 'matplotlib', 'scipy', 'pandas'}"
    script = (
        f"import sys, simulations._entry, simulations.combine; print({heavy} & set(sys.modules))"
    )
    assert call([sys.executable, "-c", script]).stdout == "set()\n"


def test_the_package_lists_its_simulations() -> None:
    listing = call([sys.executable, "-m", "simulations"])
    assert listing.returncode == 0
    assert "phase_boundary" in listing.stdout
    assert "combine" not in listing.stdout
