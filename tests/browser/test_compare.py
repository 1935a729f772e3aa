"""Two attributions side by side, by layer, baseline and model: shown is what Python has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from siamviz.color import LIGHT, table_index

from .lab import Notebook
from .view import View, numbers

pytestmark = pytest.mark.browser

CELLS = (
    """
    import siamviz
    from tiny_models import encoder, transformer

    TEXTS = "a dog runs after the cat", "the kitten sleeps in a garden"
    explainer = siamviz.Explainer("all-MiniLM-L6-v2")
    small = siamviz.Explainer(encoder(module=transformer(num_hidden_layers=6)))
    explainer.explain(*TEXTS, layer=5, steps=4)
    """,
    """
    view = explainer.view(*TEXTS, rule="gauss-legendre", steps=4, layer=5)
    view
    """,
)

# The middle of the corner that a change of sign marks.
MARK = (0.37, -0.37)
# Half of a unit in the last place that the view writes.
ROUNDING = 5.1e-4
# Effects of this share of the range are certain, and a change of sign by it is marked.
STRONG, NOTABLE = 0.3, 0.05


@dataclass(frozen=True)
class Compared:
    """The two matrices of text tokens that Python has, and the range that they share."""

    main: np.ndarray
    other: np.ndarray

    @classmethod
    def of(cls, sheet: Notebook) -> Compared:
        both = sheet.value("[p.matrix.tolist() for p in (view.attribution, view.comparison)]")
        return cls(*(np.array(matrix)[1:-1, 1:-1] for matrix in both))

    @property
    def maps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.main, self.other, self.main - self.other

    @property
    def limit(self) -> float:
        return float(max(np.abs(self.main).max(), np.abs(self.other).max()))


def compare(view: View, sheet: Notebook, what: str) -> Compared:
    """Let Python compare, and wait until the result is shown."""
    sheet.python(f"view.view, view.compare = 'compare', {what}")
    job = sheet.value("view._jobs.latest.number")
    expect(view.root).to_have_attribute("data-job", str(job))
    view.has_status("settled")
    expect(figures(view)).to_have_count(3)
    return Compared.of(sheet)


def figures(view: View) -> Locator:
    return view.root.get_by_role("figure")


def at_map(view: View, place: int) -> View:
    """The same view with another of its maps to point at."""
    found = View(view.root)
    found.map = view.root.locator(".sv-map").nth(place)
    return found


def cells_where(chosen: np.ndarray) -> list[tuple[int, int]]:
    """Cells by row and column among all tokens, of which the first is special."""
    return [(int(row) + 1, int(column) + 1) for row, column in np.argwhere(chosen)]


def shows_one_scale(view: View, compared: Compared, limit: float) -> None:
    """Every certain cell has the colour that its value has in a range up to `limit`."""
    for place, matrix in enumerate(compared.maps):
        one = at_map(view, place)
        one.rest()
        strong = cells_where(np.abs(matrix) > STRONG * compared.limit)
        wanted = [
            [*map(int, LIGHT[table_index(matrix[row - 1, column - 1], limit)]), 255]
            for row, column in strong
        ]
        assert one.colors(strong) == wanted


def reads_as(view: View, sheet: Notebook, compared: Compared, titles: list[str]) -> None:
    """Captions and the pair under the pointer tell Python's numbers."""
    ledgers = sheet.value(
        "[[p.ledger.score, p.ledger.pairs] for p in (view.attribution, view.comparison)]"
    )
    ledgers.append((np.array(ledgers[0]) - ledgers[1]).tolist())
    for place, (title, ledger) in enumerate(zip(titles, ledgers, strict=True)):
        caption = figures(view).nth(place).locator("figcaption")
        expect(caption).to_contain_text(title)
        told = numbers(caption.locator("span").inner_text())
        assert told == pytest.approx(ledger, abs=ROUNDING)
    row, column = cells_where(compared.other == compared.other.max())[0]
    at_map(view, 1).hover(row, column)
    line = view.root.locator(".sv-compare > p").first
    expect(line).to_contain_text("difference")
    wanted = [matrix[row - 1, column - 1] for matrix in compared.maps]
    assert numbers(line.inner_text()) == pytest.approx(wanted, abs=ROUNDING)


@pytest.mark.parametrize(("kind", "value"), [("layer", 1), ("baseline", "mask")])
def test_what_the_picker_chooses_is_computed_and_told_as_python_has_it(
    view: View, sheet: Notebook, kind: str, value: int | str
):
    view.choose("Compare")
    view.control("compare with").select_option(kind)
    expect(figures(view)).to_have_count(3)
    view.control(kind).last.select_option(str(value))
    sheet.becomes("view.compare", {kind: value})
    compared = compare(view, sheet, "view.compare")
    assert sheet.value(f"view.comparison.settings.{kind}") == value
    own = sheet.value(f"view.attribution.settings.{kind}")
    titles = [f"{kind} {own}", f"{kind} {value}", "difference"]
    reads_as(view, sheet, compared, titles)
    shows_one_scale(view, compared, compared.limit)


def test_another_model_is_compared_and_stays_when_the_layer_changes(view: View, sheet: Notebook):
    compared = compare(view, sheet, "{'model': small}")
    expect(view.control("compare with")).to_have_value("model")
    names = sheet.value("[p.settings.model for p in (view.attribution, view.comparison)]")
    assert names == sheet.value("[explainer.name, small.name]")
    reads_as(view, sheet, compared, [*names, "difference"])
    shows_one_scale(view, compared, compared.limit)
    caption = figures(view).nth(1).locator("figcaption")
    before = caption.inner_text()
    view.control("layer").first.select_option("2")
    expect(caption).not_to_have_text(before)
    view.has_status("settled")
    sheet.becomes("view.comparison.settings.layer", 2)
    assert sheet.value("view.comparison.settings.model") == names[1]
    reads_as(view, sheet, Compared.of(sheet), [*names, "difference"])


def test_changes_of_sign_are_marked_in_the_difference_and_nowhere_else(view: View, sheet: Notebook):
    compared = compare(view, sheet, "{'model': small}")
    main, other, difference = compared.maps
    marked = (main * other < 0) & (np.abs(difference) >= NOTABLE * compared.limit)
    flips, others = cells_where(marked), cells_where(~marked)
    assert flips
    assert others
    for place in range(3):
        one = at_map(view, place)
        one.rest()
        corners = zip(one.colors(flips), one.colors(flips, MARK), strict=True)
        assert [base != corner for base, corner in corners] == [place == 2] * len(flips)
    apart = at_map(view, 2)
    assert apart.colors(others) == apart.colors(others, MARK)
    expect(view.root.locator(".sv-compare")).to_contain_text("A corner marks a change of sign.")


def test_a_locked_range_is_kept_by_both_maps_when_another_is_compared(view: View, sheet: Notebook):
    first = compare(view, sheet, "{'model': small}")
    view.root.get_by_role("checkbox", name="lock range").check()
    sheet.becomes("view.limit is None", False)
    assert sheet.value("view.limit") == pytest.approx(first.limit, rel=1e-5)
    locked = 2 * first.limit
    sheet.python(f"view.limit = {locked}")
    second = compare(view, sheet, "{'layer': 3}")
    assert not np.allclose(second.other, first.other)
    shows_one_scale(view, second, locked)
    view.root.get_by_role("checkbox", name="lock range").uncheck()
    sheet.becomes("view.limit", None)
    shows_one_scale(view, second, second.limit)
