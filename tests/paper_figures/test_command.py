"""`python -m paper_figures` as its user meets it: files, sentences, exit codes, rebuilding."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from paper_figures import __main__ as program
from paper_figures import _manifest, _rebuild
from simulations._output import write_dataset, write_summary
from simulations._provenance import Record

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = ("png", "pdf", "txt")


def test_a_rerun_writes_the_same_bytes_in_this_process_or_in_two_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["scaling", "nonuniform"]
    assert program.main([*names, "--out", str(tmp_path / "first")]) == 0
    told = capsys.readouterr().out
    for name, line in zip(names, told.splitlines(), strict=False):
        assert line.startswith(f"{name} ")
    assert f"2 figures in {tmp_path / 'first'}" in told
    assert program.main([names[0], "--out", str(tmp_path / "second")]) == 0
    assert "1 figures" in capsys.readouterr().out
    for suffix in SUFFIXES:
        first, second = (tmp_path / run / f"{names[0]}.{suffix}" for run in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    for name in names:
        files = [tmp_path / "first" / f"{name}.{suffix}" for suffix in SUFFIXES]
        content = b"".join(path.read_bytes() for path in files)
        for word in (b"CreationDate", b"Software", b"Matplotlib", b"matplotlib"):
            assert word not in content
        assert f"python -m simulations.{name} (seed 0)".encode() in content


def test_help_comes_without_the_libraries() -> None:
    code = (
        "import sys, paper_figures.__main__ as m\n"
        "try: m.main(['--help'])\n"
        "finally: assert not {'matplotlib', 'xarray', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "uniform_superposition" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none"], "There is no figure named 'none'; there are phase_boundary, "),
        (["--rebuild", "none"], "There is no dataset named 'none'; there are phase_boundary, "),
        (["--run", "here"], "Argument `--run` needs `--rebuild` with the name of a dataset."),
        (["--wrong"], "Unrecognized arguments: --wrong."),
        (["--out"], "Argument --out: expected one argument."),
    ],
)
def test_bad_words_get_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if "--out" in words else ["--out", str(tmp_path)]
    assert program.main([*words, *out]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(sentence)
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert program.main(["scaling", "--out", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"Folder {file} must be writable, but is not: ")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of data with one entry that was never computed."""
    folder = tmp_path / "data"
    folder.mkdir()
    entry = {"file": "curve.nc", "simulation": "toy", "options": ["--bad", "1"], "keep": ["y"]}
    content = {"datasets": {"curve": entry}, "figures": {}}
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def finished(folder: Path) -> None:
    """The files of a run of a simulation named toy."""
    record = Record("toy", {"seed": 3, "bad": 1}, {"python": "3"}, "cpu", "abc")
    x = np.linspace(0, 1, 5000)
    variables = {"y": ("x", np.sin(x), {"units": "1"}), "z": ("x", x)}
    dataset = xr.Dataset(variables, {"x": x, "word": ("three", ["a", "b", "c"])})
    write_dataset(dataset, record, folder / "toy.nc")
    write_summary({}, record, 1.5, folder / "toy.json")


def test_rebuilding_runs_the_command_and_keeps_what_figures_need(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def run(command: list[str]) -> int:
        asked.append(command[1:-1])
        finished(Path(command[-1]))
        return 0

    monkeypatch.setattr(_rebuild.subprocess, "call", run)
    _rebuild.rebuild("curve", data)
    assert asked == [["-m", "simulations.toy", "--bad", "1", "--out"]]
    manifest = _manifest.load(data)
    source = manifest.source("curve")
    assert (source.seed, source.seconds, source.device, source.source) == (3, 1.5, "cpu", "abc")
    dataset = manifest.read("curve")
    assert set(dataset.data_vars) == {"y"}
    np.testing.assert_array_equal(dataset["y"], np.sin(dataset["x"]))
    assert dataset["y"].attrs["units"] == "1"
    assert json.loads(dataset.attrs["config"]) == {"seed": 3, "bad": 1}
    assert source.measured_by is None
    before = (data / "manifest.json").read_bytes()
    _rebuild.rebuild("curve", data)
    assert (data / "manifest.json").read_bytes() == before


def test_rebuilding_keeps_the_name_of_the_benchmark(data: Path, tmp_path: Path) -> None:
    manifest = data / "manifest.json"
    content = json.loads(manifest.read_text())
    content["datasets"]["curve"]["measured_by"] = "benchmarks.toy"
    manifest.write_text(json.dumps(content))
    finished(tmp_path)
    _rebuild.adopt("curve", tmp_path, data)
    assert _manifest.load(data).source("curve").measurement == "python -m benchmarks.toy"


def test_a_run_that_fails_leaves_everything_as_it_was(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "DATA", data)
    monkeypatch.setattr(_rebuild.subprocess, "call", lambda command: 3)
    before = (data / "manifest.json").read_bytes()
    assert program.main(["--rebuild", "curve", "--out", str(data.parent)]) == 1
    assert capsys.readouterr().err == "The run of dataset 'curve' ended with exit code 3.\n"
    assert os.listdir(data) == ["manifest.json"]
    assert (data / "manifest.json").read_bytes() == before


def test_a_folder_without_a_finished_run_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "DATA", data)
    words = ["--rebuild", "curve", "--run", str(tmp_path), "--out", str(tmp_path)]
    assert program.main(words) == 2
    assert capsys.readouterr().err.startswith(f"Folder {tmp_path} holds no finished run: no ")
    finished(tmp_path)
    assert program.main(words) == 0
    assert "0 figures" in capsys.readouterr().out
    kept = (data / "manifest.json").read_text().replace('"y"', '"missing"')
    (data / "manifest.json").write_text(kept)
    assert program.main(words) == 2
    assert capsys.readouterr().err == "Simulation toy has no variable 'missing'.\n"


@pytest.mark.parametrize("suffix", ["json", "nc"])
@pytest.mark.parametrize("damage", ["empty", "half", "other"])
def test_a_damaged_run_is_refused(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    damage: str,
) -> None:
    monkeypatch.setattr(program, "DATA", data)
    finished(tmp_path)
    path, before = tmp_path / f"toy.{suffix}", (data / "manifest.json").read_bytes()
    whole = path.read_bytes()
    wrong = {"empty": b"", "half": whole[: len(whole) // 2], "other": b"[1, 2]"}
    path.write_bytes(wrong[damage])
    assert program.main(["--rebuild", "curve", "--run", str(tmp_path), "--out", str(tmp_path)]) == 2
    kind = "the record of a run" if suffix == "json" else "a dataset of a run"
    assert capsys.readouterr().err == f"File {path} is not {kind}, but damaged.\n"
    assert os.listdir(data) == ["manifest.json"]
    assert (data / "manifest.json").read_bytes() == before
