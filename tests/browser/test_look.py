"""The pair view in both themes, narrow, zoomed, right to left, and with hostile texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from builders import pair
from export_cases import HOSTILE
from playwright.sync_api import expect

from siamviz.color import DARK, LIGHT, table_index

from .axe import violations
from .lab import Lab, Notebook
from .notebooks import notebook
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    """
    import ipywidgets
    from builders import pair
    from export_cases import hostile_pair, long_pair

    shown = pair(coarse=True)
    """,
    "",
)

ACTIVE = "script, img, iframe, object, embed, a, [onerror], [onmouseover]"

# What sticks out of the view to the right or left, where it does not scroll.
OUTSIDE = """root => {
    const box = root.getBoundingClientRect();
    const scrolls = element => element !== root
        && (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    return [...root.querySelectorAll('*')].filter(element => {
        const {left, right, width} = element.getBoundingClientRect();
        const out = width > 0 && (right > box.right + 1 || left < box.left - 1);
        return out && !scrolls(element.parentElement) && element.checkVisibility();
    }).map(element => element.outerHTML.slice(0, 200));
}"""

# Text that is cut off by its own box.
CLIPPED = """root => [...root.querySelectorAll('button, label, h2, .sv-term, .sv-status, select')]
    .filter(element => element.checkVisibility() && element.scrollWidth > element.clientWidth + 2
        && getComputedStyle(element).display !== 'inline')
    .map(element => element.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def sheet(lab: Lab) -> Iterator[Notebook]:
    opened = lab.open(notebook(*CELLS), "look.ipynb")
    opened.run(0)
    yield opened
    lab.theme("JupyterLab Light")
    opened.close()


def show(sheet: Notebook, source: str) -> View:
    """The view that a cell shows."""
    sheet.write(1, source)
    sheet.run(1)
    shown = View(sheet.output(1).locator("[data-status]"))
    expect(shown.map).to_be_visible()
    shown.mouse.move(0, 0)
    return shown


# Themes


def test_the_colours_follow_jupyterlab_until_a_theme_is_chosen(lab: Lab, sheet: Notebook):
    result = pair(coarse=True)
    row, column = (int(i) for i in np.unravel_index(np.abs(result.matrix).argmax(), (14, 17)))
    value = float(result.matrix[row, column])
    entry = table_index(value, abs(value))
    view = show(sheet, "view = shown.view(special=True); view")
    for theme, table in (("Dark", DARK), ("Light", LIGHT)):
        lab.theme(f"JupyterLab {theme}")
        expect(view.root).to_have_attribute("data-theme", theme.lower())
        assert view.colors([(row, column)])[0][:3] == [int(channel) for channel in table[entry]]
    sheet.python("view.theme = 'dark'")
    expect(view.root).to_have_attribute("data-theme", "dark")
    sheet.python("view.theme = 'auto'")
    expect(view.root).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(sheet: Notebook, theme: str):
    view = show(sheet, f"view = shown.view(theme={theme!r}); view")
    view.click(2, 3)
    found = []
    for kind in view.views():
        view.choose(kind)
        found += violations(view.root)
    view.choose("Matrix")
    view.root.get_by_role("button", name="Export").click()
    found += violations(view.root)
    view.page.keyboard.press("Escape")
    view.map.press("?")
    found += violations(view.root)
    assert found == []


# Room


@pytest.mark.parametrize("width", [320, 480, 700])
def test_a_narrow_cell_shows_everything_without_sticking_out(sheet: Notebook, width: int):
    view = show(
        sheet,
        "view = shown.view(pins=[{'a': [2], 'b': [3]}])\n"
        f"ipywidgets.VBox([view], layout={{'width': '{width}px', 'overflow': 'visible'}})",
    )
    view.root.scroll_into_view_if_needed()
    assert view.root.evaluate("root => root.clientWidth") <= width
    for kind in view.views():
        view.choose(kind)
        assert view.root.evaluate(OUTSIDE) == []
        assert view.root.evaluate(CLIPPED) == []
    view.choose("Matrix")
    view.hover(4, 5)
    expect(view.readout).to_contain_text(" × ")


def test_two_views_side_by_side_share_the_room(sheet: Notebook):
    sheet.write(1, "ipywidgets.HBox([shown.view(), shown.view(unit='word')])")
    sheet.run(1)
    roots = sheet.output(1).locator("[data-status]")
    expect(roots).to_have_count(2)
    widths = [View(roots.nth(index)).root.bounding_box()["width"] for index in range(2)]
    assert min(widths) > 300


def test_long_texts_are_windowed_and_can_be_zoomed_into(sheet: Notebook):
    view = show(sheet, "view = long_pair(120).view(); view")
    labels = view.map.locator(".sv-rows .sv-label").count()
    assert labels < 120
    layout = view.layout()
    view.root.get_by_role("button", name="Zoom in").click()
    view.root.get_by_role("button", name="Zoom in").click()
    assert view.layout()["cell"] > 1.5 * layout["cell"]
    view.map.locator(".sv-scroller").evaluate("scroller => scroller.scrollTo(1e6, 1e6)")
    view.hover(120, 120)
    expect(view.readout).to_contain_text(" × ")
    view.map.focus()
    view.map.press("n")
    expect(view.readout).to_contain_text("rank 1 of")


def test_whoever_asks_for_less_motion_gets_none(sheet: Notebook):
    view = show(sheet, "view = shown.view(); view")
    view.page.emulate_media(reduced_motion="reduce")
    moving = view.root.evaluate(
        """root => [...root.querySelectorAll('*')].filter(element => {
            const {transitionDuration, animationName} = getComputedStyle(element);
            return parseFloat(transitionDuration) > 0.01 || animationName !== 'none';
        }).length"""
    )
    view.page.emulate_media(reduced_motion="no-preference")
    assert moving == 0


# Writing


def test_right_to_left_and_left_to_right_texts_keep_their_directions(sheet: Notebook):
    view = show(sheet, "view = pair('הכלב רץ אחרי החתול', 'The dog chases the cat').view(); view")
    assert view.text("a").get_attribute("dir") == "rtl"
    assert view.text("b").get_attribute("dir") == "ltr"
    first, second = (view.token("a", index).bounding_box() for index in (1, 3))
    assert first["x"] > second["x"]
    view.token("a", 1).hover()
    expect(view.readout).to_contain_text("הכלב"[:4])
    view.hover(1, 1)
    expect(view.token("a", 1)).to_have_class(re.compile("sv-lit"))
    assert view.root.evaluate(OUTSIDE) == []


def test_chinese_and_emoji_keep_their_offsets(sheet: Notebook):
    texts = "小狗 😀 在院子里跑", "猫 naïve 𝔘nicode 睡"
    view = show(sheet, f"view = pair(*{texts}).view(); view")
    result = pair(*texts)
    for side, text, tokens in zip("ab", texts, (result.tokens_a, result.tokens_b), strict=True):
        shown = view.text(side).locator("[data-token]").all_inner_texts()
        assert shown == [token.text for token in tokens]
        assert text in view.text(side).inner_text()


# Hostile texts


def test_hostile_texts_run_nothing_and_stay_readable(lab: Lab, sheet: Notebook):
    title = lab.page.title()
    dialogs: list[str] = []
    lab.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    view = show(sheet, "view = hostile_pair().view(special=True); view")
    for kind in view.views():
        view.choose(kind)
        assert view.root.locator(ACTIVE).count() == 0
    view.choose("Matrix")
    tokens = view.text("a").locator("[data-token]")
    assert tokens.count() == len(HOSTILE)
    for index in range(tokens.count()):
        view.token("a", index).click()
        assert view.root.locator(ACTIVE).count() == 0
    assert dialogs == []
    assert lab.page.title() == title
    text = view.root.inner_text()
    assert "</script><script>alert(1)</script>" in text
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u2028\u2029\x00\x07\x1b]", text)
