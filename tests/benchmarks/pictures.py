"""Draw the README's pictures: ``python -m tests.benchmarks.pictures``."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

import siamviz
from tests.browser.chromium import chromium

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
FOLDER = Path(__file__).parents[2] / "notebooks" / "pictures"


def main() -> None:
    """Draw the static picture, then the view in the states that the README shows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    explainer = siamviz.Explainer()
    pair = explainer.explain(TEXT_A, TEXT_B, baseline="corpus")
    pair.by("word").save(FOLDER / "first-look.svg")
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
    picture = FOLDER / f"{name}.png"
    with tempfile.TemporaryDirectory() as folder:
        page_file = view.save(Path(folder) / "page.html").path
        size: Any = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme, device_scale_factor=1.5)
        page.goto(page_file.as_uri())
        _point(page, hover)
        shot = page.locator(".siamviz").screenshot(animations="disabled")
        page.close()
    with Image.open(BytesIO(shot)) as image:
        image.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, kmeans=4).save(
            picture, optimize=True
        )
    print(f"{picture}: {picture.stat().st_size // 1024} KiB")


def _point(page: Page, word: str) -> None:
    page.locator(".siamviz canvas, .siamviz svg").first.wait_for()
    if word:
        page.locator(".sv-tokens [data-token]", has_text=word).first.hover()
    page.wait_for_timeout(300)


if __name__ == "__main__":
    main()
