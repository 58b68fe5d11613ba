"""Lists the simulations: `python -m simulations`."""

import ast
import pkgutil
from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The package's public modules, the tool that combines shards aside."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name for name in found if not name.startswith("_") and name != "combine")


def purpose(name: str) -> str:
    """The first line of a module's docstring, read without importing the module."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def main() -> None:
    print("Run one with `python -m simulations.NAME`, and see its options with `--help`.\n")
    for name in names():
        print(f"  {name:20} {purpose(name)}")


if __name__ == "__main__":
    main()
