"""The page in a real browser, headless Chromium: pointed at, typed into, dragged, on a phone."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from paper_figures import _manifest
from paper_figures._manifest import DATA
from paper_figures.explorer import _build

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
LOSS, REST = 0.5e-7, 0.5e-5  # relative rounding of losses, and of all else
PAGE = Path(__file__).parents[2] / "paper_figures" / "explorer" / "page"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here (on Debian: apt-get install chromium)"
)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("browser") / "explorer.html"
    path.write_text(_build.build(DATA), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        started = engine.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


@contextmanager
def opened(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    """The page in a window of its own; at the end nothing was loaded or complained about."""
    said, loaded = [], []
    window = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    page = window.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(address)
    yield page
    window.close()
    assert said == []
    assert loaded == [address]


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    with opened(browser, address) as page:
        yield page


def values(page: Any, selector: str) -> list[float]:
    """Numbers under an element; what stands there is the same, rounded."""
    found = page.locator(f"{selector} data").evaluate_all(
        "all => all.map(e => [e.value, e.innerText])"
    )
    for value, shown in found:
        assert number(shown) == pytest.approx(float(value), rel=1e-3)
    return [float(value) for value, _ in found]


def number(shown: str) -> float:
    plain = shown.translate(str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789"))
    return float(plain.replace(" × 10", "e"))


def cell(page: Any, dataset: xr.Dataset) -> xr.Dataset:
    """The dataset's cell that the page names."""
    p, r = values(page, "#phase-cell")
    return dataset.sel(density=p, relative_importance=r, method="nearest")


def check_cell(page: Any, dataset: xr.Dataset) -> xr.Dataset:
    """Every number shown at the cell, and every name, against the dataset."""
    at = cell(page, dataset)
    at = at.isel(state=np.flatnonzero(at["stable"].values == 1))
    cards = page.locator("#phase-states .card")
    assert cards.count() == at.sizes["state"]
    names = dataset["phase"].attrs["flag_meanings"].split(", ")
    shown = cards.locator("h3").evaluate_all("all => all.map(e => e.firstChild.data)")
    assert shown == [names[code] for code in at["phase"].values]
    rows = np.reshape(values(page, "#phase-states"), (at.sizes["state"], 6))
    np.testing.assert_allclose(rows[:, 0], at["loss"], rtol=LOSS)
    np.testing.assert_allclose(rows[:, 1], at["excess"], rtol=REST)
    np.testing.assert_allclose(rows[:, 2:4], at["weights"], rtol=REST)
    np.testing.assert_allclose(rows[:, 4:], at["bias"], rtol=REST)
    grounds = cards.evaluate_all("all => all.map(e => e.classList.contains('ground'))")
    assert grounds == (at["ground"].values == 1).tolist()
    return at


@pytest.fixture(scope="module")
def metastable() -> xr.Dataset:
    return _manifest.load(DATA).read("metastable").sortby("density")


@pytest.fixture(scope="module")
def five() -> xr.Dataset:
    return _manifest.load(DATA).read("nonuniform")


def pixels(page: Any, selector: str) -> str:
    return page.locator(selector).evaluate("canvas => canvas.toDataURL()")


def test_pointing_at_cells_shows_their_states(page: Any, metastable: xr.Dataset) -> None:
    p, r = (metastable[name].values for name in ("density", "relative_importance"))
    page.locator("#phase-map").scroll_into_view_if_needed()
    box = page.locator("#phase-map").bounding_box()
    inner = {"x": 56, "y": 8, "width": box["width"] - 66, "height": box["height"] - 52}

    def point(across: float, up: float) -> xr.Dataset:
        x = box["x"] + inner["x"] + across * inner["width"]
        page.mouse.move(x, box["y"] + inner["y"] + (1 - up) * inner["height"])
        return check_cell(page, metastable)

    last = len(p) - 1
    for across, up in ((0.001, 0.001), (0.999, 0.999), (0.52, 0.1), (0.3, 0.25), (0.7, 0.6)):
        at = point(across, up)
        assert at["relative_importance"] == r[int(across * len(r))]
        assert at["density"] == p[last - int(up * len(p))]  # sparser upwards
    page.mouse.down()
    page.mouse.up()
    before = cell(page, metastable)
    point(0.2, 0.2)
    assert cell(page, metastable).equals(before)  # held by the click
    page.locator("#phase-map").press("Escape")
    assert not point(0.25, 0.2).equals(before)


def test_arrow_keys_walk_the_map_and_are_spoken(page: Any, metastable: xr.Dataset) -> None:
    p, r = (metastable[name].values for name in ("density", "relative_importance"))
    canvas = page.locator("#phase-map")
    for key, j in (("Home", 0), ("ArrowRight", 1), ("End", len(r) - 1), ("ArrowLeft", len(r) - 2)):
        canvas.press(key)
        assert check_cell(page, metastable)["relative_importance"] == r[j]
    for _ in range(len(p) // 5 + 1):
        canvas.press("PageDown")
    assert cell(page, metastable)["density"] == p[-1]
    before = pixels(page, "#phase-map")
    canvas.press("ArrowUp")
    assert check_cell(page, metastable)["density"] == p[-2]
    assert pixels(page, "#phase-map") != before
    said = page.locator("#phase-live")
    playwright.expect(said).to_contain_text("Ground state: dedicated to 2")
    assert page.locator("#phase-summary").inner_text() in said.inner_text()


def test_both_dense_ground_states_are_shown_and_colours_can_count(
    page: Any, metastable: xr.Dataset
) -> None:
    canvas = page.locator("#phase-map")
    canvas.press("Home")
    for _ in range(int(np.flatnonzero(metastable["relative_importance"] == 1)[0])):
        canvas.press("ArrowRight")
    for _ in range(len(metastable["density"]) // 5 + 1):
        canvas.press("PageDown")
    assert int(check_cell(page, metastable)["ground"].sum()) == 2
    assert "2 ground states of equal loss" in page.locator("#phase-summary").inner_text()
    before = pixels(page, "#phase-map")
    page.select_option("#phase-colour", "minima")
    assert pixels(page, "#phase-map") != before
    most = int(metastable["minima"].max())
    shown = page.locator("#phase-bar-labels span").all_inner_texts()
    assert shown == [str(k + 1) for k in range(most)]


def test_slider_turns_the_pentagon_into_two_digons(page: Any, five: xr.Dataset) -> None:
    slider, pictures = page.locator("#five-ratio"), set()
    slider.press("End")
    for k in reversed(range(five.sizes["ratio"])):
        at = five.isel(ratio=k)
        exists = at["exists"].values == 1
        lowest = int(np.argmin(np.where(exists, at["loss"], np.inf)))
        for card, branch in (("#five-ground", lowest), ("#five-other", 1 - lowest)):
            name = str(five["branch"].values[branch])
            assert page.locator(card).get_attribute("data-branch") == name
            known = [float(at["loss"][branch])] if exists[branch] else []
            assert values(page, card) == pytest.approx(known, rel=LOSS)
        pictures.add(page.locator("#five-ground .plane").inner_html())
        slider.press("ArrowLeft")
    assert len(pictures) > five.sizes["ratio"] / 2  # it moves: digons alone stand still
    ends = page.locator("#five-ground .plane polygon").count(), int(exists[0])
    assert ends == (4, 0)  # two digons and no pentagon left
    assert "two digons" in page.locator("#five-summary").inner_text()
    assert "None of 24 random starts" in page.locator("#five-check").inner_text()


def test_density_of_the_others_is_a_slider_too(page: Any) -> None:
    slider = page.locator("#five-density")
    before = values(page, "#five-ground")
    slider.press("Home")
    sparsest = json.loads(page.locator("#data").inner_text())["five"][0]["density"]
    assert number(page.locator("#five-density-text").inner_text()) == sparsest < 0.05
    assert values(page, "#five-ground") != before


def test_arrangements_turn_on_drag_and_keys(page: Any) -> None:
    canvas = page.locator("#sphere-view")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen = [pixels(page, "#sphere-view")]

    def turned() -> np.ndarray:
        page.evaluate("() => new Promise(requestAnimationFrame)")
        seen.append(pixels(page, "#sphere-view"))
        view = np.array(canvas.get_attribute("data-view").split(), dtype=float).reshape(3, 3)
        np.testing.assert_allclose(view @ view.T, np.eye(3), atol=3e-3)  # three decimals
        return view

    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 20, steps=3)
    page.mouse.up()
    turned()
    page.mouse.move(*middle)  # without a button nothing turns
    turned()
    assert seen[2] == seen[1] != seen[0]
    for key in ("ArrowLeft", "ArrowUp", ",", "ArrowDown", "."):
        canvas.press(key)
        turned()
    assert len(set(seen)) == len(seen) - 1
    canvas.press("r")
    turned()
    assert seen[-1] == seen[0]


def test_every_size_shows_its_energy_and_group(page: Any) -> None:
    dataset = _manifest.load(DATA).read("thomson")
    slider = page.locator("#sphere-size")
    slider.press("Home")
    for n in dataset["size"].values[:40]:
        at = dataset.sel(size=n)
        energy, *_ = values(page, "#sphere-facts")
        assert energy == pytest.approx(float(at["energy"]), rel=LOSS)
        group = str(at["symmetry"].values) or "no symmetry"
        assert page.locator("#sphere-name").text_content() == f"N = {n}, {group}"
        slider.press("ArrowRight")
    page.locator("#sphere-less").click()
    less = int(page.locator("#sphere-size-text").inner_text())
    page.locator("#sphere-more").click()
    assert int(page.locator("#sphere-size-text").inner_text()) == less + 1


def test_phone_has_no_sideways_scroll_and_is_tapped(
    browser: Any, address: str, metastable: xr.Dataset
) -> None:
    size = {"width": 375, "height": 667}
    with opened(browser, address, viewport=size, has_touch=True, is_mobile=True) as page:
        for width in (320, 375):
            page.set_viewport_size(size | {"width": width})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("#phase-map").scroll_into_view_if_needed()
        page.locator("#phase-map").tap(position={"x": 200, "y": 60})
        check_cell(page, metastable)
        assert page.locator("#phase-cell .tag").inner_text().strip() == "held"
        for selector in ("#phase-map", "#sphere-view"):
            assert 300 <= page.locator(selector).bounding_box()["width"] <= 375


def test_dark_and_light_follow_the_system_until_the_button_is_pressed(
    browser: Any, address: str
) -> None:
    def ground(page: Any) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with opened(browser, address, color_scheme="dark") as page:
        dark, map_dark = ground(page), pixels(page, "#phase-map")
        page.emulate_media(color_scheme="light")
        page.wait_for_selector(":root[data-theme=light]")
        light = ground(page)
        page.locator("#theme").click()
        assert page.locator("#theme").get_attribute("aria-pressed") == "true"
        assert ground(page) == dark != light
        assert pixels(page, "#phase-map") == map_dark
        page.locator("#theme").press("Enter")
        assert ground(page) == light
        assert pixels(page, "#phase-map") != map_dark


def test_focus_is_seen_on_everything_that_takes_it(page: Any) -> None:
    reached = []
    while True:
        page.keyboard.press("Tab")
        tag, name, style = page.evaluate(
            "[document.activeElement.tagName, document.activeElement.id,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        if tag == "BODY":
            break
        assert style == "solid"
        reached.append(name)
    controls = ("theme", "phase-colour", "phase-map", "five-ratio", "sphere-size", "sphere-view")
    assert set(controls) <= set(reached)
    assert len(reached) < 20


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb as WCAG 2.2 defines it."""
    share = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast(theme: int) -> None:
    """At least 4.5 to 1 for text, 3 to 1 for what is drawn (WCAG 2.2, 1.4.3 and 1.4.11)."""
    block = (PAGE / "page.css").read_text(encoding="utf-8").split("}")[theme]
    colours = dict(re.findall(r"--(\w+): (#\w{6});", block))
    for back in ("page", "panel"):
        for name, least in (("text", 4.5), ("muted", 4.5), ("accent", 4.5), ("good", 4.5),
                            ("first", 3), ("second", 3), ("near", 3)):  # fmt: skip
            low, high = sorted(luminance(colours[key]) for key in (back, name))
            assert (high + 0.05) / (low + 0.05) >= least, (back, name)
