"""The pair view in Notebook 7 and marimo, and in notebooks that nbconvert made into pages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter, SlidesExporter
from playwright.sync_api import expect

from . import servers
from .chromium import Watch
from .lab import Notebook
from .notebooks import notebook
from .servers import Server
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    "from builders import pair",
    "view = pair(coarse=True).view()\nview",
)

# Notebook 7 says so of its own settings, with and without a view.
NOTEBOOK_7 = [r"Cannot read properties of undefined \(reading 'schema'\)"]

# nbconvert's pages ask a CDN for formulas, diagrams and fonts, which these notebooks do not need.
WITHOUT_CDN = ["^Failed to load resource", "MathJax is not defined"]

MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _():
    from builders import pair

    view = pair(coarse=True).view()
    view
    return (view,)


@app.cell
def _(view):
    print("python sees", view.unit, view.pins)
    return


if __name__ == "__main__":
    app.run()
"""


def try_out(view: View) -> None:
    """Look, hover, pin and change the unit."""
    expect(view.map).to_be_visible()
    expect(view.text("a")).to_be_visible()
    expect(view.text("b")).to_be_visible()
    expect(view.ledger).to_contain_text("similarity")
    view.hover(2, 3)
    expect(view.readout).to_contain_text("dog × in:")
    view.click(2, 3)
    expect(view.pins).to_have_count(1)
    view.choose("Word")
    expect(view.text("a").locator("[data-token]")).to_have_count(12)


# Notebook 7


def test_notebook_7_shows_the_view_and_python_hears_of_it(jupyter_server: Server, watch: Watch):
    file = jupyter_server.folder / "seven.ipynb"
    nbformat.write(notebook(*CELLS), file)
    watch.page.goto(f"{jupyter_server.url}/notebooks/{file.name}?token={jupyter_server.token}")
    sheet = Notebook.shown(watch.page, file)
    sheet.run_all()
    try_out(View(sheet.output(1).locator("[data-status]")))
    sheet.becomes("[view.unit, view.pins]", ["word", [{"a": [2], "b": [3]}]])
    sheet.close()
    assert watch.take_errors(NOTEBOOK_7) == []
    assert watch.outside == []


# marimo


@pytest.fixture
def marimo(tmp_path: Path) -> Iterator[Server]:
    file = tmp_path / "notebook.py"
    file.write_text(MARIMO.lstrip(), "utf-8")
    with servers.marimo(tmp_path, file) as server:
        yield server


def test_marimo_shows_the_view_and_python_hears_of_it(marimo: Server, watch: Watch):
    watch.page.goto(marimo.url)
    view = View(watch.page.locator(".siamviz[data-status]"))
    expect(view.map).to_be_visible(timeout=60_000)
    try_out(view)
    watch.page.locator(".cm-content").last.click()
    watch.page.keyboard.press("Control+Enter")
    expect(watch.page.get_by_text("python sees word")).to_be_visible()
    assert watch.take_errors() == []
    assert watch.outside == []


# nbconvert


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """A notebook that was run and saved with the state of its widgets."""
    folder = tmp_path_factory.mktemp("executed")
    file = folder / "view.ipynb"
    given = notebook(*CELLS)
    given.cells[1].metadata["slideshow"] = {"slide_type": "slide"}
    nbformat.write(given, file)
    command = (sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace")
    subprocess.run(
        [*command, file.name],
        cwd=folder,
        check=True,
        env=servers.environment(folder),
        capture_output=True,
    )
    return nbformat.read(file, as_version=4)


@pytest.mark.parametrize(
    "exporter", [HTMLExporter(), SlidesExporter(reveal_transition="none")], ids=["page", "slides"]
)
def test_a_notebook_converted_to_a_page_or_slides_stays_explorable(
    executed: nbformat.NotebookNode, tmp_path: Path, watch: Watch, exporter: HTMLExporter
):
    document, _ = exporter.from_notebook_node(executed)
    (tmp_path / "page.html").write_text(document, "utf-8")
    with servers.files(tmp_path) as server:
        watch.page.goto(f"{server.url}/page.html")
        view = View(watch.page.locator(".siamviz[data-status]"))
        view.root.wait_for(state="attached")
        if isinstance(exporter, SlidesExporter):
            watch.page.locator(".reveal.ready").wait_for()
            watch.page.keyboard.press("ArrowRight")
            watch.page.locator("section.present", has=view.root).last.wait_for()
        try_out(view)
        assert view.root.get_attribute("data-status") == "offline"
    assert watch.take_errors(WITHOUT_CDN) == []


def test_a_saved_notebook_holds_the_static_table_for_viewers_without_scripts(
    executed: nbformat.NotebookNode,
):
    outputs = executed.cells[1].outputs
    assert "text/html" in outputs[0].data
    assert re.search(r"<table", outputs[0].data["text/html"])
