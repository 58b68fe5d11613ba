"""Numbers in captions come from the data: read off the source, and seen in what captions say."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import paper_figures
from paper_figures import _paper
from paper_figures._words import between, level, spelled
from tests.paper_figures.pictures import MANIFEST, caption, dataset

FOLDER = Path(paper_figures.__file__).parent
WORDS = "_words"  # how numbers are written: no text of its own

# The digits that no dataset could give: formulas, limits, units, years.
FORMULAS = {
    r"et al\. \d{4}": "a year of the literature",
    r"1/D\*": "the reciprocal of D*",
    r"1/√m": "where Welch's bound ends",
    r"p/3 - p²/4": "the loss of a dropped feature",
    r"2p/\(4 - 5p\)": "the boundary of the ansätze",
    r"2v\(l² cos θ, b\)|2 cos²θ/3": "the energy of a pair",
    r"Σ 1/r|1/distance": "Coulomb's energy",
    r"3 lim L/p|costs 1\)": "the unit of the potential of Chen et al.",
    r"norm 1\b": "the unit circle",
    r"\(k\+1\)-gon|above 1 the feature": "one more feature; importances in units of the others'",
    r"\br [=<>] 1\b": "equal importances",
    r"p = 0\b|density below 1\b": "the sparse and the dense end",
    r"m/n = 1/2": "antipodal pairs, two features a dimension",
}


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))


@functools.cache
def imported(module: str) -> dict[str, tuple[str, str]]:
    """Names that a module takes from the package -> where they are; "" for a whole module."""
    found = {}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                place = (node.module, alias.name) if node.module else (alias.name, "")
                found[alias.asname or alias.name] = place
    return found


def behind(module: str, name: str, seen: set[tuple[str, str]]) -> Iterator[ast.FunctionDef]:
    """A function of the package and all that it calls there."""
    functions = {each.name: each for each in tree(module).body if isinstance(each, ast.FunctionDef)}
    if (module, name) in seen or module == WORDS or name not in functions:
        return
    seen.add((module, name))
    yield functions[name]
    others = imported(module)
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Name):
            yield from behind(*others.get(node.id, (module, node.id)), seen)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            place, _ = others.get(node.value.id, ("", ""))
            if place and (FOLDER / f"{place}.py").exists():
                yield from behind(place, node.attr, seen)


def typed(function: ast.FunctionDef) -> Iterator[str]:
    """Texts with a digit, but for the docstring, names and formats; numbers that are formatted."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    nodes = [node for statement in body for node in ast.walk(statement)]
    shown = [node for node in nodes if isinstance(node, ast.FormattedValue)]
    formats = {id(x) for node in shown if node.format_spec for x in ast.walk(node.format_spec)}
    for node in nodes:
        text = node.value if isinstance(node, ast.Constant) and id(node) not in formats else None
        if isinstance(text, str) and not text.isidentifier():
            yield text
    for node in shown:
        first = node.value.args[:1] if isinstance(node.value, ast.Call) else [node.value]
        yield from (str(x.value) for x in first if isinstance(x, ast.Constant))


def rest(text: str) -> str:
    """A text without formulas."""
    for pattern in FORMULAS:
        text = re.sub(pattern, "", text)
    return text


MODULES = sorted({each.module for each in MANIFEST.figures.values()})


@pytest.mark.parametrize("module", MODULES)
def test_no_number_is_typed(module: str) -> None:
    found = [
        f"{function.name}: {text}"
        for function in behind(module, "caption", set())
        for text in typed(function)
        if re.search(r"\d", rest(text))
    ]
    assert not found


def test_every_formula_is_in_use_and_a_typed_number_is_seen() -> None:
    told = "".join(t for m in MODULES for f in behind(m, "caption", set()) for t in typed(f))
    assert [pattern for pattern in FORMULAS if not re.search(pattern, told)] == []
    source = (
        "def caption(d):\n    'Level 1.'\n    return f'{x:.3g} of 95 % {number(7)} {d[\"W1\"]}'"
    )
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert [text for text in typed(function) if re.search(r"\d", text)] == [" of 95 % ", "7"]


def scaled(data: xr.Dataset) -> xr.Dataset:
    """Variables of real numbers times factors of their own; attributes and axes times 1.1."""
    real = {name: axis for name, axis in data.coords.items() if axis.dtype.kind == "f"}
    axes = {name: (axis.dims, 1.1 * axis.values) for name, axis in real.items()}
    other = data.copy(deep=True).assign_coords(axes)
    for k, (name, values) in enumerate(data.data_vars.items()):
        if values.dtype.kind == "f":
            factor = 1.03 + 0.01 * (k % 7)
            other[name] = (values.dims, factor * values.values, values.attrs)
    for name, value in data.attrs.items():
        if np.asarray(value).dtype.kind == "f":
            other.attrs[name] = value * 1.1
    return other


SIZES = {("mean_field_loss", "uniform_superposition"), ("mean_field_loss", "overcomplete")}
"""Figures and datasets of which the caption tells the sizes alone."""


@pytest.mark.parametrize("name", MANIFEST.figures)
def test_captions_follow_every_dataset(name: str) -> None:
    at = MANIFEST.figure(name)
    sets = [dataset(each) for each in at.datasets]
    told = caption(name)
    for k, data in enumerate(sets):
        changed = [*sets[:k], scaled(data), *sets[k + 1 :]]
        same = at.load().caption(*changed) == told
        assert same == ((name, at.datasets[k]) in SIZES), at.datasets[k]


def test_numbers_are_written_as_words_and_ranges() -> None:
    assert [spelled(n) for n in (1, 12, 13)] == ["one", "twelve", "13"]
    assert [between([0.2, 0.31]), between([0.2, 0.2])] == ["0.2 to 0.31", "0.2"]
    assert level("95 % interval of the rate") == level("95 % interval") == "95\N{NO-BREAK SPACE}%"


def test_a_smaller_size_is_told_with_the_papers_and_its_own_is_not() -> None:
    assert "400 features in 30 dimensions" in _paper.smaller(100, 12)
    assert _paper.smaller(*_paper.UNIFORM) == _paper.fewer(_paper.NETWORKS) == ""
    for name in ("uniform_superposition", "adversarial"):
        size = dataset(name).sizes["feature"], dataset(name).sizes["hidden"]
        assert _paper.smaller(*size) in caption(name)
    assert _paper.fewer(dataset("privileged_basis").sizes["seed"]) in caption("privileged_basis")
