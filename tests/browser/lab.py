"""JupyterLab and Notebook 7, driven through their own commands; what is tested is clicked."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import JSHandle, Locator, Page

from .chromium import Watch, screenshot
from .servers import Server

READY = """async panel => {
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    return panel;
}"""

OPEN = """async ([path, kernel]) => {
    const preference = kernel ? {} : {kernelPreference: {shouldStart: false, canStart: true}};
    const panel = await jupyterapp.commands.execute(
        'docmanager:open', {path, factory: 'Notebook', ...preference});
    await panel.context.ready;
    await panel.revealed;
    return kernel ? READY(panel) : panel;
}""".replace("READY", f"({READY})")

RUN_ALL = """async panel => {
    jupyterapp.shell.activateById(panel.id);
    await jupyterapp.commands.execute('notebook:run-all-cells');
}"""

START = """async ([panel, index]) => {
    jupyterapp.shell.activateById(panel.id);
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    const done = jupyterapp.commands.execute('notebook:run-cell');
    return {done};
}"""

PYTHON = """async ([panel, code]) => {
    const kernel = panel.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false});
    let said = '';
    let error = '';
    future.onIOPub = ({header, content}) => {
        if (header.msg_type === 'stream' && content.name === 'stdout') said += content.text;
        if (header.msg_type === 'error') error = content.traceback.join('\\n');
    };
    await future.done;
    return {said, error};
}"""

CLOSE = """async panel => {
    const session = panel.sessionContext.session?.id;
    panel.context.model.dirty = false;
    panel.dispose();
    if (session) await jupyterapp.serviceManager.sessions.shutdown(session);
}"""


def plain(text: str) -> str:
    """A traceback without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Notebook:
    """An open notebook."""

    @classmethod
    def shown(cls, page: Page, file: Path) -> Notebook:
        """The notebook that the whole page shows, as in Notebook 7."""
        page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext")
        panel = page.evaluate_handle(f"({READY})(jupyterapp.shell.currentWidget)")
        return cls(page, panel, file)

    def __init__(self, page: Page, panel: JSHandle, path: Path) -> None:
        self.page = page
        self.path = path
        self._panel = panel
        self.root = page.locator(f"[id='{panel.evaluate('panel => panel.id')}']")

    def cell(self, index: int) -> Locator:
        """The cell at `index`."""
        return self.root.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """Everything the cell at `index` has put out."""
        return self.cell(index).locator(".jp-OutputArea")

    def run_all(self) -> None:
        """Run all cells and wait; an exception in a cell fails the test."""
        self._panel.evaluate(RUN_ALL)
        for cell in self.content().cells:
            for output in cell.get("outputs", ()):
                assert output.output_type != "error", plain("\n".join(output.traceback))

    def start(self, index: int) -> None:
        """Run one cell without waiting for it."""
        self.page.evaluate_handle(START, [self._panel, index]).dispose()

    def run(self, index: int) -> None:
        """Run one cell and wait for it."""
        self.page.evaluate(
            f"async given => {{ await (await ({START})(given)).done; }}", [self._panel, index]
        )

    def python(self, code: str) -> str:
        """What `code` prints when the kernel runs it."""
        done = self.page.evaluate(PYTHON, [self._panel, code])
        assert not done["error"], plain(done["error"])
        return done["said"].rstrip("\n")

    def value(self, expression: str) -> Any:
        """What an expression is in the kernel, through JSON."""
        return json.loads(self.python(f"import json; print(json.dumps({expression}))"))

    def becomes(self, expression: str, expected: object, timeout: float = 5.0) -> None:
        """Wait until an expression in the kernel is equal to `expected`."""
        end = time.monotonic() + timeout
        while (found := self.value(expression)) != expected and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        assert found == expected

    def content(self) -> nbformat.NotebookNode:
        """The notebook as it stands in the page, with its outputs."""
        model: dict[str, Any] = self._panel.evaluate("panel => panel.context.model.toJSON()")
        return nbformat.from_dict(model)

    def write(self, index: int, source: str) -> None:
        """Replace the source of a cell."""
        self._panel.evaluate(
            "(panel, [index, source]) => panel.content.model.cells.get(index).sharedModel"
            ".setSource(source)",
            [index, source],
        )

    def append(self, source: str) -> None:
        """Add a code cell at the end."""
        cell = {"cell_type": "code", "source": source}
        self._panel.evaluate("(panel, cell) => panel.content.model.sharedModel.addCell(cell)", cell)

    def delete(self, index: int) -> None:
        """Delete a cell."""
        self._panel.evaluate(
            "(panel, index) => panel.content.model.sharedModel.deleteCell(index)", index
        )

    def show(self, index: int) -> None:
        """Go to a cell."""
        self._panel.evaluate(
            """async (panel, index) => {
                panel.content.activeCellIndex = index;
                await panel.content.scrollToItem(index, 'start');
            }""",
            index,
        )

    def attach_only_what_is_in_view(self) -> None:
        """Let JupyterLab take cells out of the page that are scrolled away."""
        self._panel.evaluate(
            "panel => { panel.content.notebookConfig ="
            " {...panel.content.notebookConfig, windowingMode: 'full'}; }"
        )

    def mirror(self, index: int) -> None:
        """Open a second view of a cell's output in a tab of its own."""
        self._panel.evaluate(
            """async (panel, index) => {
                panel.content.activeCellIndex = index;
                await jupyterapp.commands.execute('notebook:create-output-view');
            }""",
            index,
        )

    def save(self) -> None:
        """Save to disk."""
        self._panel.evaluate("panel => panel.context.save()")

    def stop_kernel(self) -> None:
        """Shut the kernel down and leave the notebook open."""
        self._panel.evaluate("panel => panel.sessionContext.shutdown()")

    def restart_kernel(self) -> None:
        """Restart the kernel without asking."""
        self._panel.evaluate("panel => panel.sessionContext.session.kernel.restart()")

    def close(self) -> None:
        """Close without saving; the kernel goes with it."""
        self._panel.evaluate(CLOSE)


class Lab:
    """A page with JupyterLab in it."""

    def __init__(self, watch: Watch, server: Server) -> None:
        self.server = server
        self.watch = watch
        self.page = watch.page
        self.page.goto(f"{server.url}/lab?reset&token={server.token}")
        self.page.wait_for_function("window.jupyterapp", timeout=60_000)
        self.page.evaluate("jupyterapp.restored")
        self.page.evaluate(
            "jupyterapp.commands.execute('application:set-mode', {mode: 'single-document'})"
        )
        self._open: list[Notebook] = []

    def open(self, content: nbformat.NotebookNode, name: str, *, kernel: bool = True) -> Notebook:
        """Write `content` to the server's folder as `name` and open it."""
        file = self.server.folder / name
        nbformat.write(content, file)
        return self.reopen(file, kernel=kernel)

    def reopen(self, file: Path, *, kernel: bool = True) -> Notebook:
        """Open a notebook of the server's folder."""
        path = str(file.relative_to(self.server.folder))
        panel = self.page.evaluate_handle(OPEN, [path, kernel])
        return Notebook(self.page, panel, file)

    def theme(self, name: str) -> None:
        """Choose JupyterLab's theme."""
        self.page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )

    @contextmanager
    def zoom(self, factor: int) -> Iterator[None]:
        """Zoom as a browser does: fewer pixels of CSS, each of more pixels of the screen."""
        session = self.page.context.new_cdp_session(self.page)
        size = self.page.viewport_size or {}
        for scale in (factor, 1):
            metrics = {name: length // scale for name, length in size.items()}
            session.send(
                "Emulation.setDeviceMetricsOverride",
                {**metrics, "deviceScaleFactor": scale, "mobile": False},
            )
            if scale == factor:
                yield
        session.detach()

    def screenshot(self, name: str) -> Path:
        """Save what the page shows."""
        return screenshot(self.page, name)
