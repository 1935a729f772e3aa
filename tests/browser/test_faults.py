"""What goes wrong is said in the view within a second, and the last good picture stays."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import expect

from .lab import Notebook
from .view import View

pytestmark = pytest.mark.browser

SECOND = 1000

CELLS = (
    """
    import logging
    import siamviz
    from builders import pair
    from tiny_models import encoder

    explainer = siamviz.Explainer(encoder())
    said = []

    class Keep(logging.Handler):
        def emit(self, record):
            said.append(logging.Formatter().format(record))

    logging.getLogger("siamviz").addHandler(Keep())
    """,
    """
    vars(explainer).pop("explain_iter", None)
    said.clear()
    view = explainer.view("a dog runs", "the cat sleeps", rule="midpoint", steps=4)
    view
    """,
)

BREAK = """
def explain_iter(*args, **options):
    raise ZeroDivisionError("the dog ate the matrix")

explainer.explain_iter = explain_iter
"""


def still_shows(view: View, terms: list[float]) -> None:
    """The last good picture is there and can be explored."""
    assert view.numbers() == terms
    expect(view.map).to_be_visible()
    view.hover(1, 1)
    expect(view.readout).to_contain_text(" × ")


def test_an_exception_in_the_worker_is_said_within_a_second_and_logged(view: View, sheet: Notebook):
    terms = view.numbers()
    sheet.python(BREAK + "view.steps = 5")
    expect(view.alert).to_contain_text("the dog ate the matrix", timeout=SECOND)
    assert view.root.get_attribute("data-status") == "failed"
    expect(view.status).to_contain_text("stale")
    still_shows(view, terms)
    log = sheet.value("said")
    assert "Traceback" in log[0]
    assert "explain_iter" in log[0]
    assert "ZeroDivisionError: the dog ate the matrix" in log[0]


def test_after_a_failure_the_next_change_computes_again(view: View, sheet: Notebook):
    sheet.python(BREAK + "view.steps = 5")
    view.has_status("failed")
    sheet.python("del explainer.explain_iter")
    view.control("steps").press("ArrowRight")
    view.has_status("settled")
    expect(view.alert).to_be_empty()
    expect(view.certificate).to_contain_text("6 steps")


def test_a_setting_that_makes_no_sense_is_refused_with_a_sentence(view: View, sheet: Notebook):
    terms = view.numbers()
    view.root.get_by_role("button", name="Edit text B").click()
    editor = view.root.get_by_role("textbox")
    editor.fill("   ")
    editor.press("Enter")
    expect(view.alert).to_contain_text("text", ignore_case=True)
    assert view.root.get_attribute("data-status") == "failed"
    still_shows(view, terms)
    assert sheet.value("view.text_b") == "the cat sleeps"


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ("view._frame[:-4]", "bytes"),
        ("view._frame[:6]", "bytes"),
        ("view._frame + b'abc'", "bytes"),
        ("b'junk' * 99", "Shown is the last result"),
        ("view._frame.replace(b'\"matrix\"', b'\"mitrax\"')", "matrix"),
    ],
)
def test_a_result_of_the_wrong_length_or_form_is_refused_with_a_sentence(
    view: View, sheet: Notebook, frame: str, sentence: str
):
    terms = view.numbers()
    sheet.python(
        "event = {'kind': 'frame', 'slot': 'main', 'final': True, 'fraction': 1, 'remaining': 0}\n"
        f"view.send({{**event, 'job': view._jobs.latest.number}}, [{frame}])"
    )
    expect(view.alert).to_contain_text(sentence, timeout=SECOND)
    expect(view.alert).to_contain_text("Shown is the last result.")
    still_shows(view, terms)


@pytest.mark.parametrize(
    "message",
    [
        "{'kind': 'dance'}",
        "['no', 'object']",
        "{'kind': 'frame', 'job': view._jobs.latest.number}",
        "{'id': 1, 'ok': 'perhaps'}",
    ],
)
def test_a_message_that_the_view_does_not_understand_is_said(
    view: View, sheet: Notebook, message: str
):
    terms = view.numbers()
    sheet.python(f"view.send({message})")
    expect(view.alert).to_contain_text("does not understand", timeout=SECOND)
    still_shows(view, terms)


def test_a_kernel_that_hangs_is_said_and_forgotten_once_it_answers(view: View, sheet: Notebook):
    kernel = sheet.value("__import__('os').getpid()")
    os.kill(kernel, signal.SIGSTOP)
    try:
        view.control("steps").press("ArrowRight")
        expect(view.alert).to_contain_text("The kernel does not answer", timeout=2 * SECOND)
        view.has_status("waiting")
        expect(view.map).to_be_visible()
    finally:
        os.kill(kernel, signal.SIGCONT)
    view.has_status("settled")
    expect(view.alert).to_be_empty()
    expect(view.certificate).to_contain_text("5 steps")


def test_a_busy_main_thread_keeps_no_one_from_looking(view: View, sheet: Notebook):
    sheet.append("import time; time.sleep(3)")
    sheet.start(2)
    view.choose("Word")
    view.click(1, 1)
    expect(view.pins).to_have_count(1)
    view.control("steps").press("ArrowRight")
    view.has_status("settled", "waiting")
    expect(view.certificate).to_contain_text("5 steps")
    view.has_status("settled")
    sheet.delete(2)


@pytest.mark.parametrize("fate", ["restarted", "gone"])
def test_without_its_kernel_the_picture_stays_to_be_explored(
    view: View, sheet: Notebook, fate: str
):
    terms = view.numbers()
    if fate == "restarted":
        sheet.restart_kernel()
    else:
        sheet.stop_kernel()
    view.control("steps").press("ArrowRight")
    expect(view.alert).to_contain_text("The kernel does not answer", timeout=2 * SECOND)
    expect(view.status).to_contain_text("stale")
    still_shows(view, terms)
    view.choose("Links")
    expect(view.root.locator(".sv-words").first).to_be_visible()
    view.choose("Pairs")
    expect(view.root.locator(".sv-window")).to_be_visible()
    view.choose("Matrix")
    view.click(1, 1)
    expect(view.pins).to_have_count(1)
    if fate == "restarted":
        sheet.run_all()
