"""The exported page: opened as a file, without a network, under a strict policy."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from builders import TEXT_A, TEXT_B, pair
from export_cases import HOSTILE, hostile_pair
from playwright.sync_api import Browser, expect
from tiny_models import encoder

import siamviz
from siamviz.export.save import to_csv

from .axe import violations
from .chromium import Watch
from .view import View

pytestmark = pytest.mark.browser

FORBIDDEN = re.compile("Content.Security.Policy", re.IGNORECASE)


@pytest.fixture(scope="module")
def explainer() -> siamviz.Explainer:
    return siamviz.Explainer(encoder())


def opened(watch: Watch, file: Path) -> View:
    """The page without any network; it may ask for nothing but itself."""
    watch.page.context.set_offline(True)
    watch.page.goto(file.as_uri())
    view = View(watch.page.locator(".siamviz[data-status]"))
    expect(view.map).to_be_visible()
    assert watch.requests == [file.as_uri()]
    return view


def in_order(watch: Watch, file: Path) -> None:
    """Nothing was asked for, nothing refused by the policy, nothing failed."""
    assert watch.requests == [file.as_uri()]
    assert watch.take_errors() == []


def test_the_page_needs_no_network_and_breaks_no_rule_of_its_policy(tmp_path: Path, watch: Watch):
    shown = pair(coarse=True)
    saved = shown.view().save(tmp_path / "page.html")
    assert saved.size == (tmp_path / "page.html").stat().st_size
    view = opened(watch, saved.path)
    assert view.root.get_attribute("data-status") == "offline"
    assert view.numbers()[0] == pytest.approx(shown.score, abs=5e-4)
    expect(watch.page.locator("noscript")).to_have_count(0)
    for kind in view.views():
        view.choose(kind)
    view.choose("Matrix")
    view.hover(2, 3)
    expect(view.readout).to_contain_text("dog × in:")
    view.drag((3, 4), (6, 8))
    expect(view.pins).to_have_count(1)
    view.choose("Word")
    view.control("fold reference").check()
    view.control("Similarity").select_option("dot")
    view.control("top pairs").select_option("5")
    view.map.focus()
    view.map.press("?")
    expect(view.root.get_by_role("dialog")).to_be_visible()
    watch.page.keyboard.press("Escape")
    in_order(watch, saved.path)


@pytest.mark.parametrize("kind", ["CSV", "JSON"])
def test_a_page_saves_its_numbers_on_its_own(tmp_path: Path, watch: Watch, kind: str):
    shown = pair()
    view = opened(watch, shown.view().save(tmp_path / "page.html").path)
    view.root.get_by_role("button", name="Export").click()
    with watch.page.expect_download() as download:
        view.root.get_by_role("menuitem", name=re.compile(rf"\({kind}\)")).click()
    text = download.value.path().read_text("utf-8")
    if kind == "CSV":
        found, expected = (list(csv.DictReader(io.StringIO(t))) for t in (text, to_csv(shown)))
        effects = [[float(row.pop("effect")) for row in rows] for rows in (found, expected)]
        shares = [[float(row.pop("share")) for row in rows] for rows in (found, expected)]
        assert effects[0] == pytest.approx(effects[1])
        assert shares[0] == pytest.approx(shares[1])
        assert found == expected
    else:
        matrix = json.loads(text)["arrays"]["matrix"]
        assert np.allclose(matrix, shown.matrix)


def test_the_policy_forbids_other_scripts_and_all_requests(tmp_path: Path, watch: Watch):
    file = pair().view().save(tmp_path / "page.html").path
    opened(watch, file)
    # What Playwright runs may do more than the page's own scripts: it leaves the attempt to one.
    watch.page.evaluate(
        """() => setTimeout(() => {
            const script = document.createElement('script');
            script.textContent = 'document.title = "ran"';
            document.body.append(script);
            new Image().src = 'https://example.org/beacon.png';
            try { eval('document.title = "ran"'); } catch { /* refused, as it should be */ }
            fetch('https://example.org/').catch(() => null);
        })"""
    )
    watch.page.wait_for_timeout(200)
    assert watch.page.title() != "ran"
    assert watch.outside == []
    errors = watch.take_errors()
    assert len(errors) >= 3
    assert all(FORBIDDEN.search(error) for error in errors)


def test_a_page_shows_what_the_view_showed(tmp_path: Path, watch: Watch):
    given = pair(coarse=True).view(
        unit="word", view="links", pins=[{"a": [2], "b": [3]}], theme="dark", similarity="dot"
    )
    file = given.save(tmp_path / "page.html").path
    watch.page.goto(file.as_uri())
    root = watch.page.locator(".siamviz[data-status]")
    expect(root).to_have_attribute("data-theme", "dark")
    expect(root.get_by_role("radio", name="Word")).to_be_checked()
    expect(root.get_by_role("radio", name="Links")).to_be_checked()
    expect(root.get_by_role("combobox", name="Similarity")).to_have_value("dot")
    expect(View(root).pins).to_have_count(1)
    in_order(watch, file)


def test_steps_layers_and_baselines_can_be_chosen_among_those_computed(
    tmp_path: Path, watch: Watch, explainer: siamviz.Explainer
):
    live = explainer.view("a dog runs", "the cat sleeps", rule="midpoint", steps=4)
    saved = live.save(
        tmp_path / "page.html", baselines=["pad", "mask"], layers=[0, 1], steps=[2, 4, 8]
    )
    assert saved.results == 12
    view = opened(watch, saved.path)
    for layer, baseline, steps, place in ((1, "mask", 8, 2), (0, "mask", 2, 0), (0, "pad", 4, 1)):
        view.control("layer").select_option(str(layer))
        view.control("baseline").select_option(baseline)
        view.control("steps").fill(str(place))
        expected = explainer.explain(
            "a dog runs",
            "the cat sleeps",
            layer=layer,
            baseline=baseline,
            quadrature="midpoint",
            steps=steps,
        )
        expect(view.certificate).to_contain_text(f"{steps} steps")
        ledger = expected.ledger
        assert view.numbers()[1:3] == pytest.approx([ledger.pairs, ledger.tokens_a], abs=5e-4)
        assert view.root.get_attribute("data-status") == "offline"
    in_order(watch, saved.path)


def test_hostile_texts_run_nothing_in_a_page_even_without_its_policy(tmp_path: Path, watch: Watch):
    file = hostile_pair().view(special=True).save(tmp_path / "page.html").path
    unguarded = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", file.read_text("utf-8"))
    file.write_text(unguarded, "utf-8")
    view = opened(watch, file)
    title = watch.page.title()
    for kind in view.views():
        view.choose(kind)
        assert view.root.locator("script, img, iframe, a, [onerror], [onmouseover]").count() == 0
    view.choose("Matrix")
    for index in range(len(HOSTILE)):
        view.token("a", index).hover()
        view.token("b", index).click()
    assert watch.page.title() == title
    assert watch.page.locator("script").count() == 2
    in_order(watch, file)


def test_readers_without_scripts_see_the_static_table(tmp_path: Path, browser: Browser):
    shown = pair()
    file = shown.view().save(tmp_path / "page.html").path
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        expect(page.get_by_role("table").first).to_be_visible()
        text = page.evaluate("document.querySelector('noscript').innerText")
        assert f"similarity {shown.score:.3f}".replace("-", "−") in text
        assert {token.text for token in (*shown.tokens_a, *shown.tokens_b)} <= set(text.split())


def test_a_page_whose_data_is_damaged_says_so_and_keeps_the_table(tmp_path: Path, watch: Watch):
    file = pair().view().save(tmp_path / "page.html").path
    text = file.read_text("utf-8")
    data = re.search(r'id="siamviz-data">(.*?)</script>', text, re.DOTALL)
    assert data
    broken = json.loads(data[1])
    broken["frames"][0]["frame"] = "c2lhbQ=="
    file.write_text(text.replace(data[1], json.dumps(broken)), "utf-8")
    watch.page.goto(file.as_uri())
    expect(watch.page.get_by_role("alert").first).to_contain_text(re.compile(r"\w+"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_page(tmp_path: Path, watch: Watch, theme: str):
    file = pair(TEXT_A, TEXT_B, coarse=True).view().save(tmp_path / "page.html").path
    watch.page.emulate_media(color_scheme=theme)
    text = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", file.read_text("utf-8"))
    file.write_text(text, "utf-8")
    view = opened(watch, file)
    expect(view.root).to_have_attribute("data-theme", theme)
    found = []
    for kind in view.views():
        view.choose(kind)
        found += violations(watch.page.locator("html"))
    assert found == []


@pytest.mark.parametrize("width", [320, 640])
def test_a_narrow_page_does_not_scroll_sideways(tmp_path: Path, watch: Watch, width: int):
    file = pair(coarse=True).view().save(tmp_path / "page.html").path
    watch.page.set_viewport_size({"width": width, "height": 800})
    view = opened(watch, file)
    for kind in view.views():
        view.choose(kind)
        assert watch.page.evaluate("document.documentElement.scrollWidth") <= width
