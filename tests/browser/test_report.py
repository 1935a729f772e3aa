"""The report of a run: opened as a file, without a network, under its policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from export_cases import HOSTILE
from playwright.sync_api import Browser, Locator, expect
from runs import RECORDS, records, small_run

import siamviz
from siamviz.study import looks
from siamviz.study.analysis import analyze
from siamviz.study.run import Run

from .axe import violations
from .chromium import Watch
from .view import View

pytestmark = pytest.mark.browser

USABLE = len(RECORDS) - 1
FORBIDDEN = re.compile("Content.Security.Policy", re.IGNORECASE)
STORABLE = [text for text in HOSTILE if "\ud800" not in text]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, explainer: siamviz.Explainer) -> Run:
    made = small_run(tmp_path_factory.mktemp("run"), model=explainer)
    made.tag(9, tag="synonym", star=True)
    return made


@pytest.fixture(scope="module")
def file(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run.report(tmp_path_factory.mktemp("page") / "report.html", worst=3)


class Report:
    """A report in the browser, driven as a reader would."""

    def __init__(self, watch: Watch, file: Path) -> None:
        self.watch, self.file, self.page = watch, file, watch.page
        self.page.context.set_offline(True)
        self.page.goto(file.as_uri())
        self.plots = self.page.locator("#rp-plots .rp-plot")
        self.count = self.page.locator(".rp-selection b").first
        self.lines = self.page.get_by_role("listbox", name="Pairs").get_by_role("option")
        self.view = self.page.locator(".siamviz[data-status]")
        expect(self.plots.last.locator("canvas").first).to_be_visible()
        self.page.wait_for_timeout(300)

    def figure(self, index: int) -> Locator:
        """The scatter or the histogram."""
        return self.plots.nth(index)

    def spot(self, index: int, x: float, y: float) -> tuple[float, float]:
        """A place in a figure, in parts of its width and height."""
        box = self.figure(index).bounding_box()
        assert box
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, index: int, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*self.spot(index, *start))
        mouse.down()
        mouse.move(*self.spot(index, *end), steps=6)
        mouse.up()

    def show_all(self) -> None:
        self.page.get_by_role("button", name="show all").click()

    def in_order(self) -> None:
        """Nothing was asked for, nothing refused by the policy, nothing failed."""
        assert self.watch.requests == [self.file.as_uri()]
        assert self.watch.take_errors() == []


@pytest.fixture
def report(watch: Watch, file: Path) -> Iterator[Report]:
    opened = Report(watch, file)
    yield opened
    opened.in_order()


def differences(report: Report) -> list[float]:
    texts = [line.split("\n")[-1] for line in report.lines.all_inner_texts()]
    return [float(text.replace("−", "-")) for text in texts]


def test_a_report_opens_on_the_worst_pair(report: Report, run: Run):
    worst = run.pairs("score IS NOT NULL", order="abs(difference) DESC").to_frame()
    expect(report.count).to_have_text(str(USABLE))
    expect(report.lines).to_have_count(USABLE)
    assert differences(report) == pytest.approx(worst["difference"].tolist(), abs=0.006)
    view = View(report.view)
    expect(view.map).to_be_visible()
    assert view.numbers()[0] == pytest.approx(worst["score"].iloc[0], abs=5e-4)
    expect(report.page.locator("#rp-curve canvas").first).to_be_visible()
    expect(report.page.locator("noscript")).to_have_count(0)


def test_a_pair_that_is_chosen_shows_its_picture(report: Report, run: Run):
    worst = run.pairs("score IS NOT NULL", order="abs(difference) DESC").to_frame()
    report.lines.nth(2).click()
    expect(report.lines.nth(2)).to_have_attribute("aria-selected", "true")
    expect(report.page.locator(".rp-pair")).to_contain_text(f"Row {worst['row'].iloc[2]}:")
    expect(View(report.view).map).to_be_visible()
    assert View(report.view).numbers()[0] == pytest.approx(worst["score"].iloc[2], abs=5e-4)
    list_ = report.page.get_by_role("listbox", name="Pairs")
    list_.focus()
    list_.press("ArrowDown")
    expect(report.lines.nth(3)).to_have_attribute("aria-selected", "true")
    list_.press("End")
    expect(report.lines.last).to_have_attribute("aria-selected", "true")
    expect(report.page.locator(".rp-view")).to_contain_text("is not in the report")
    expect(report.view).to_have_count(0)
    list_.press("Home")
    expect(report.view).to_have_count(1)


def test_a_box_in_the_scatter_narrows_histogram_and_list(report: Report, run: Run):
    report.drag(0, (0.12, 0.05), (0.5, 0.6))
    expect(report.page.get_by_role("button", name="show all")).to_be_visible()
    chosen = differences(report)
    assert 0 < len(chosen) < USABLE
    assert min(chosen) > -0.2
    expect(report.count).to_have_text(str(len(chosen)))
    report.drag(1, (0.72, 0.2), (0.98, 0.4))
    both = differences(report)
    assert set(both) <= set(chosen)
    assert min(both, default=1) > 0.05
    report.show_all()
    expect(report.lines).to_have_count(USABLE)


def test_a_range_of_the_histogram_keeps_the_pairs_in_it(report: Report, run: Run):
    report.drag(1, (0.02, 0.2), (0.5, 0.5))
    expect(report.page.get_by_role("button", name="show all")).to_be_visible()
    expected = run.sql("SELECT count(*) AS n FROM pairs WHERE difference < 0")["n"].iloc[0]
    assert max(differences(report)) < 0.02
    assert int(report.count.inner_text()) == pytest.approx(expected, abs=1)


def test_a_lasso_selects_too(report: Report):
    report.page.get_by_role("radio", name="Select by lasso").check(force=True)
    mouse = report.page.mouse
    corners = [(0.15, 0.05), (0.6, 0.05), (0.6, 0.55), (0.15, 0.6), (0.15, 0.1)]
    mouse.move(*report.spot(0, *corners[0]))
    mouse.down()
    for corner in corners[1:]:
        mouse.move(*report.spot(0, *corner), steps=4)
    mouse.up()
    expect(report.page.get_by_role("button", name="show all")).to_be_visible()
    assert 0 < len(differences(report)) < USABLE


def test_a_word_pair_keeps_the_pairs_in_which_it_is(report: Report, run: Run):
    words = run.word_pairs(least=2, limit=1).iloc[0]
    button = report.page.locator("[data-words]").first
    expect(button).to_have_text(f"{words['a']} × {words['b']}")
    button.click()
    expect(report.lines).to_have_count(int(words["n"]))
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(report.lines).to_have_count(USABLE)


def test_marked_pairs_can_be_kept(report: Report):
    report.page.get_by_role("checkbox", name="starred and tagged (1)").check()
    expect(report.lines).to_have_count(1)
    expect(report.lines.first).to_contain_text("synonym")


def test_the_pointer_over_a_point_tells_its_texts_and_a_tap_chooses_it(report: Report, run: Run):
    report.lines.nth(1).click()
    tip = report.page.locator(".sv-tip")
    found = None
    for place in range(400):
        x, y = (place % 20) / 20, (place // 20) / 20
        report.page.mouse.move(*report.spot(0, 0.1 + 0.88 * x, 0.02 + 0.8 * y))
        if place % 10 == 0 and tip.count():
            found = tip.inner_text()
            break
    assert found
    first, second, *_ = filter(None, found.split("\n"))
    assert (first, second) in {(a, b) for a, b, *_ in RECORDS}
    report.page.mouse.down()
    report.page.mouse.up()
    chosen = report.page.locator("[aria-selected=true]")
    expect(chosen).to_contain_text(first)


def test_the_figures_follow_the_theme(report: Report):
    report.page.emulate_media(color_scheme="dark")
    expect(report.view).to_have_attribute("data-theme", "dark")
    expect(report.figure(0).locator("canvas").first).to_be_visible()
    body = report.page.locator("body")
    expect(body).to_have_css("background-color", "rgb(26, 28, 33)")
    report.drag(1, (0.02, 0.2), (0.5, 0.5))
    expect(report.page.get_by_role("button", name="show all")).to_be_visible()


def test_the_policy_forbids_other_scripts_and_all_requests(watch: Watch, file: Path):
    report = Report(watch, file)
    title = report.page.title()
    report.page.evaluate(
        """() => setTimeout(() => {
            const script = document.createElement('script');
            script.textContent = 'document.title = "ran"';
            document.body.append(script);
            new Image().src = 'https://example.org/beacon.png';
            try { eval('document.title = "ran"'); } catch { /* refused, as it should be */ }
            fetch('https://example.org/').catch(() => null);
        })"""
    )
    report.page.wait_for_timeout(200)
    assert report.page.title() == title
    assert watch.outside == []
    errors = watch.take_errors()
    assert len(errors) >= 3
    assert all(FORBIDDEN.search(error) for error in errors)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, explainer: siamviz.Explainer) -> Path:
    """A report of texts, metadata and tags that try to act; without its policy."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = [(text, text[::-1] + " dog", i / 20, text[:9], 1) for i, text in enumerate(STORABLE)]
    frame = records([*rows, *rows]).rename(columns={"year": HOSTILE[1]})
    frame["genre"] = [STORABLE[i % 3] for i in range(len(frame))]
    frame["<b onmouseover=alert(1)>"] = [i % 2 for i in range(len(frame))]
    run = analyze(
        frame, model=explainer, out=folder / "run", text_a="first", text_b="second",
        gold="score", layer=6, quadrature="gauss-legendre", steps=1, progress=False,
    )  # fmt: skip
    for row, text in enumerate(STORABLE):
        run.tag(row, tag=text, star=True)
    path = run.report(folder / "report.html", worst=len(STORABLE), title=HOSTILE[0])
    text = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    return path


def test_hostile_texts_run_nothing_even_without_the_policy(watch: Watch, hostile: Path):
    report = Report(watch, hostile)
    title = report.page.title()
    scripts = report.page.locator("script").count()
    foreign = report.page.locator("main").locator(
        "script, img, iframe, a, b b, [onerror], [onmouseover], [onclick]"
    )
    for index in range(len(STORABLE)):
        report.lines.nth(index).click()
        expect(report.view.or_(report.page.locator(".rp-view .rp-note")).first).to_be_visible()
        assert foreign.count() == 0
    for button in report.page.locator("[data-words]").all()[:6]:
        button.click()
        assert foreign.count() == 0
    report.show_all()
    for x in range(12, 98, 4):
        for y in range(4, 84, 8):
            report.page.mouse.move(*report.spot(0, x / 100, y / 100))
    assert report.page.title() == title
    assert report.page.locator("script").count() == scripts
    report.in_order()


def test_many_pairs_are_counted_in_cells(
    watch: Watch, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(looks, "FEW", 5)
    report = Report(watch, run.report(tmp_path / "report.html", worst=1))
    report.drag(0, (0.12, 0.05), (0.5, 0.6))
    expect(report.page.get_by_role("button", name="show all")).to_be_visible()
    assert 0 < len(differences(report)) < USABLE
    report.in_order()


def test_readers_without_scripts_see_tables(file: Path, browser: Browser):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        expect(page.get_by_role("table").first).to_be_visible()
        text = page.locator("main").inner_text()
        assert "Spearman" in text
        assert RECORDS[9][1] in text
        assert "need scripts" in page.evaluate("document.querySelector('noscript').innerText")


def test_a_page_whose_data_is_damaged_says_so_and_keeps_its_tables(
    watch: Watch, file: Path, tmp_path: Path
):
    broken = re.sub(r'(id="siamviz-data">).*?</script>', r"\1{}</script>", file.read_text("utf-8"))
    (tmp_path / "broken.html").write_text(broken, "utf-8")
    watch.page.goto((tmp_path / "broken.html").as_uri())
    expect(watch.page.get_by_role("alert")).to_contain_text("its data is damaged")
    expect(watch.page.get_by_role("table").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_report(
    watch: Watch, file: Path, tmp_path: Path, theme: str
):
    watch.page.emulate_media(color_scheme=theme)
    text = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", file.read_text("utf-8"))
    (tmp_path / "open.html").write_text(text, "utf-8")
    report = Report(watch, tmp_path / "open.html")
    expect(View(report.view).map).to_be_visible()
    assert violations(report.page.locator("html")) == []


@pytest.mark.parametrize("width", [320, 700])
def test_a_narrow_report_does_not_scroll_sideways(watch: Watch, file: Path, width: int):
    watch.page.set_viewport_size({"width": width, "height": 800})
    report = Report(watch, file)
    expect(View(report.view).map).to_be_visible()
    assert report.page.evaluate("document.documentElement.scrollWidth") <= width
    report.in_order()
