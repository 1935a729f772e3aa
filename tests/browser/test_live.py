"""The pair view with a model, in JupyterLab: changes compute, and nothing stale is painted."""

from __future__ import annotations

import csv
import re

import pytest
from builders import TEXT_A, TEXT_B
from playwright.sync_api import expect

from .lab import Notebook
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    f"""
    import siamviz
    from siamviz.widgets.jobs import Jobs

    TEXTS = {TEXT_A!r}, {TEXT_B!r}
    explainer = siamviz.Explainer("all-MiniLM-L6-v2")
    explainer.explain(*TEXTS, layer=5, steps=4)

    # Which settings each job has, and which jobs were computed to the end.
    asked, finished = {{}}, []
    start, over = Jobs.start, Jobs._over

    def noted_start(jobs, job, settings):
        asked[job.number] = settings
        start(jobs, job, settings)

    def noted_over(jobs, job, request):
        if job.error is None:
            finished.append(job.number)
        over(jobs, job, request)

    Jobs.start, Jobs._over = noted_start, noted_over
    """,
    """
    asked.clear(), finished.clear()
    view = explainer.view(*TEXTS, rule="gauss-legendre", steps=4, layer=5)
    view
    """,
)

# Notes every change of what is painted, and what the slider said at that moment.
RECORD = """root => {
    const slider = root.querySelector('.sv-settings input[type=range]');
    const shown = () => root.dataset.job + root.querySelector('.sv-terms').textContent;
    window.painted = [];
    let last = shown();
    const observer = new MutationObserver(() => {
        if (!root.isConnected || shown() === last) return;
        last = shown();
        painted.push({job: Number(root.dataset.job), steps: Number(slider.value), shown: last});
    });
    observer.observe(root, {
        subtree: true, childList: true, characterData: true, attributeFilter: ['data-job'],
    });
}"""

# How many points the curve has had, until the result is there.
GROWTH = """root => new Promise(resolve => {
    const seen = [0];
    const look = () => {
        const count = root.querySelector('polyline')?.points.numberOfItems ?? 0;
        if (count !== seen.at(-1)) seen.push(count);
        if (root.dataset.status === 'settled' && count) resolve(seen);
        else requestAnimationFrame(look);
    };
    look();
})"""

# Moves the slider as a hand does: an input event for every value.
SLIDE = """async (slider, [values, pause]) => {
    for (const value of values) {
        slider.value = value;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise(resolve => setTimeout(resolve, pause));
    }
}"""


def settles(view: View, sheet: Notebook, timeout: float = 30_000) -> None:
    """Wait until the result of the settings that Python has is shown."""
    job = sheet.value("view._jobs.latest.number")
    expect(view.root).to_have_attribute("data-job", str(job), timeout=timeout)
    view.has_status("settled", timeout=timeout)


def test_a_chosen_layer_computes_and_its_trait_follows(view: View, sheet: Notebook):
    before = view.ledger.inner_text()
    view.control("layer").select_option("4")
    expect(view.ledger).not_to_have_text(before)
    view.has_status("settled")
    sheet.becomes("[view.layer, view.attribution.settings.layer]", [4, 4])


def test_a_trait_that_python_sets_computes_and_moves_the_control(view: View, sheet: Notebook):
    before = view.ledger.inner_text()
    sheet.python("view.baseline = 'mask'")
    expect(view.control("baseline")).to_have_value("mask")
    expect(view.ledger).not_to_have_text(before)
    view.has_status("settled")
    assert sheet.value("view.attribution.settings.baseline") == "mask"


def test_the_slider_shows_in_the_end_what_it_was_left_at(view: View, sheet: Notebook):
    slider = view.control("steps")
    slider.evaluate(SLIDE, [[6, 9, 12], 30])
    expect(view.certificate).to_contain_text("12 steps")
    view.has_status("settled")
    sheet.becomes("[view.steps, view.attribution.steps]", [12, 12])
    expected = sheet.value("float(view.attribution.ledger.pairs)")
    assert view.numbers()[1] == pytest.approx(expected, abs=5e-4)


def test_of_a_hundred_rapid_changes_at_most_two_are_computed_and_none_is_painted_stale(
    view: View, sheet: Notebook
):
    slider = view.control("steps")
    view.control("layer").select_option("0")
    view.has_status("settled")
    sheet.python("finished.clear()")
    view.root.evaluate(RECORD)
    slider.evaluate(SLIDE, [[5 + change % 50 for change in range(99)] + [16], 12])
    expect(view.certificate).to_contain_text("16 steps")
    view.has_status("settled")
    assert len(sheet.value("finished")) <= 2
    assert stale(view, sheet) == []


def test_changes_at_the_pace_of_the_computation_paint_nothing_stale(view: View, sheet: Notebook):
    slider = view.control("steps")
    view.control("layer").select_option("0")
    view.has_status("settled")
    view.root.evaluate(RECORD)
    slider.evaluate(SLIDE, [[40, 41, 42, 43, 44, 17], 700])
    expect(view.certificate).to_contain_text("17 steps")
    view.has_status("settled")
    assert len(view.page.evaluate("painted")) > 2
    assert stale(view, sheet) == []


def stale(view: View, sheet: Notebook) -> list[dict[str, object]]:
    """What was painted though the slider already asked for something else."""
    asked = {
        int(job): steps
        for job, steps in sheet.value("{j: s['steps'] for j, s in asked.items()}").items()
    }
    painted = view.page.evaluate("painted")
    return [paint for paint in painted if asked[paint["job"]] != paint["steps"]]


def test_while_it_computes_it_shows_progress_partial_results_and_the_time_left(
    view: View, sheet: Notebook
):
    sheet.python("view.layer, view.references, view.baseline = 0, 12, 'corpus'")
    view.has_status("running")
    expect(view.root.get_by_role("progressbar")).to_be_visible()
    expect(view.root.locator(".sv-running")).to_contain_text("left")
    first = view.ledger.inner_text()
    expect(view.ledger).not_to_have_text(first)
    assert view.root.get_attribute("data-status") == "running"
    view.root.get_by_role("button", name="Cancel").click()
    view.has_status("cancelled")
    expect(view.root).to_contain_text("Cancelled. Shown is the last result.")
    expect(view.map).to_be_visible()
    assert sheet.value("view._jobs.running") is False


def test_the_curve_of_the_residual_grows_while_it_computes(view: View, sheet: Notebook):
    sheet.python("view.layer = 0; view.steps = 24")
    points = view.root.evaluate(GROWTH)
    assert len(points) > 2
    assert points == sorted(points)
    settles(view, sheet)
    curve = view.root.get_by_role("img", name=re.compile("^Relative residual from"))
    told = re.findall(r"to (\S+) at (\d+) steps", curve.get_attribute("aria-label") or "")
    residual = sheet.value("view.attribution.relative_residual")
    assert told[-1][1] == "24"
    assert float(told[-1][0]) == pytest.approx(residual, rel=0.5)


def test_the_kernel_stays_free_while_it_computes(view: View, sheet: Notebook):
    sheet.python("view.layer, view.references, view.baseline = 0, 24, 'corpus'")
    view.has_status("running")
    sheet.append("print(6 * 7)")
    sheet.run(2)
    expect(sheet.output(2)).to_contain_text("42")
    assert view.root.get_attribute("data-status") == "running"
    view.root.get_by_role("button", name="Cancel").click()
    view.has_status("cancelled")
    sheet.delete(2)


def test_a_corpus_of_more_references_has_smaller_errors(view: View, sheet: Notebook):
    sheet.python("view.rule, view.references, view.baseline = 'adaptive', 2, 'corpus'")
    settles(view, sheet)
    expect(view.control("references")).to_have_value("2")
    few = sheet.value("float(view.attribution.standard_error.max())")
    view.control("references").evaluate(SLIDE, [[12], 0])
    sheet.becomes("view.references", 12)
    settles(view, sheet)
    assert sheet.value("float(view.attribution.standard_error.max())") < few
    expect(view.root.locator(".sv-legend")).to_contain_text("within error")


def test_a_text_is_edited_in_place(view: View, sheet: Notebook):
    view.root.get_by_role("button", name="Edit text B").click()
    editor = view.root.get_by_role("textbox", name=re.compile("Text B"))
    editor.fill("A cat sits in the sun.")
    editor.press("Enter")
    expect(view.text("b")).to_contain_text("sun")
    view.has_status("settled")
    sheet.becomes("view.text_b", "A cat sits in the sun.")
    view.text("a").dblclick()
    editor = view.root.get_by_role("textbox", name=re.compile("Text A"))
    editor.fill("something else")
    editor.press("Escape")
    expect(view.text("a")).to_contain_text("kitten")
    assert sheet.value("view.text_a") == TEXT_A


def test_two_baselines_stand_side_by_side_with_their_difference(view: View, sheet: Notebook):
    view.choose("Compare")
    view.control("compare with").select_option("baseline")
    view.control("baseline").last.select_option("mask")
    maps = view.root.get_by_role("figure")
    expect(maps).to_have_count(3)
    view.has_status("settled")
    sheet.becomes("view.compare", {"baseline": "mask"})
    assert sheet.value("view.comparison.settings.baseline") == "mask"
    other = sheet.value("float(view.comparison.ledger.pairs)")
    expect(maps.nth(1)).to_contain_text(f"{abs(other):.3f}".lstrip("0"))


def test_two_candidates_for_one_text_stand_side_by_side(view: View, sheet: Notebook):
    view.choose("Compare")
    view.control("compare with").select_option("text_b")
    field = view.root.get_by_label("text", exact=True)
    field.fill("A dog barks at the moon.")
    field.press("Enter")
    expect(view.root.get_by_role("figure").nth(1)).to_be_visible()
    view.has_status("settled")
    sheet.becomes("view.compare", {"text_b": "A dog barks at the moon."})


def test_deletion_differences_stand_beside_the_attribution(view: View, sheet: Notebook):
    sheet.python("view.view, view.compare = 'compare', {'method': 'deletion'}")
    expect(view.root.get_by_role("figure")).to_have_count(3)
    view.has_status("settled")


@pytest.mark.parametrize("kind", ["HTML", "SVG", "PDF", "PNG", "LaTeX", "CSV", "JSON"])
def test_the_menu_saves_what_is_shown(view: View, sheet: Notebook, kind: str):
    view.root.get_by_role("button", name="Export").click()
    with view.page.expect_download() as download:
        view.root.get_by_role("menuitem", name=re.compile(rf"\({kind}\)")).click()
    suffix = {"LaTeX": "tex"}.get(kind, kind.lower())
    assert download.value.suggested_filename == f"siamviz.{suffix}"
    content = download.value.path().read_bytes()
    if kind == "CSV":
        rows = list(csv.DictReader(content.decode().splitlines()))
        shape = sheet.value("view.attribution.matrix.shape")
        assert len(rows) == shape[0] * shape[1]
    else:
        starts = {
            "HTML": b"<!DOCTYPE", "SVG": b"<svg", "PDF": b"%PDF", "PNG": b"\x89PNG", "LaTeX": b"%",
            "JSON": b"{",
        }  # fmt: skip
        assert content.lstrip().startswith(starts[kind])


def test_filters_unit_and_fold_ask_the_model_nothing(view: View, sheet: Notebook):
    jobs = sheet.value("len(asked)")
    view.choose("Word")
    view.control("top pairs").select_option("5")
    view.control("fold reference").check()
    view.control("Similarity").select_option("dot")
    sheet.becomes("[view.unit, view.top_k, view.folded, view.similarity]", ["word", 5, True, "dot"])
    assert sheet.value("len(asked)") == jobs
    view.has_status("settled")
