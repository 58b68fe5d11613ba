"""Reading a data file executes nothing that is in it: the sources have no way to."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("tms_physics", "theory", "simulations", "paper_figures", "benchmarks")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__"}
READERS = {"load_dataset", "open_dataset"}  # of xarray: which engine reads is not left to a guess


def called(node: ast.Call) -> str:
    """The name that is called, without what it is an attribute of."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def findings(tree: ast.AST) -> list[str]:
    """What could execute data, with the line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            if {name.partition(".")[0] for name in names} & MODULES:
                found.append(f"line {node.lineno} imports {names}")
        if isinstance(node, ast.Call):
            given = {word.arg: word.value for word in node.keywords}
            if isinstance(node.func, ast.Name) and node.func.id in CALLS:
                found.append(f"line {node.lineno} calls {node.func.id}")
            if "allow_pickle" in given:
                found.append(f"line {node.lineno} gives allow_pickle")
            engine = getattr(given.get("engine"), "value", None)
            if called(node) in READERS and engine != "h5netcdf":
                found.append(f"line {node.lineno} lets xarray guess the engine")
    return found


def test_nothing_executes_data() -> None:
    assert len(SOURCES) > 200
    found = {path: findings(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert not {str(path): what for path, what in found.items() if what}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
        "xr.open_dataset(path)",
    ],
)
def test_it_would_be_found(line: str) -> None:
    assert findings(ast.parse(line))
