"""The pair view stays: scrolled away and back, mirrored, zoomed, saved and opened again."""

from __future__ import annotations

import pytest
from builders import pair
from playwright.sync_api import expect

from .lab import Lab
from .notebooks import notebook
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    "from builders import pair",
    "view = pair(coarse=True).view(unit='word', pins=[{'a': [2], 'b': [3]}])\nview",
)


def test_a_saved_notebook_that_was_not_run_again_can_be_explored(lab: Lab):
    sheet = lab.open(notebook(*CELLS), "saved.ipynb")
    sheet.run_all()
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible()
    view.choose("Token")
    view.click(4, 5, "Control")
    sheet.becomes("[view.unit, len(view.pins)]", ["token", 2])
    before = view.numbers()
    sheet.save()
    sheet.close()

    sheet = lab.reopen(sheet.path)
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible()
    assert view.numbers() == before
    expect(view.pins).to_have_count(2)
    assert view.root.get_attribute("data-status") == "offline"
    view.hover(2, 3)
    expect(view.readout).to_contain_text("dog × in:")
    view.choose("Sentence")
    count = len(pair().by("sentence").tokens_a)
    expect(view.text("a").locator("[data-token]")).to_have_count(count)
    sheet.close()


def test_scrolled_away_and_back_it_is_as_it_was(lab: Lab):
    filler = ["'text'\n" * 12] * 20
    sheet = lab.open(notebook(*CELLS, *filler), "scrolled.ipynb")
    sheet.attach_only_what_is_in_view()
    sheet.run(0)
    sheet.run(1)
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible()
    view.hover(2, 3)
    certain = [(4, 5), (6, 7), (1, 2)]
    before = view.colors(certain)
    sheet.show(len(filler) + 1)
    expect(sheet.root.locator(".siamviz")).to_be_hidden()
    sheet.python("view.unit = 'sentence'; view.unit = 'word'; view.theme = 'light'")
    sheet.show(1)
    expect(view.map).to_be_in_viewport()
    view.rest()
    assert view.colors(certain) == before
    expect(view.pins).to_have_count(1)
    view.click(4, 5, "Control")
    expect(view.pins).to_have_count(2)
    sheet.becomes("len(view.pins)", 2)
    sheet.close()


def test_a_second_window_on_the_output_is_a_view_of_its_own(lab: Lab):
    sheet = lab.open(notebook(*CELLS), "mirrored.ipynb")
    sheet.run_all()
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible()
    sheet.mirror(1)
    mirror = View(lab.page.locator(".jp-LinkedOutputView [data-status]"))
    expect(mirror.map).to_be_visible()
    mirror.click(4, 5, "Control")
    expect(mirror.pins).to_have_count(2)
    sheet.becomes("len(view.pins)", 2)
    sheet.close()
    lab.page.keyboard.press("Escape")


def test_zoomed_to_200_percent_it_is_drawn_with_finer_pixels(lab: Lab):
    sheet = lab.open(notebook(*CELLS), "zoomed.ipynb")
    sheet.run_all()
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible()
    canvas = view.map.locator("canvas").first
    cells = [(4, 5), (6, 7), (1, 2)]
    colors = view.colors(cells)
    with lab.zoom(2):
        view.rest()
        width, scale = canvas.evaluate(
            "canvas => [canvas.width, canvas.width / canvas.getBoundingClientRect().width]"
        )
        assert scale == pytest.approx(2, abs=2 / width)
        assert view.colors(cells) == colors
        view.click(4, 5, "Control")
        expect(view.pins).to_have_count(2)
    sheet.becomes("len(view.pins)", 2)
    sheet.close()
