"""What people read in the pair view and pin in it, in JupyterLab, on a result without a model."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .examples import MATRIX, PAIR, RANKED, TEXT_COLUMNS, TEXT_ROWS, css, name, painted
from .lab import Notebook
from .view import View, numbers

pytestmark = pytest.mark.browser


# Reading


def test_the_ledger_shows_every_term_and_adds_up(view: View):
    score, *terms = view.numbers()
    ledger = PAIR.ledger
    expected = [ledger.pairs, ledger.tokens_a, ledger.tokens_b, ledger.base, ledger.residual]
    assert score == pytest.approx(PAIR.score, abs=5e-4)
    assert terms == pytest.approx(expected, abs=5e-4)
    assert sum(terms) == pytest.approx(score, abs=3e-3)


def test_the_certificate_is_always_in_sight(view: View):
    for kind in view.views():
        view.choose(kind)
        expect(view.certificate).to_be_visible()
        assert PAIR.certificate.lower() in view.certificate.inner_text().lower()


def test_every_cell_has_the_colour_that_python_gives_it(view: View):
    certain = [cell for cell in RANKED if abs(MATRIX[cell]) > PAIR.cell_error]
    assert view.colors(certain) == [painted(MATRIX[cell]) for cell in certain]


def test_a_hovered_cell_is_said_with_value_share_and_rank(view: View):
    for rank in (1, 7, len(RANKED) // 2):
        row, column = RANKED[rank - 1]
        view.hover(row, column)
        expect(view.readout).to_contain_text(f"{name(row, column)}:")
        text = view.reading()
        assert numbers(text)[0] == pytest.approx(MATRIX[row, column], abs=5e-4)
        share = round(100 * MATRIX[row, column] / PAIR.score)
        assert f"{abs(share)}\u202f%" in text
        assert f"rank {rank} of {len(RANKED)}" in text


def test_a_hovered_cell_lights_up_both_its_tokens_and_a_crosshair(view: View):
    row, column = RANKED[0]
    view.hover(row, column)
    for side, index in (("a", row), ("b", column)):
        expect(view.text(side).locator(".sv-lit")).to_have_count(1)
        expect(view.token(side, index)).to_have_class(re.compile("sv-lit"))
    assert view.marked(row, column)
    assert view.marked(row, 1)
    assert not view.marked(row - 1, column - 1)
    view.mouse.move(0, 0)
    expect(view.text("a").locator(".sv-lit")).to_have_count(0)
    assert not view.marked(row, column)


def test_a_hovered_token_colours_the_other_text_by_its_row_or_column(view: View):
    row, column = RANKED[3]
    view.token("a", row).hover()
    for other in TEXT_COLUMNS:
        expect(view.token("b", other)).to_have_css("background-color", css(MATRIX[row, other]))
    view.token("b", column).hover()
    for other in TEXT_ROWS:
        expect(view.token("a", other)).to_have_css("background-color", css(MATRIX[other, column]))


def test_an_effect_within_its_error_is_hatched_and_said(view: View):
    view.hover(*RANKED[-1])
    expect(view.readout).to_contain_text("within its error of zero")
    view.hover(*RANKED[0])
    expect(view.readout).not_to_contain_text("within its error of zero")
    across = [(step / 20, 0.0) for step in range(-8, 9)]
    stripes, plain = (
        {tuple(view.colors([cell], at)[0]) for at in across} for cell in (RANKED[-1], RANKED[60])
    )
    assert len(stripes) > len(plain) == 1


# Pinning


def test_a_click_pins_a_pair_and_python_sums_it_exactly(view: View, sheet: Notebook):
    row, column = RANKED[0]
    view.click(row, column)
    expect(view.pins).to_have_count(1)
    expect(view.pins).to_contain_text(re.compile(r"[+−]\.\d{3}"))
    sheet.becomes("view.pins", [{"a": [row], "b": [column]}])
    effect = sheet.value("[float(pin.effect) for pin in view.selection]")
    assert effect == pytest.approx([MATRIX[row, column]])
    view.click(row, column)
    expect(view.pins).to_have_count(0)
    sheet.becomes("view.pins", [])


def test_control_adds_shift_extends_and_escape_clears(view: View, sheet: Notebook):
    view.click(2, 3)
    view.click(4, 5, "Control")
    expect(view.pins).to_have_count(2)
    view.click(6, 7, "Shift")
    expect(view.pins).to_have_count(2)
    sheet.becomes("view.pins", [{"a": [2], "b": [3]}, {"a": [4, 5, 6], "b": [5, 6, 7]}])
    assert numbers(view.pins.nth(1).inner_text())[0] == pytest.approx(
        MATRIX[4:7, 5:8].sum(), abs=5e-4
    )
    view.page.keyboard.press("Escape")
    expect(view.pins).to_have_count(0)
    sheet.becomes("view.pins", [])


def test_a_dragged_rectangle_is_summed_while_it_is_drawn_and_then_pinned(
    view: View, sheet: Notebook
):
    view.drag((3, 4), (6, 8), drop=False)
    exact = MATRIX[3:7, 4:9].sum()
    assert numbers(view.reading())[0] == pytest.approx(exact, abs=5e-4)
    view.mouse.up()
    expect(view.pins).to_have_count(1)
    assert numbers(view.pins.inner_text())[0] == pytest.approx(exact, abs=5e-4)
    sheet.becomes("view.pins", [{"a": [3, 4, 5, 6], "b": [4, 5, 6, 7, 8]}])
    assert sheet.value("float(view.selection[0].effect)") == pytest.approx(exact)


def test_tokens_clicked_in_both_texts_make_a_pair(view: View, sheet: Notebook):
    row, column = RANKED[1]
    view.token("a", row).click()
    sheet.becomes("view.pins", [{"a": [row], "b": []}])
    assert numbers(view.pins.inner_text())[0] == pytest.approx(MATRIX[row].sum(), abs=5e-4)
    view.token("b", column).click()
    sheet.becomes("view.pins", [{"a": [row], "b": [column]}])


def test_pins_that_python_sets_appear_and_can_be_taken_away_one_by_one(view: View, sheet: Notebook):
    sheet.python("view.pins = [{'a': [2], 'b': [2]}, {'a': [3, 4], 'b': [5]}]")
    expect(view.pins).to_have_count(2)
    view.root.get_by_role("button", name=re.compile("^Unpin")).first.click()
    sheet.becomes("view.pins", [{"a": [3, 4], "b": [5]}])
