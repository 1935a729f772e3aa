"""One pair view in a page: where its parts are and how they are touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from playwright.sync_api import Locator, Mouse, Page, expect

Side = Literal["a", "b"]

# Where the cells lie in the window: the middle of the first one, and how far they are apart. The
# lists say which tokens have a row or column, by index among all tokens.
LAYOUT = """map => {
    const root = map.closest('.siamviz');
    const scroller = map.querySelector('.sv-scroller');
    const toggles = [...root.querySelectorAll('.sv-toggle')];
    const all = toggles.find(one => one.textContent.includes('special')).firstElementChild.checked;
    const [rows, columns] = [...root.querySelectorAll('.sv-tokens')].map(text =>
        [...text.querySelectorAll('[data-token]')]
            .filter(token => all || !token.classList.contains('sv-special'))
            .map(token => Number(token.dataset.token)));
    const box = scroller.getBoundingClientRect();
    const cell = scroller.firstElementChild.getBoundingClientRect().width / columns.length;
    return {
        x: box.x + cell / 2 - scroller.scrollLeft,
        y: box.y + cell / 2 - scroller.scrollTop,
        cell, rows, columns,
    };
}"""

# The colours of a canvas at points of the window.
PIXELS = """(canvas, points) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const context = canvas.getContext('2d');
    return points.map(([x, y]) =>
        [...context.getImageData((x - box.x) * scale, (y - box.y) * scale, 1, 1).data]);
}"""

# By then what a click changed is drawn.
TWO_FRAMES = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"

Point = tuple[float, float]
CORNER = (-0.3, -0.3)


def numbers(text: str) -> list[float]:
    """The numbers in a text of the view, which has true minus signs and no leading zeros."""
    found = re.findall(r"[+−]?\d*\.\d+(?:e−\d+)?", text)
    return [float(number.replace("−", "-")) for number in found]


class View:
    """A rendered `PairView`."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.page: Page = root.page
        self.mouse: Mouse = root.page.mouse
        self.map = root.locator(".sv-map").first
        self.readout = root.locator(".sv-readout")
        self.alert = root.get_by_role("alert")
        self.ledger = root.locator(".sv-terms")
        self.certificate = root.locator(".sv-certificate")
        self.status = root.locator(".sv-status")
        self.pins = root.get_by_role("region", name="Pinned").get_by_role("listitem")

    def has_status(self, *kinds: str, timeout: float | None = None) -> None:
        """Wait until the status is one of `kinds`."""
        pattern = re.compile(f"^({'|'.join(kinds)})$")
        expect(self.root).to_have_attribute("data-status", pattern, timeout=timeout)

    def reading(self) -> str:
        """The sentence on what is looked at, once it has caught up with the pointer."""
        self.page.wait_for_timeout(60)
        return self.readout.inner_text()

    def numbers(self) -> list[float]:
        """The numbers of the ledger: the score, then its terms."""
        return numbers(self.ledger.inner_text())

    def text(self, side: Side) -> Locator:
        """The sentence of a side."""
        return self.root.locator(".sv-tokens").nth("ab".index(side))

    def token(self, side: Side, index: int) -> Locator:
        """A token in its sentence, special tokens counted."""
        return self.text(side).locator(f"[data-token='{index}']")

    def layout(self) -> dict[str, Any]:
        """Where the cells lie in the window."""
        return self.map.evaluate(LAYOUT)

    def points(self, cells: Iterable[tuple[int, int]], at: Point = (0.0, 0.0)) -> list[Point]:
        """Points in cells: (0, 0) is a cell's middle, (-0.5, -0.5) its upper left corner."""
        layout = self.layout()
        rows, columns, cell = layout["rows"], layout["columns"], layout["cell"]
        return [
            (
                layout["x"] + (columns.index(column) + at[0]) * cell,
                layout["y"] + (rows.index(row) + at[1]) * cell,
            )
            for row, column in cells
        ]

    def rest(self) -> None:
        """Bring the map into view and wait until it stays in its place."""
        self.map.scroll_into_view_if_needed()
        before = None
        while (now := self.layout()) != before:
            before = now
            self.page.wait_for_timeout(40)
            self.page.evaluate(TWO_FRAMES)

    def hover(self, row: int, column: int) -> None:
        """Move the pointer over a cell, again if the map moved away meanwhile."""
        self.rest()
        reached = None
        while (point := self.points([(row, column)])[0]) != reached:
            self.mouse.move(*point)
            reached = point

    def click(self, row: int, column: int, *keys: str) -> None:
        """Click a cell with `keys` held."""
        self.hover(row, column)
        for key in keys:
            self.page.keyboard.down(key)
        self.mouse.down()
        self.mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, drop: bool = True) -> None:
        """Drag a rectangle from one cell to another."""
        self.hover(*start)
        self.mouse.down()
        self.mouse.move(*self.points([end])[0], steps=6)
        if drop:
            self.mouse.up()

    def control(self, name: str) -> Locator:
        """A list of choices, a slider or a check box by its name."""
        roles = ("combobox", "slider", "checkbox")
        found = [self.root.get_by_role(role, name=name, exact=True) for role in roles]
        return found[0].or_(found[1]).or_(found[2])

    def views(self) -> list[str]:
        """The names of the views there are."""
        return self.root.get_by_role("radiogroup", name="View").locator("label").all_inner_texts()

    def choose(self, name: str) -> None:
        """Choose a unit or a view."""
        self.root.get_by_role("radio", name=name, exact=True).check()
        self.page.evaluate(TWO_FRAMES)

    def colors(
        self, cells: Iterable[tuple[int, int]], at: Point = CORNER, *, overlay: bool = False
    ) -> list[list[int]]:
        """Red, green, blue and alpha of what is painted in cells, beside their numbers."""
        canvas = self.map.locator("canvas").nth(int(overlay))
        return canvas.evaluate(PIXELS, self.points(cells, at))

    def marked(self, row: int, column: int) -> bool:
        """Whether the upper or left edge of a cell is drawn over: crosshair, pin or block."""
        edge = [-0.55, -0.5, -0.45]
        near = [(0.0, place) for place in edge] + [(place, 0.0) for place in edge]
        return any(self.colors([(row, column)], at, overlay=True)[0][3] > 0 for at in near)
