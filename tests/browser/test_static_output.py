"""The static picture of a result survives the sanitizers of JupyterLab and Notebook 7."""

from __future__ import annotations

import nbformat
import pytest
from builders import pair
from nbformat.v4 import new_output
from playwright.sync_api import Browser, Locator

from siamviz.export.html import to_html

from .lab import Lab
from .notebooks import notebook

pytestmark = pytest.mark.browser

PAINTED = """root => [...root.querySelectorAll('td, span')].map(element => {
    const {backgroundColor, color} = getComputedStyle(element);
    return [element.textContent.trim(), backgroundColor, color];
}).filter(([text, background]) => text && background !== 'rgba(0, 0, 0, 0)')"""


@pytest.fixture(scope="module")
def fragment() -> str:
    return to_html(pair(), page=False)


@pytest.fixture(scope="module")
def alone(fragment: str, browser: Browser) -> list[list[str]]:
    """Text and colours of the fragment in a page of its own."""
    page = browser.new_page()
    page.set_content(fragment)
    found = painted(page.locator("body"))
    page.close()
    return found


def never_run(fragment: str) -> nbformat.NotebookNode:
    """A notebook with an output that JupyterLab has no reason to trust."""
    given = notebook("pair")
    given.cells[0].outputs = [new_output("display_data", {"text/html": fragment})]
    return given


def painted(root: Locator) -> list[list[str]]:
    root.get_by_text("similarity").first.wait_for()
    return root.evaluate(PAINTED)


def test_an_untrusted_notebook_shows_all_numbers_and_colours(lab: Lab, fragment: str, alone):
    sheet = lab.open(never_run(fragment), "untrusted.ipynb", kernel=False)
    assert len(alone) > 100
    assert painted(sheet.output(0)) == alone
    sheet.close()


def test_a_notebook_that_was_run_shows_all_numbers_and_colours(lab: Lab, alone):
    sheet = lab.open(notebook("from builders import pair; pair()"), "run.ipynb")
    sheet.run_all()
    assert painted(sheet.output(0)) == alone
    sheet.close()
