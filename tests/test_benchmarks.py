"""Benchmarks answer `--help` without PyTorch; what the documents name and link to exists."""

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from benchmarks._crystal import LEAST, crystal
from simulations._options import UsageError

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"
DOCUMENTS = (GLOSSARY, ROOT / "docs" / "decisions.md", ROOT / "benchmarks" / "README.md")
NAME = re.compile(r"`((?:tms_physics|theory|simulations)(?:\.\w+)+)`")
LINK = re.compile(r"\]\((?!http)([^)#]+)[^)]*\)")
KOREAN = ("뉴런", "특징", "중첩", "간섭", "다중 의미적")


def found(pattern: re.Pattern[str]) -> list[Any]:
    """Every match with the document it is in, as parameters of a test."""
    return [
        pytest.param(path, match, id=f"{path.parent.name}-{path.stem}-{match}")
        for path in DOCUMENTS
        for match in sorted(set(pattern.findall(path.read_text(encoding="utf-8"))))
    ]


def resolve(name: str) -> Any:
    """The object of a dotted name, where modules may be shadowed by what a package exports."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        try:
            target = importlib.import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        for part in parts[size:]:
            fields = getattr(target, "__dataclass_fields__", {})
            target = fields[part] if part in fields else getattr(target, part)
        return target
    raise ModuleNotFoundError(name)


WITHOUT_TORCH = """
import runpy
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
runpy.run_module("benchmarks.NAME", run_name="__main__", alter_sys=True)
"""


def run(*arguments: str, name: str = "phase_map") -> subprocess.CompletedProcess[str]:
    """The benchmark as it runs where PyTorch is not installed."""
    program = WITHOUT_TORCH.replace("NAME", name)
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_help_needs_no_torch() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "--torch-steps" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--grid", "0"), "Argument `grid` must be at least 1, but is 0.\n"),
        (("--starts", "2"), "Argument `torch_starts` must be at most starts = 2, but is 4.\n"),
        ((), 'This benchmark needs PyTorch: pip install -e ".[bench]"\n'),
    ],
)
def test_a_mistake_gets_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr == sentence


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("population", ("--turns", "0"), "Argument `turns` must be at least 1, but is 0.\n"),
        (
            "population",
            ("--device", "gpu"),
            "Argument `device` is gpu, but JAX finds no GPU here.\n",
        ),
        ("thomson", ("--sizes", "7"), "Argument `sizes` must be in [8, 100], but is 7.\n"),
        (
            "thomson",
            ("--device", "gpu"),
            "Argument `device` is gpu, but JAX finds no GPU here.\n",
        ),
        (
            "time_to_solution",
            ("--density", "2"),
            "Argument `density` must be in (0, 1], but is 2.0.\n",
        ),
        (
            "scaling",
            ("--features", "20000"),
            "Argument `features` must be at most 16384, but is 20000.\n",
        ),
        ("time_to_solution", (), 'This benchmark needs PyTorch: pip install -e ".[bench]"\n'),
    ],
)
def test_mistakes_with_many_features(name: str, arguments: tuple[str, ...], sentence: str) -> None:
    if "gpu" in arguments and any(device.platform != "cpu" for device in jax.devices()):
        pytest.skip("this machine has a GPU")
    done = run(*arguments, name=name)
    assert done.returncode == 2
    assert done.stderr == sentence


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
)
def test_where_the_numbers_go_is_tried_before_anything_is_measured(
    name: str, tmp_path: Path
) -> None:
    benchmark = importlib.import_module(f"benchmarks.{name}")
    program = benchmark.run if name == "time_to_solution" else benchmark.start
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"^Argument `out` must be writable, but .* is not: .*\.$"):
        program(benchmark.Config(out=tmp_path / "file" / "x" / "y.json"))
    with pytest.raises(UsageError, match=r"^Argument `out` must be a file, but .* is a folder\.$"):
        program(benchmark.Config(out=tmp_path))


@pytest.mark.parametrize(("path", "name"), found(NAME))
def test_names_exist(path: Path, name: str) -> None:
    resolve(name)


@pytest.mark.parametrize(("path", "link"), found(LINK))
def test_links_resolve(path: Path, link: str) -> None:
    assert (path.parent / link).exists()


def test_every_phase_is_in_the_glossary() -> None:
    from tms_physics import PHASE_NAMES

    text = GLOSSARY.read_text(encoding="utf-8")
    assert not [name for name in PHASE_NAMES if f'"{name}"' not in text]


@pytest.mark.parametrize("word", KOREAN)
def test_the_glossary_has_the_korean_word(word: str) -> None:
    assert f"| {word} |" in GLOSSARY.read_text(encoding="utf-8")


def test_descent_from_a_start_with_order_is_quicker_and_ends_lower() -> None:
    """What the page on benchmarks says of `time_to_solution`, in every start."""
    numbers = json.loads((ROOT / "benchmarks" / "time_to_solution.json").read_text())
    assert len(numbers["starts"]) >= 5
    for each in numbers["starts"]:
        assert each["crystal"]["time_ratio"] <= numbers["target_time_ratio"] == 1 / 5
        assert each["crystal"]["loss_lower_by"] >= numbers["target_loss_lower_by"] == 0.01
        assert 1.012 < each["exact"]["loss"] / each["crystal"]["loss"] < 1.016
        assert each["adamw"]["loss"] == min(each["adamw"]["losses_of_rates"].values())


def test_the_start_with_order_has_the_inner_products_of_the_page() -> None:
    W = crystal(LEAST, seed=3)
    assert W.shape == (20, 81)
    products = np.unique((W.T @ W).round(12))
    np.testing.assert_allclose(products, [-0.35, 0.1, 1.0], atol=1e-12)
    assert crystal(100, seed=3).shape == (20, 100)
    assert np.max(crystal(100, seed=3).T @ crystal(100, seed=3) - np.eye(100)) < 0.16
