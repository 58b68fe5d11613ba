"""The launcher makes an environment once, and again only when what it is made from changes."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an environment that looks made: its Python is the one of this test."""
    for name in ("run.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "constraints", tmp_path / "constraints")
    launcher = load(tmp_path)
    launcher.BIN.mkdir(parents=True)
    (launcher.BIN / "python").symlink_to(sys.executable)
    launcher.STAMP.write_text(launcher.ingredients())
    return tmp_path


def load(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("launcher", project / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    launcher = load(project)
    calls = []
    monkeypatch.setattr(launcher, "make", lambda: calls.append("made"))
    monkeypatch.setattr(launcher.os, "execv", lambda *_: None)
    launcher.main()
    return calls == ["made"]


def test_arguments_and_exit_code_pass_through(project: Path) -> None:
    words = ["-c", "import sys; print(sys.argv[1:]); sys.exit(7)", "a b", "--c"]
    done = subprocess.run(
        [sys.executable, "run.py", *words], cwd=project, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 7
    assert done.stdout == "['a b', '--c']\n"


def test_a_made_environment_is_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not made_again(project, monkeypatch)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints"])
def test_a_change_makes_it_again(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    files = [path for path in [project / name, *project.glob(f"{name}/*")] if path.is_file()]
    for path in files:
        path.write_text(path.read_text() + "\n# changed\n")
    assert made_again(project, monkeypatch)


def test_an_unfinished_environment_is_made_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".venv" / "made-from").unlink()
    assert made_again(project, monkeypatch)
