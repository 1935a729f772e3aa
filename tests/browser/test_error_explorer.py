"""The error explorer in JupyterLab: gestures filter, keys step, marks last, texts stay text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from export_cases import HOSTILE
from playwright.sync_api import Locator, expect

from .axe import violations
from .lab import Lab, Notebook
from .notebooks import notebook

pytestmark = pytest.mark.browser

TEXTS = [text for text in HOSTILE if "\ud800" not in text]
SETUP = f"""
import random, tempfile, siamviz
from siamviz.corpus import packaged_sentences
from siamviz.study.analysis import analyze
from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer

chance = random.Random(0)
sentences = list(packaged_sentences())[:60]
rows = [
    {{"a": one, "b": two, "gold": chance.random(), "<b>kind</b>": chance.choice(["x", "<i>y</i>"])}}
    for one, two in zip(sentences, sentences[1:])
]
rows += [
    {{"a": text + " cat", "b": "cat " + text, "gold": 0.99, "<b>kind</b>": "x"}}
    for text in {TEXTS!r}
]
explainer = siamviz.Explainer("all-MiniLM-L6-v2")
folder = tempfile.mkdtemp()
run = analyze(
    rows, out=folder, model=explainer, text_a="a", text_b="b", gold="gold", layer=5,
    quadrature="gauss-legendre", steps=4, progress=False,
)
"""
SHOW = """
asked = []
if "explorer" in globals():
    explorer.close()
(run.folder / "notes.json").unlink(missing_ok=True)
explorer = ErrorExplorer(run)
answer = explorer._session.handle

def noted(kind, body):
    asked.append(kind)
    return answer(kind, body)

for part in (explorer._board, explorer._pairs):
    part._ask = noted
explorer
"""
CELLS = (SETUP, SHOW)
GESTURES = "[kind for kind in asked if kind in ('filter', 'tap', 'chip', 'step', 'star', 'tag')]"

FILTERS = "explorer._session.choosing.chosen.filters"
ACTIVE = "script, img, iframe, object, embed, a, i i, [onerror], [onmouseover]"


class Explorer:
    """A shown explorer."""

    def __init__(self, sheet: Notebook, output: Locator) -> None:
        self.sheet, self.page = sheet, sheet.page
        self.board = output.locator(".siamviz:has(.sx-board)")
        self.pairs = output.locator(".siamviz:has(.sx-list)")
        self.picture = output.locator(".siamviz-picture .siamviz")
        self.scatter = self.board.locator(".sx-scatter .sx-plot")
        self.histogram = self.board.locator(".sx-histogram .sx-plot")
        self.league = self.board.get_by_role("table")
        self.list = self.pairs.get_by_role("listbox", name="Pairs")
        self.lines = self.list.get_by_role("option")
        self.count = self.board.locator(".sx-sum > b")
        self.filters = self.board.get_by_role("list", name="Filters in force")

    def value(self, expression: str) -> Any:
        return self.sheet.value(expression)

    def rows(self) -> list[int]:
        return self.value("sorted(explorer.rows.tolist())")

    def settles(self) -> None:
        """Wait until the front end shows what Python has chosen, and its tables."""
        version = self.value("explorer._session.choosing.chosen.version")
        expect(self.board).to_have_attribute("data-version", str(version))
        expect(self.board.locator(".sx-old")).to_have_count(0)

    def drag(self, plot: Locator, *path: tuple[float, float]) -> None:
        """Drag over a plot, through points as shares of its width and height."""
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=5)
        self.page.mouse.up()


@pytest.fixture(scope="module")
def sheet(lab: Lab) -> Iterator[Notebook]:
    opened = lab.open(notebook(*CELLS), "explorer.ipynb")
    opened.run(0)
    yield opened
    lab.theme("JupyterLab Light")
    opened.close()


def show(sheet: Notebook) -> Explorer:
    sheet.run(1)
    shown = Explorer(sheet, sheet.output(1))
    expect(shown.scatter.locator("canvas").first).to_be_visible()
    expect(shown.lines.first).to_be_visible()
    shown.settles()
    shown.page.mouse.move(0, 0)
    return shown


@pytest.fixture
def explorer(sheet: Notebook) -> Explorer:
    return show(sheet)


# Gestures


def test_a_box_over_the_scatter_filters_list_and_tables_with_one_message(explorer: Explorer):
    before = explorer.league.inner_text()
    explorer.drag(explorer.scatter, (0.3, 0.1), (0.8, 0.5))
    explorer.sheet.becomes(GESTURES, ["filter"])
    explorer.settles()
    low, high = explorer.value("explorer.selection.gold.agg(['min', 'max']).tolist()")
    rows = explorer.rows()
    assert 0 < len(rows) < explorer.value("len(run)")
    inside = f"run.pairs('gold BETWEEN {low} AND {high}').to_frame().row.tolist()"
    assert set(rows) <= set(explorer.value(inside))
    expect(explorer.count).to_have_text(str(len(rows)))
    expect(explorer.lines).not_to_have_count(0)
    assert explorer.lines.count() <= len(rows)
    assert explorer.league.inner_text() != before
    expect(explorer.filters).to_contain_text("region of the scatter")


def test_a_lasso_keeps_what_it_goes_around(explorer: Explorer):
    explorer.board.get_by_role("radio", name="Select by lasso").check(force=True)
    explorer.drag(explorer.scatter, (0.3, 0.05), (0.95, 0.05), (0.95, 0.7), (0.3, 0.05))
    explorer.sheet.becomes(GESTURES, ["filter"])
    explorer.settles()
    corners = explorer.value(f"len({FILTERS}[0].value)")
    assert 3 <= corners <= 61
    assert 0 < len(explorer.rows()) < explorer.value("len(run)")


def test_a_range_of_the_histogram_crosses_with_the_scatter(explorer: Explorer):
    explorer.drag(explorer.histogram, (0.45, 0.3), (0.97, 0.6))
    explorer.sheet.becomes(GESTURES, ["filter"])
    explorer.settles()
    high = explorer.rows()
    low, most = explorer.value(f"{FILTERS}[0].value")
    assert explorer.value(f"explorer.selection.difference.between({low}, {most}).all().item()")
    explorer.drag(explorer.scatter, (0.2, 0.05), (0.35, 0.8))
    explorer.sheet.becomes(GESTURES, ["filter", "filter"])
    explorer.settles()
    assert set(explorer.rows()) < set(high)
    explorer.filters.get_by_role("button", name="Remove the filter region").click()
    explorer.sheet.becomes("sorted(explorer.rows.tolist())", high)
    explorer.board.get_by_role("button", name="Clear all").click()
    explorer.sheet.becomes("len(explorer.rows)", explorer.value("len(run)"))


def test_a_click_in_the_scatter_opens_the_pair_there(explorer: Explorer):
    explorer.scatter.scroll_into_view_if_needed()
    box = explorer.scatter.bounding_box()
    explorer.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    explorer.sheet.becomes(GESTURES, ["tap"])
    expect(explorer.pairs.locator("[aria-selected=true]")).to_have_count(1)
    expect(explorer.picture.locator(".sv-map canvas").first).to_be_visible()
    assert explorer.value("explorer.view.text_a == explorer.selection.set_index('row')"
                          ".text_a[explorer.current]")  # fmt: skip


def test_a_row_of_the_league_keeps_its_pairs_and_gives_them_back(explorer: Explorer):
    button = explorer.league.get_by_role("button", name="×").nth(3)
    a, b = button.inner_text().split(" × ")
    button.click()
    explorer.sheet.becomes(f"len({FILTERS})", 1)
    explorer.settles()
    for text in explorer.value("(explorer.selection.text_a + explorer.selection.text_b).tolist()"):
        assert a in text.lower()
        assert b in text.lower()
    expect(explorer.filters).to_contain_text(f"{a} × {b}")
    explorer.filters.get_by_role("button", name="Remove the filter").click()
    explorer.sheet.becomes("len(explorer.rows)", explorer.value("len(run)"))


def test_the_league_is_sorted_and_searched_among_all_word_pairs(explorer: Explorer):
    header = explorer.league.locator("th:nth-child(2)")
    explorer.league.get_by_role("button", name="n", exact=True).click()
    expect(header).to_have_attribute("aria-sort", "descending")
    first = explorer.league.locator("td:nth-child(2)").first
    most = explorer.value("int(run.word_pairs(least=1, order='n', limit=1).n[0])")
    expect(first).to_have_text(str(most))
    counts = [int(text) for text in explorer.league.locator("td:nth-child(2)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    assert counts != sorted(counts)
    plain = "a.str.isalpha() and b.str.isalpha() and a != b and n == 1"
    rare = f"run.word_pairs(least=1, limit=None).query({plain!r}).iloc[-1][['a', 'b']].tolist()"
    a, b = explorer.value(rare)
    cells = explorer.league.locator("td:first-child")
    expect(cells.get_by_text(f"{a} × {b}", exact=True)).to_have_count(0)
    explorer.board.get_by_role("searchbox", name="Find a word pair").fill(f"{b} {a}")
    expect(cells.get_by_text(f"{a} × {b}", exact=True)).to_have_count(1)


SPOT = """([gold, score]) => {
    const scatter = [...Bokeh.index.roots].find(({ model }) => model.select_one?.("region"));
    return [scatter.frame.x_scale.compute(gold), scatter.frame.y_scale.compute(score)];
}"""


def test_the_texts_of_a_point_are_shown_where_the_pointer_rests(explorer: Explorer):
    pair = explorer.value("run.pairs(order='difference DESC', limit=1).to_frame().loc[0].to_dict()")
    tip = explorer.board.locator(".sv-tip")
    x, y = explorer.page.evaluate(SPOT, [pair["gold"], pair["score"]])
    explorer.scatter.hover(position={"x": x + 3, "y": y - 3})
    expect(tip).to_contain_text(pair["text_a"])
    expect(tip).to_contain_text(pair["text_b"])
    explorer.page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    assert explorer.value(GESTURES) == []


def test_a_chip_filters_and_shows_that_it_does(explorer: Explorer):
    slices = explorer.board.get_by_role("group", name="Slices")
    chip = slices.get_by_role("button", name="largest errors")
    expect(chip).to_contain_text("MAE")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    explorer.settles()
    assert len(explorer.rows()) == round(0.1 * explorer.value("len(run)"))
    slices.get_by_role("button", name="all pairs").click()
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_a_condition_of_ones_own_filters_and_a_wrong_one_is_explained(explorer: Explorer):
    field = explorer.board.get_by_role("textbox", name="SQL condition")
    field.fill("gold > 0.5")
    field.press("Enter")
    explorer.sheet.becomes(GESTURES, ["filter"])
    explorer.settles()
    explorer.sheet.becomes("bool((explorer.selection.gold > 0.5).all())", True)
    kept = explorer.rows()
    field.fill("gold >")
    field.press("Enter")
    expect(explorer.board.get_by_role("alert")).to_contain_text("is no SQL condition")
    assert explorer.rows() == kept


def test_python_selects_and_the_view_follows(explorer: Explorer):
    explorer.sheet.python("explorer.select('gold < 0.2')")
    expect(explorer.count).to_have_text(str(explorer.value("len(explorer.rows)")))
    expect(explorer.board.get_by_role("textbox", name="SQL condition")).to_have_value("gold < 0.2")


# The list


def test_j_and_k_step_and_the_picture_follows(explorer: Explorer):
    explorer.list.focus()
    rows = explorer.value("explorer.rows.tolist()")
    for key, place in (("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1)):
        explorer.page.keyboard.press(key)
        explorer.sheet.becomes("explorer.current", rows[place])
        expect(explorer.lines.nth(place)).to_have_attribute("aria-selected", "true")
    text = explorer.value(f"run.pairs([{rows[1]}]).to_frame().text_a[0]")
    explorer.sheet.becomes("explorer.view.text_a", text)
    expect(explorer.picture.locator(".sv-tokens").first).to_contain_text(text.split()[0])
    explorer.page.keyboard.press("Enter")
    assert explorer.picture.evaluate("root => root.contains(document.activeElement)")


def test_rapid_steps_end_at_the_right_pair_and_picture(explorer: Explorer):
    explorer.list.focus()
    for _ in range(12):
        explorer.page.keyboard.press("j")
    row = explorer.value("int(explorer.rows[11])")
    explorer.sheet.becomes("explorer.current", row)
    text = explorer.value(f"run.pairs([{row}]).to_frame().text_a[0]")
    explorer.sheet.becomes("explorer.view.text_a", text)
    place = explorer.pairs.locator(".sx-place")
    expect(place).to_have_text(f"12 of {explorer.value('len(run)')}")


def test_only_lines_in_view_are_in_the_page_and_the_last_one_is_reached(explorer: Explorer):
    total = explorer.value("len(run)")
    assert explorer.lines.count() < total
    explorer.list.focus()
    explorer.page.keyboard.press("End")
    explorer.sheet.becomes("explorer.current", explorer.value("int(explorer.rows[-1])"))
    last = explorer.pairs.locator(f"[aria-posinset='{total}']")
    expect(last).to_be_in_viewport()
    expect(last).not_to_contain_text("…")


def test_the_texts_are_searched_and_the_list_is_ordered(explorer: Explorer):
    search = explorer.pairs.get_by_role("searchbox", name="Find in the texts")
    search.press_sequentially("CAT", delay=20)
    explorer.sheet.becomes(f"[one.value for one in {FILTERS}]", ["CAT"])
    assert explorer.value(GESTURES) == ["filter"]
    explorer.pairs.get_by_role("combobox", name="Order").select_option("order of the data")
    explorer.sheet.becomes("explorer.rows.tolist() == sorted(explorer.rows.tolist())", True)


def test_star_and_tag_are_kept_with_the_run_and_come_back(explorer: Explorer, sheet: Notebook):
    explorer.list.focus()
    explorer.page.keyboard.press("j")
    explorer.page.keyboard.press("s")
    expect(explorer.lines.first).to_contain_text("★")
    explorer.page.keyboard.press("t")
    explorer.page.keyboard.type("odd <b>one</b>")
    explorer.page.keyboard.press("Enter")
    expect(explorer.lines.first.locator(".sx-tag")).to_have_text("odd <b>one</b>")
    row = explorer.value("explorer.current")
    kept = sheet.value("Run(folder).tags()[['row', 'star', 'tag']].values.tolist()")
    assert kept == [[row, True, "odd <b>one</b>"]]
    sheet.python("again = ErrorExplorer(Run(folder, explainer))")
    assert "odd <b>one</b>" in sheet.value("again._board._told['chips']['tags']")
    chip = explorer.board.get_by_role("group", name="tags").get_by_role("button")
    chip.click()
    explorer.sheet.becomes("explorer.rows.tolist()", [row])


# Looks, and what must not happen


def test_hostile_texts_values_and_tags_run_no_script(explorer: Explorer):
    title = explorer.page.title()
    explorer.sheet.python("explorer.select('gold = 0.99')")
    expect(explorer.count).to_have_text(str(len(TEXTS)))
    explorer.list.focus()
    for place in range(len(TEXTS)):
        explorer.page.keyboard.press("j")
        row = explorer.value(f"int(explorer.rows[{place}])")
        explorer.sheet.becomes("explorer.current", row)
        explorer.sheet.becomes("explorer._picture._latest.done.is_set()", True)
    explorer.page.keyboard.press("t")
    explorer.page.keyboard.type(HOSTILE[1])
    explorer.page.keyboard.press("Enter")
    explorer.sheet.becomes("run.tags().tag.tolist()", [HOSTILE[1]])
    for root in (explorer.board, explorer.pairs, explorer.picture):
        assert root.locator(ACTIVE).count() == 0
    expect(explorer.board.get_by_role("group", name="<b>kind</b>")).to_contain_text("<i>y</i>")
    assert explorer.page.title() == title


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_colours_follow_jupyterlab_and_axe_finds_nothing_wrong(
    lab: Lab, explorer: Explorer, theme: str
):
    lab.theme(f"JupyterLab {theme}")
    for root in (explorer.board, explorer.pairs):
        expect(root).to_have_attribute("data-theme", theme.lower())
    expect(explorer.scatter.locator("canvas").first).to_be_visible()
    explorer.list.focus()
    explorer.page.keyboard.press("j")
    expect(explorer.lines.first).to_have_attribute("aria-selected", "true")
    explorer.drag(explorer.scatter, (0.3, 0.1), (0.8, 0.5))
    explorer.sheet.becomes(f"len({FILTERS})", 1)
    explorer.settles()
    assert violations(explorer.board) + violations(explorer.pairs) == []
    lab.screenshot(f"explorer-{theme.lower()}")


def test_a_saved_notebook_is_small_and_says_that_it_needs_its_kernel(lab: Lab, sheet: Notebook):
    explorer = show(sheet)
    explorer.list.focus()
    explorer.page.keyboard.press("j")
    expect(explorer.picture.locator(".sv-map canvas").first).to_be_visible()
    sheet.save()
    assert sheet.path.stat().st_size < 250_000
    sheet.stop_kernel()
    explorer.page.keyboard.press("k")
    expect(explorer.pairs.get_by_role("alert")).to_contain_text("The explorer needs its kernel")
