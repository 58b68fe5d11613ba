"""The page to explore by hand: self-contained, and its numbers are those of the datasets."""

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paper_figures import _manifest
from paper_figures._manifest import DATA
from paper_figures.explorer import _build, _content, _page
from paper_figures.explorer.__main__ import NAME, main

SVG = "http://www.w3.org/2000/svg"  # a name, not a load
LOSS, REST = 0.5 * 10.0 ** (1 - _content.DIGITS), 0.5 * 10.0 ** (1 - _content.FEW)


class Elements(HTMLParser):
    """Attributes of every element, and the text of every script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[dict[str, str | None]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append(dict(attrs))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open].append(data)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("explorer") / "new"
    assert main(["--out", str(out)]) == 0
    return (out / NAME).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(text: str) -> Elements:
    return Elements(text)


@pytest.fixture(scope="module")
def content(elements: Elements) -> dict[str, Any]:
    """What the page holds, read back from it."""
    return json.loads(elements.inside["script"][0])


@pytest.fixture(scope="module")
def manifest() -> _manifest.Manifest:
    return _manifest.load(DATA)


def test_page_is_small_and_loads_nothing(text: str, elements: Elements) -> None:
    assert len(text.encode()) < 3e6
    assert "http" not in text.replace(SVG, "").replace("http-equiv", "")
    for attributes in elements.attributes:
        assert not {"src", "srcset", "action", "data", "poster"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import", "".join(elements.inside["style"]))
    code = "".join(elements.inside["script"][1:])
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|import[ (]|eval\(|innerHTML", code)
    policy = [each["content"] for each in elements.attributes if "http-equiv" in each]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"]


def test_labels_belong_to_what_is_there(elements: Elements) -> None:
    names = [each["id"] for each in elements.attributes if "id" in each]
    assert len(names) == len(set(names))
    for attributes in elements.attributes:
        for key in ("for", "aria-labelledby", "aria-describedby"):
            assert key not in attributes or attributes[key] in names


def test_cells_are_those_of_the_dataset(
    content: dict[str, Any], manifest: _manifest.Manifest
) -> None:
    view, dataset = content["phase"], manifest.read("metastable")
    np.testing.assert_allclose(view["p"], np.sort(dataset["density"])[::-1], rtol=LOSS)
    np.testing.assert_allclose(view["r"], np.sort(dataset["relative_importance"]), rtol=LOSS)
    dataset = dataset.sortby("density", ascending=False).sortby("relative_importance")
    stable = dataset["stable"].values == 1
    counts = [[len(cell) for cell in line] for line in view["cells"]]
    np.testing.assert_array_equal(counts, stable.sum(axis=-1))
    states = [state for line in view["cells"] for cell in line for state in cell]
    names = dataset["phase"].attrs["flag_meanings"].split(", ")
    assert view["names"] == names
    shown = np.array(states, dtype=float)
    columns = ("phase", "loss", "excess", "weights", "bias", "ground")
    of = {name: dataset[name].values[stable] for name in columns}
    np.testing.assert_array_equal(shown[:, 0], of["phase"])
    np.testing.assert_allclose(shown[:, 1], of["loss"], rtol=LOSS)
    np.testing.assert_allclose(shown[:, 2], of["excess"], rtol=REST)
    np.testing.assert_allclose(shown[:, 3:5], of["weights"], rtol=REST)
    np.testing.assert_allclose(shown[:, 5:7], of["bias"], rtol=REST)
    np.testing.assert_array_equal(shown[:, 7], of["ground"])


def test_arrangements_are_those_of_the_datasets(
    content: dict[str, Any], manifest: _manifest.Manifest
) -> None:
    runs = [each for each in manifest.datasets.values() if each.simulation == "nonuniform"]
    assert len(content["five"]) >= 1
    assert len(content["five"]) <= len(runs)
    assert content["five"] == sorted(content["five"], key=lambda run: run["density"])
    assert all(run["below"] == [] for run in content["five"])  # else "ground state" is a wrong name
    run = next(run for run in content["five"] if run["density"] == 0.05)
    dataset = manifest.read("nonuniform")
    np.testing.assert_allclose(run["ratio"], dataset["ratio"], rtol=LOSS)
    assert run["crossing"] == pytest.approx(float(dataset["crossing"][0]), rel=REST)
    for k, branch in enumerate(run["branches"]):
        known = dataset.isel(branch=k)
        assert branch["name"] == str(known["branch"].values)
        assert branch["exists"] == known["exists"].values.tolist()
        np.testing.assert_allclose(branch["loss"], known["loss"], rtol=LOSS)
        np.testing.assert_allclose(branch["weights"], known["weights"], rtol=REST)
        np.testing.assert_allclose(branch["bias"], known["bias"], rtol=REST)


def test_a_lower_end_of_a_random_start_is_told(manifest: _manifest.Manifest) -> None:
    dataset = manifest.read("nonuniform")
    dataset["ground_loss"][2, 0] = 0.9 * dataset["ground_branch_loss"][:, 2].min()
    dataset["ground_kind"][2, 0] = 0
    assert _content.five(dataset)["below"] == [
        pytest.approx(float(dataset["ground_ratio"][2]), rel=REST)
    ]


def test_particles_are_those_of_the_dataset(
    content: dict[str, Any], manifest: _manifest.Manifest
) -> None:
    dataset = manifest.read("thomson")
    assert [each["n"] for each in content["sphere"]] == dataset["size"].values.tolist()
    for each in content["sphere"]:
        n, known = each["n"], dataset.sel(size=each["n"])
        assert each["energy"] == pytest.approx(float(known["energy"]), rel=LOSS)
        assert each["symmetry"] == str(known["symmetry"].values)
        X = np.array(each["positions"])
        np.testing.assert_allclose(X.T, known["position"][:, :n], atol=5.1e-7)
        distance = np.linalg.norm(X[:, None] - X, axis=-1)[np.triu_indices(n, 1)]
        assert np.sum(1 / distance) == pytest.approx(each["energy"], rel=1e-6)  # six decimals
        degrees = np.bincount(np.ravel(each["edges"]), minlength=n)
        assert degrees.min() >= (3 if n > 3 else n - 1)
        assert len(each["edges"]) <= (3 * n - 6 if n > 3 else n)


def test_sources_are_named_with_command_and_hash(
    text: str, content: dict[str, Any], manifest: _manifest.Manifest
) -> None:
    assert len(content["sources"]) == 2 + len(content["five"])
    for each in content["sources"]:
        assert each["sha256"] == hashlib.sha256((DATA / each["file"]).read_bytes()).hexdigest()
        assert each["command"].startswith("python -m simulations.")
        (source,) = (s for s in manifest.datasets.values() if s.file == each["file"])
        assert source.source in each["version"]
    assert f"{_content.DIGITS} significant digits" in text


def test_page_is_the_same_on_a_rerun(text: str) -> None:
    assert _build.build(DATA) == text


def test_no_word_of_the_data_ends_its_element() -> None:
    word = "</script><b>"
    made = _page.page({"rounding": "none", "word": word})
    data = Elements(made).inside["script"][0]
    assert json.loads(data)["word"] == word


def test_numbers_are_rounded_and_none_where_there_is_none() -> None:
    values = np.array([[1.23456789, np.nan], [-0.0001234567, 2.0]])
    assert _content.rounded(values, 3) == [[1.23, None], [-0.000123, 2]]
    assert json.dumps(_content.rounded(1.0, 3)) == "1"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence that a refused command prints."""
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(".\n")
    assert printed.err.count("\n") == 1
    return printed.err


def test_broken_data_get_one_sentence(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--out", str(tmp_path / "out"), "--data")
    assert "Cannot read" in complaint(capsys, *words, str(tmp_path / "none"))
    path = copied / "manifest.json"
    good = path.read_text(encoding="utf-8")
    for bad in ("{", "[]", "{}"):
        path.write_text(bad)
        assert "is not a manifest" in complaint(capsys, *words, str(copied))
    entries = json.loads(good)
    del entries["datasets"]["metastable"]
    path.write_text(json.dumps(entries))
    assert "no dataset named 'metastable'" in complaint(capsys, *words, str(copied))
    path.write_text(good, encoding="utf-8")
    with (copied / "thomson.nc").open("ab") as file:
        file.write(b"x")
    assert "thomson.nc is not the one" in complaint(capsys, *words, str(copied))
    assert not (tmp_path / "out").exists()


def test_bad_command_lines_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Unrecognized arguments: --nothing" in complaint(capsys, "--nothing")
    (tmp_path / "file").touch()
    assert "must be writable" in complaint(capsys, "--out", str(tmp_path / "file"))
