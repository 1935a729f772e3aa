"""Keys, units, filters, links and pairs of the pair view in JupyterLab; none needs a model."""

from __future__ import annotations

import pytest
from builders import pair
from playwright.sync_api import expect

from .examples import LIMIT, MATRIX, PAIR, RANKED, TEXT_COLUMNS, TEXT_ROWS, name, painted
from .lab import Notebook
from .view import View, numbers

pytestmark = pytest.mark.browser


# Keyboard


def test_the_matrix_is_one_tab_stop_that_the_arrow_keys_walk(view: View):
    view.map.focus()
    expect(view.map).to_be_focused()
    view.map.press("ArrowRight")
    expect(view.readout).to_contain_text(name(1, 1))
    for _ in range(3):
        view.map.press("ArrowDown")
    view.map.press("ArrowRight")
    expect(view.readout).to_contain_text(f"{name(4, 2)}:")
    expect(view.map).to_be_focused()
    assert view.map.locator("[tabindex='0'], button, input").count() == 0


def test_n_and_p_go_by_strength_and_enter_pins(view: View, sheet: Notebook):
    view.map.focus()
    for rank in (1, 2, 3):
        view.map.press("n")
        expect(view.readout).to_contain_text(f"rank {rank} of")
    view.map.press("p")
    expect(view.readout).to_contain_text("rank 2 of")
    view.map.press("Enter")
    row, column = RANKED[1]
    sheet.becomes("view.pins", [{"a": [row], "b": [column]}])


def test_the_keyboard_wins_over_a_resting_pointer_until_that_moves(view: View):
    view.hover(*RANKED[9])
    view.map.focus()
    view.map.press("n")
    expect(view.readout).to_contain_text("rank 1 of")
    view.hover(*RANKED[4])
    expect(view.readout).to_contain_text("rank 5 of")


def test_the_focus_can_be_seen(view: View):
    view.map.focus()
    view.page.keyboard.press("ArrowDown")
    style = view.map.evaluate("map => getComputedStyle(map).outlineStyle")
    assert style == "solid"


def test_the_question_mark_lists_the_keys_and_escape_puts_them_away(view: View):
    view.map.focus()
    view.map.press("?")
    sheet = view.root.get_by_role("dialog", name="Keys and gestures")
    expect(sheet).to_contain_text("Drag over cells")
    view.page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_keys_of_the_view_do_not_reach_the_notebook(view: View, sheet: Notebook):
    cells = len(sheet.content().cells)
    view.map.focus()
    for key in ("a", "b", "x", "d", "d", "z", "n", "p"):
        view.map.press(key)
    assert len(sheet.content().cells) == cells


# Units, fold, similarity, filters


def test_units_sum_their_tokens_and_go_both_ways(view: View, sheet: Notebook):
    words = PAIR.by("word")
    view.choose("Word")
    expect(view.text("a").locator("[data-token]")).to_have_count(len(words.tokens_a))
    sheet.becomes("view.unit", "word")
    row, column = 2, 3
    view.hover(row, column)
    assert numbers(view.reading())[0] == pytest.approx(float(words.matrix[row, column]), abs=5e-4)
    sheet.python("view.unit = 'sentence'")
    count = len(PAIR.by("sentence").tokens_a)
    expect(view.text("a").locator("[data-token]")).to_have_count(count)
    view.map.press("u")
    expect(view.root.get_by_role("radio", name="Token")).to_be_checked()
    sheet.becomes("view.unit", "token")


def test_folding_leaves_pairs_and_residual_alone(view: View, sheet: Notebook):
    view.control("fold reference").check()
    folded = PAIR.fold()
    expect(view.ledger).not_to_contain_text("tokens of A")
    score, pairs, residual = view.numbers()
    assert pairs == pytest.approx(folded.ledger.pairs, abs=5e-4)
    assert pairs + residual == pytest.approx(score, abs=2e-3)
    sheet.becomes("view.folded", True)


def test_the_dot_product_scales_every_term(view: View, sheet: Notebook):
    view.control("Similarity").select_option("dot")
    dot = pair(similarity="dot", coarse=True)
    expect(view.ledger).to_contain_text("dot product")
    score, pairs, *_ = view.numbers()
    assert (score, pairs) == pytest.approx((dot.score, dot.ledger.pairs), rel=1e-3, abs=5e-4)
    sheet.becomes("view.similarity", "dot")


def test_top_pairs_and_the_least_effect_blank_the_others(view: View, sheet: Notebook):
    sheet.python("view.top_k = 5")
    expect(view.control("top pairs")).to_have_value("5")
    assert [color != painted(0.0) for color in view.colors(RANKED[:9])] == [True] * 5 + [False] * 4
    least = abs(MATRIX[RANKED[2]])
    sheet.python(f"view.top_k = 0; view.threshold = {least - 1e-6}")
    expect(view.control("top pairs")).to_have_value("0")
    assert [color != painted(0.0) for color in view.colors(RANKED[:9])] == [True] * 3 + [False] * 6


def test_special_tokens_stand_apart_and_can_be_shown_in_the_matrix(view: View):
    expect(view.text("a").locator(".sv-special")).to_have_text(["[CLS]", "[SEP]"])
    rows = view.map.locator(".sv-rows .sv-label:visible")
    expect(rows).to_have_count(len(TEXT_ROWS))
    view.control("special tokens").check()
    expect(rows).to_have_count(len(PAIR.tokens_a))
    corners = [(0, 1), (1, 0), (0, 0)]
    assert view.colors(corners) == [painted(MATRIX[cell]) for cell in corners]


def test_a_locked_range_stays_when_the_values_change(view: View, sheet: Notebook):
    legend = view.root.locator(".sv-legend")
    before = numbers(legend.inner_text())
    view.control("lock range").check()
    view.choose("Sentence")
    assert numbers(legend.inner_text()) == before
    sheet.becomes(f"abs(view.limit - {LIMIT}) < 1e-6", True)
    view.control("lock range").uncheck()
    expect(legend).not_to_contain_text(str(before[1]))


# Links, pairs


def test_links_join_the_strongest_pairs_and_follow_the_pointer(view: View, sheet: Notebook):
    view.choose("Links")
    words = view.root.locator(".sv-words")
    expect(words.nth(0).get_by_role("listitem")).to_have_count(len(TEXT_ROWS))
    row, column = RANKED[0]
    words.nth(0).get_by_role("listitem").nth(row - 1).hover()
    expect(view.readout).to_contain_text(f"{PAIR.tokens_a[row].text}:")
    assert view.root.locator("path.sv-lit").count() > 0
    words.nth(0).get_by_role("listitem").nth(row - 1).click()
    words.nth(1).get_by_role("listitem").nth(column - 1).click()
    sheet.becomes("view.pins", [{"a": [row], "b": [column]}])


def test_the_table_of_pairs_can_be_sorted_and_searched(view: View):
    view.choose("Pairs")
    rows = view.root.locator(".sv-window tbody tr:not([aria-hidden])")
    expect(rows.first).to_contain_text(PAIR.tokens_a[RANKED[0][0]].text)
    expect(rows.first.locator(".sv-rank")).to_have_text("1")
    view.root.get_by_role("button", name="Effect").click()
    shown = numbers(" ".join(rows.locator(".sv-effect").all_inner_texts()))[::2]
    assert shown == sorted(shown, reverse=True)
    view.root.get_by_label("Filter pairs by word").fill("kitt")
    expect(rows).to_have_count(len(TEXT_COLUMNS))
    expect(view.root.locator(".sv-find")).to_contain_text(f"{len(TEXT_COLUMNS)} of {len(RANKED)}")


def test_the_strongest_pairs_stand_beside_the_matrix_and_light_it_up(view: View):
    rows = view.root.get_by_role("region", name="Pairs by effect").locator("tbody tr")
    row, column = RANKED[1]
    rows.nth(1).hover()
    expect(view.readout).to_contain_text(f"{name(row, column)}:")
    assert view.marked(row, column)


# More than one


def test_two_cells_show_the_same_view_and_stay_in_step(view: View, sheet: Notebook):
    sheet.python("from IPython.display import display")
    sheet.append("view")
    sheet.run(2)
    second = View(sheet.output(2).locator("[data-status]"))
    expect(second.map).to_be_visible()
    second.click(2, 3)
    expect(view.pins).to_have_count(1)
    view.choose("Word")
    expect(second.root.get_by_role("radio", name="Word")).to_be_checked()
    sheet.delete(2)


def test_two_views_do_not_touch_each_other(view: View, sheet: Notebook):
    sheet.append("other = shown.view(); other")
    sheet.run(2)
    second = View(sheet.output(2).locator("[data-status]"))
    second.choose("Word")
    second.click(2, 3)
    sheet.becomes(
        "[other.unit, view.unit, len(other.pins), len(view.pins)]", ["word", "token", 1, 0]
    )
    expect(view.root.get_by_role("radio", name="Token")).to_be_checked()
    expect(view.pins).to_have_count(0)
    sheet.delete(2)
