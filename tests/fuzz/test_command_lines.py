"""Whatever is typed after a program's name is a config or one sentence, and nothing is begun."""

import dataclasses
import importlib
import json
import math
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_figures import __main__ as figures
from paper_figures.explorer import __main__ as explorer
from simulations import combine
from simulations.__main__ import names
from simulations._options import HOW, Options, UsageError, parse, question
from simulations._restore import restore

pytestmark = [pytest.mark.no_hook, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
CONFIGS: dict[str, type] = {
    name: importlib.import_module(f"simulations.{name}").SIMULATION.config for name in names()
} | {"combine": combine.Combine}
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
CONFIGS |= {
    f"benchmarks.{name}": importlib.import_module(f"benchmarks.{name}").Config
    for name in BENCHMARKS
}
LEAST = 1500
HUGE = str(10**30)

NOT_WHOLE = ("nan", "1.5", "-1", "many", "", "1e3", HUGE)
NOT_REAL = ("nan", "inf", "-inf", "-1e300", "many", "", "0,5")
NOT_SHARDS = (
    "",
    "1",
    "2/2",
    "-1/2",
    "0/0",
    "a/b",
    "0/2/3",
    "1.0/2",
    "/2",
    "½/2",
    "²/3",
    "0/" + 5000 * "1",
)


def options(config: type) -> Iterator[tuple[str, Any, Any]]:
    """Names, types and defaults of the options of a command line."""
    hints = typing.get_type_hints(config)
    for item in dataclasses.fields(config):
        yield item.name, hints[item.name], item.default


def parts(kind: Any) -> tuple[Any, ...]:
    """A type's alternatives, None left out."""
    union = isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union
    found = typing.get_args(kind) if union else (kind,)
    return tuple(part for part in found if part is not type(None))


def wrong_words(name: str, kind: Any, default: Any) -> Iterator[list[str]]:
    """What an option never takes."""
    for part in parts(kind):
        inside = typing.get_args(part)
        if name == "shard":
            yield from ([word] for word in NOT_SHARDS)
        elif part is int:
            yield from ([word] for word in NOT_WHOLE)
        elif part is float:
            yield from ([word] for word in NOT_REAL)
        elif part is bool:
            yield from ([word] for word in ("1", "true", "no"))
        elif typing.get_origin(part) is typing.Literal:
            yield from ([word] for word in ("abacus", "", "0", "nan"))
        elif typing.get_origin(part) is tuple:
            yield from _wrong_tuples(inside)
        if part is not bool and default != ():
            yield []


def _wrong_tuples(inside: tuple[Any, ...]) -> Iterator[list[str]]:
    repeated = inside[-1] is Ellipsis
    kinds = _flat(inside[0]) if repeated else [kind for item in inside for kind in _flat(item)]
    good = ["1" if kind is int else "0.5" for kind in kinds]
    for place, kind in enumerate(kinds):
        for word in NOT_WHOLE if kind is int else NOT_REAL:
            yield [*good[:place], word, *good[place + 1 :]]
    if len(good) > 1:
        yield good[:-1]
        yield [*good, "0.5"]


def _flat(kind: Any) -> list[Any]:
    inside = typing.get_args(kind)
    return [leaf for item in inside for leaf in _flat(item)] if inside else [kind]


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def lines(config: type) -> Iterator[list[str]]:
    """Every listed bad command line of a program."""
    first = ["somewhere"] if config is combine.Combine else []
    for name, kind, default in options(config):
        if name in ("folder", "out") or (name == "max_failed_share" and first):
            continue
        for words in wrong_words(name, kind, default):
            yield [*first, flag(name), *words]
    yield [*first, "--colour", "red"]
    yield [*first, "word", "other"]


def complaint(config: type, line: Sequence[str]) -> str:
    """What is wrong with how a bad command line was met; empty if with one sentence."""
    try:
        made = parse(config, "program", line)
    except UsageError as error:
        text = str(error)
        return "" if _is_sentence(text, line) else f"{line} says: {text!r}"
    except Exception as error:
        return f"{line} raises {type(error).__name__}: {error!s:.120}"
    return f"{line} gives {made!r:.120}"


def _is_sentence(text: str, line: Sequence[str]) -> bool:
    """One line that names the option, or, where another one is wrong for it, an argument."""
    named = any(word.startswith("--") and word in text for word in line) or "Argument `" in text
    words = [word for word in line if word and not word.startswith("--")]
    return "\n" not in text and text.endswith(".") and (named or any(w in text for w in words))


def test_every_listed_bad_line_is_refused() -> None:
    met = {
        (name, *line): complaint(config, line)
        for name, config in CONFIGS.items()
        for line in lines(config)
    }
    wrong = [f"{key[0]}: {text}" for key, text in met.items() if text]
    assert len(met) >= LEAST
    assert not wrong, "\n".join(wrong[:50])


FIGURES: list[tuple[Any, list[str]]] = [
    (module, line)
    for module, flags in (
        (figures, ("--out", "--rebuild", "--run")),
        (explorer, ("--out", "--data")),
    )
    for line in (
        *([option] for option in flags),
        *([option, ""] for option in flags[1:]),
        *([option, "/dev/null/x"] for option in flags[1:]),
        ["--colour", "red"],
        [""],
        ["abacus"],
        ["--out", "x", "--out"],
        ["-x"],
    )
]


@pytest.mark.parametrize(("module", "line"), FIGURES)
def test_bad_lines_of_figures_are_refused(
    module: Any,
    line: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def begun(*_: Any, **__: Any) -> None:
        raise AssertionError(line)

    for name in ("_make.make_all", "_rebuild.rebuild", "_rebuild.adopt", "explorer._page.page"):
        monkeypatch.setattr(f"paper_figures.{name}", begun)
    monkeypatch.chdir(tmp_path)
    assert module.main(line) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.endswith(".\n")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield value


WORDS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=8).filter(lambda word: word not in ("-h", "--help")),
    st.sampled_from(NOT_WHOLE),
)


def _made(config: type, line: Sequence[str]) -> Options | str:
    """The config, or the sentence that there is instead."""
    try:
        return parse(config, "program", line)
    except UsageError as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(set(CONFIGS) - {"combine"})), st.data())
def test_drawn_lines_give_a_config_or_a_sentence(name: str, data: st.DataObject) -> None:
    """And a config holds finite numbers, and comes back from its record."""
    config = CONFIGS[name]
    option = data.draw(st.sampled_from([name for name, *_ in options(config)]))
    made = _made(config, [flag(option), *data.draw(st.lists(WORDS, max_size=3))])
    if isinstance(made, str):
        assert "\n" not in made
        assert made.endswith(".")
        return
    assert all(math.isfinite(x) for x in _numbers(question(made)))
    if not isinstance(made, Options):
        return  # a benchmark, which keeps no record to go on from
    again = restore(config, made.out, json.loads(json.dumps(question(made))))
    how = {name: getattr(made, name) for name in HOW}
    assert dataclasses.replace(again, **how) == made


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("thomson", ["--starts", "-1"]),
        ("phase_boundary", ["--grid", HUGE]),
        ("combine", ["nowhere/at/all"]),
    ],
)
def test_a_bad_line_exits_with_2_and_one_sentence(
    module: str, line: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "error", "-m", f"simulations.{module}", *line]
    refused = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("Argument `")
    assert refused.stderr.count("\n") == 1
