"""A live view that has lost its kernel keeps its picture, and its cell makes it live again."""

from __future__ import annotations

import pytest
from builders import TEXT_A, TEXT_B
from playwright.sync_api import expect

from .lab import Lab, Notebook
from .notebooks import notebook
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    "import siamviz\nexplainer = siamviz.Explainer('all-MiniLM-L6-v2')",
    f"""
    view = explainer.view({TEXT_A!r}, {TEXT_B!r}, rule="gauss-legendre", steps=4, layer=5)
    view
    """,
)


def shown(sheet: Notebook) -> View:
    """The view in the notebook's second cell."""
    view = View(sheet.output(1).locator("[data-status]"))
    expect(view.map).to_be_visible(timeout=30_000)
    return view


def can_be_explored(view: View) -> None:
    """Hovering, pinning and everything else that needs no model works."""
    view.hover(2, 3)
    expect(view.readout).to_contain_text("dog × the:")
    view.click(4, 5)
    expect(view.pins).to_have_count(1)
    view.choose("Links")
    expect(view.root.locator(".sv-words").first).to_be_visible()
    view.choose("Pairs")
    expect(view.root.locator(".sv-window")).to_be_visible()
    view.choose("Matrix")


def says_that_no_kernel_answers(view: View) -> None:
    """What is shown is not passed off as the present state of a kernel."""
    view.has_status("waiting", "offline")
    expect(view.root.locator(".sv-notices")).to_contain_text("kernel")


def becomes_live(sheet: Notebook) -> None:
    """Running the cells makes a view that computes."""
    sheet.run_all()
    view = shown(sheet)
    view.has_status("settled", timeout=30_000)
    expect(view.alert).to_be_empty()
    before = view.ledger.inner_text()
    view.control("layer").select_option("3")
    expect(view.ledger).not_to_have_text(before)
    view.has_status("settled")
    sheet.becomes("[view.layer, view.attribution.settings.layer]", [3, 3])
    score, pairs = view.numbers()[:2]
    wanted = sheet.value("[view.attribution.score, view.attribution.ledger.pairs]")
    assert [score, pairs] == pytest.approx(wanted, abs=5.1e-4)


def test_reopened_with_a_new_kernel_it_can_be_explored_and_its_cell_makes_it_live(lab: Lab):
    sheet = lab.open(notebook(*CELLS), "live.ipynb")
    sheet.run_all()
    view = shown(sheet)
    view.has_status("settled", timeout=30_000)
    before = view.numbers()
    sheet.save()
    sheet.close()

    sheet = lab.reopen(sheet.path)
    view = shown(sheet)
    says_that_no_kernel_answers(view)
    assert view.numbers() == before
    can_be_explored(view)
    assert view.numbers() == before
    becomes_live(sheet)
    sheet.close()


def test_after_a_restart_it_can_be_explored_and_its_cell_makes_it_live(lab: Lab):
    sheet = lab.open(notebook(*CELLS), "restarted.ipynb")
    sheet.run_all()
    view = shown(sheet)
    view.has_status("settled", timeout=30_000)
    before = view.numbers()
    sheet.restart_kernel()
    can_be_explored(view)
    view.control("layer").select_option("4")
    says_that_no_kernel_answers(view)
    assert view.numbers() == before
    expect(view.pins).to_have_count(1)
    becomes_live(sheet)
    sheet.close()
