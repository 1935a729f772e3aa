"""Servers, browser and pages that the browser tests share."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, expect

from . import servers
from .chromium import Watch, chromium, screenshot
from .examples import CELLS
from .lab import Lab, Notebook
from .notebooks import notebook
from .packages import from_npm
from .servers import Server
from .view import View

expect.set_options(timeout=15_000)

VIEWPORT = {"width": 1280, "height": 1000}

# What JupyterLab itself complains about: pattern and reason.
JUPYTERLAB = {
    "Could not send widget sync message": "a trait was on its way when its kernel went",
    r"Cannot read properties of null \(reading 'kernel'\)": "widgets look for a kernel in a "
    "notebook that was opened without one",
    r"(?s)'removeChild' on 'Node'.*jlab_core": "its splash screen goes twice where the theme "
    "changes twice in a moment",
}


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Jupyter server with JupyterLab and Notebook 7."""
    with servers.jupyter(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium; closed with the package, because its event loop would stay in others' way."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def lab(jupyter_server: Server, browser: Browser) -> Iterator[Lab]:
    """One page with JupyterLab."""
    with browser.new_context(viewport=VIEWPORT) as context:
        yield Lab(Watch(context), jupyter_server)


@pytest.fixture(scope="module")
def sheet(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Notebook]:
    """The notebook of the module's CELLS, else one with a view of a result."""
    cells = getattr(request.module, "CELLS", CELLS)
    opened = lab.open(notebook(*cells), f"{request.module.__name__}.ipynb")
    opened.run_all()
    yield opened
    opened.close()


@pytest.fixture
def view(sheet: Notebook) -> View:
    """A fresh view whose first result is there."""
    sheet.run(1)
    shown = View(sheet.output(1).locator("[data-status]"))
    shown.has_status("settled", "offline")
    expect(shown.map).to_be_visible()
    shown.mouse.move(0, 0)
    return shown


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    """A page of its own, with what npm has in place of the CDNs that exported notebooks name."""
    with browser.new_context(viewport=VIEWPORT) as context:
        yield Watch(context, from_npm)


@pytest.fixture(autouse=True)
def _nothing_goes_wrong_unseen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[None]:
    yield
    if "lab" in request.fixturenames:
        watch = request.getfixturevalue("lab").watch
        assert watch.take_errors(JUPYTERLAB) == []
        assert watch.outside == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Save what the browser shows when a test fails, as out/browser/failed-….png."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.when == "call" and report.failed and browser is not None:
        name = re.sub(r"\W+", "-", item.name)
        pages = [page for context in browser.contexts for page in context.pages]
        for index, page in enumerate(pages):
            screenshot(page, f"failed-{name}-{index}")
    return report
