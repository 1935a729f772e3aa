"""The pair view: sizes, and what a user waits for in JupyterLab and in an exported page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import nbformat
import numpy as np
from nbclient import NotebookClient
from playwright.sync_api import Browser

import siamviz
from siamviz.contributions import Settings, Token
from siamviz.export.bundle import PAIR_VIEW
from tests.benchmarks import data
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number
from tests.browser import servers
from tests.browser.chromium import Watch, chromium
from tests.browser.lab import Lab, Notebook
from tests.browser.notebooks import notebook

SIZE = 512
CHANGES = 20

SETUP = f"""
import torch, siamviz
torch.set_num_threads(2)
a, b = {data.PAIR!r}
explainer = siamviz.Explainer("all-MiniLM-L6-v2")
explainer.explain(a, b)
explainer.explain(a, b, steps=16)
finished = []
"""

SHOW = "view = explainer.view(a, b)\nview"

# Milliseconds from running a cell to the frame after its view's result is drawn.
FIRST_PAINT = """async ([panel, index]) => {
    const cell = panel.content.widgets[index].node;
    panel.content.deselectAll();
    panel.content.activeCellIndex = index;
    const began = performance.now();
    const done = jupyterapp.commands.execute('notebook:run-cell');
    const frame = () => new Promise(requestAnimationFrame);
    while (!cell.querySelector('.siamviz[data-status=settled] canvas')) await frame();
    await frame();
    const took = performance.now() - began;
    await done;
    return took;
}"""

# Milliseconds from letting the slider go to the first change of the picture, and to its last.
RELEASE = """async (slider, value) => {
    const root = slider.closest('.siamviz');
    const frame = () => new Promise(requestAnimationFrame);
    const shown = () => root.querySelector('.sv-terms').textContent;
    const before = shown();
    slider.value = value;
    for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true}));
    const began = performance.now();
    let first = 0;
    const final = () => root.dataset.status === 'settled'
        && root.querySelector('.sv-certificate').textContent.includes(`${value} steps`);
    while (!final()) {
        await frame();
        if (!first && shown() !== before) first = performance.now() - began;
    }
    await frame();
    return [first || performance.now() - began, performance.now() - began];
}"""

# Milliseconds from a pointer event to the end of the paint that follows it, for every event.
WATCH_HOVER = """() => {
    window.taken = [];
    addEventListener('pointermove', () => {
        const began = performance.now();
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => taken.push(performance.now() - began);
            channel.port2.postMessage(0);
        });
    }, true);
}"""


def run() -> Iterator[Row]:
    """All figures of the view."""
    yield _bundle()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        yield _page(Path(folder))
        yield _growth(Path(folder))
        yield _hover(browser, Path(folder))
        with _lab(browser, Path(folder)) as lab:
            sheet = lab.open(notebook(SETUP, *[SHOW] * 6), "widget.ipynb")
            sheet.run(0)
            yield _first_paint(sheet)
            yield from _release(sheet)
            sheet.close()


def _bundle() -> Row:
    size = PAIR_VIEW.script_file.stat().st_size + PAIR_VIEW.style_file.stat().st_size
    return Row("JS + CSS, minified", _kib(size), "120 KiB", "70 KiB", "siamviz/static")


def _page(folder: Path) -> Row:
    file = folder / "page.html"
    data.minilm().explain(*data.PAIR).save(file)
    size = file.stat().st_size
    return Row("exported page, one result", _kib(size), "200 KiB", "120 KiB", "12 × 14 tokens")


def _growth(folder: Path) -> Row:
    sizes = [_saved(folder, *cells) for cells in ((SETUP, SHOW), (SETUP, "0"))]
    return Row(
        "growth of a saved notebook per view",
        _kib(sizes[0] - sizes[1]),
        "150 KiB",
        "90 KiB",
        "12 × 14 tokens, with the widget's state and the static table",
    )


def _saved(folder: Path, *cells: str) -> int:
    made = notebook(*cells)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(made, timeout=120, resources=resources).execute()
    file = folder / "saved.ipynb"
    nbformat.write(made, file)
    return file.stat().st_size


def _hover(browser: Browser, folder: Path) -> Row:
    file = folder / "large.html"
    _synthetic(SIZE).view(unit="token").save(file)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(file.as_uri())
    box = page.locator(".siamviz canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.wait_for_timeout(1000)
    page.evaluate(WATCH_HOVER)
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(0.05, 0.95, (200, 2)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * min(box["height"], 700))
    page.wait_for_timeout(300)
    taken = page.evaluate("taken")
    page.close()
    return Row(
        f"hover to painted highlight, {SIZE} × {SIZE} matrix, p95",
        f"{number(_p95(taken))} ms",
        "16 ms",
        "8 ms",
        f"from the pointer event to the end of the paint after it; median {number(median(taken))} "
        f"ms of {len(taken)}",
    )


def _synthetic(size: int) -> siamviz.PairAttribution:
    """Random effects of texts of `size` words."""
    rng = np.random.default_rng(0)
    text = " ".join(f"word{i}" for i in range(size))
    offsets = np.cumsum([0, *(len(f"word{i}") + 1 for i in range(size))])
    tokens = tuple(Token(f"word{i}", int(offsets[i]), int(offsets[i + 1]) - 1) for i in range(size))
    matrix = rng.normal(size=(size, size)).astype(np.float32) ** 3 / size
    effects = np.zeros(size, np.float32)
    score = float(matrix.sum(dtype=np.float64))
    return siamviz.PairAttribution(
        text_a=text, text_b=text, tokens_a=tokens, tokens_b=tokens, matrix=matrix,
        token_effects_a=effects, token_effects_b=effects.copy(), base=0.0, residual=0.0,
        score=score, similarity="dot", scores={"dot": score}, normalisers={"dot": 1.0},
        settings=Settings("synthetic", 0, 6, "pad", "gauss-legendre(8)", "float32"),
        relative_residual=0.0, residual_bound=0.0, converged=None, steps_a=8, steps_b=8,
        folded_matrix=matrix.copy(),
    )  # fmt: skip


@contextmanager
def _lab(browser: Browser, folder: Path) -> Iterator[Lab]:
    with (
        servers.jupyter(folder / "jupyter") as server,
        browser.new_context(viewport={"width": 1280, "height": 1000}) as context,
    ):
        yield Lab(Watch(context), server)


def _first_paint(sheet: Notebook) -> Row:
    sheet.run(1)
    taken = [sheet.page.evaluate(FIRST_PAINT, [sheet._panel, index]) for index in range(2, 6)]
    return Row(
        "first paint of a 12 × 14 result after the cell runs, warm model",
        f"{number(median(taken))} ms",
        "300 ms",
        "150 ms",
        f"JupyterLab, median of {len(taken)}, at most {number(max(taken))} ms",
    )


def _release(sheet: Notebook) -> Iterator[Row]:
    sheet.run(6)
    root = sheet.output(6).locator(".siamviz")
    first, final = [], []
    for change in range(CHANGES):
        text = json.dumps(f"The dog runs after kitten {change} in the yard.")
        sheet.python(
            f"with view.hold_trait_notifications():\n"
            f"    view.text_a, view.rule, view.steps = {text}, 'calibrated', 8\n"
            "view.attribution"
        )
        slider = root.get_by_role("slider", name="steps", exact=True)
        slider.wait_for()
        sheet.page.wait_for_timeout(300)
        one, last = slider.evaluate(RELEASE, 16)
        first.append(one)
        final.append(last)
    yield Row(
        "slider released to final matrix, MiniLM layer 0, N = 16, uncached, p95",
        f"{number(_p95(final) / 1000)} s",
        "1.5 s",
        "0.7 s",
        f"JupyterLab, {CHANGES} sentence pairs, median {number(median(final) / 1000)} s; "
        f"first partial or final after {number(median(first) / 1000)} s (aim 0.2 s)",
    )


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _kib(size: int) -> str:
    return f"{size / 1024:.0f} KiB"
