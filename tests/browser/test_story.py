"""Stories: the exported file, and the list of slides and the stage in JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TEXT_A, TEXT_B, pair
from export_cases import HOSTILE, hostile_pair, long_pair
from playwright.sync_api import Locator, Page, expect

from siamviz import Story

from . import servers
from .axe import violations
from .chromium import Watch
from .lab import Notebook
from .view import View

pytestmark = pytest.mark.browser

CELLS = (
    f"""
    import siamviz
    from builders import pair
    explainer = siamviz.Explainer("all-MiniLM-L6-v2")
    view = explainer.view({TEXT_A!r}, {TEXT_B!r}, rule="gauss-legendre", steps=4, layer=5)
    story = siamviz.Story("A talk")
    view
    """,
    "",
)
PROJECTOR = {"width": 1280, "height": 720}
SPREAD = """root => {
    const map = root.querySelector('.sv-map, .sv-links, .sv-all').getBoundingClientRect();
    const stage = root.getBoundingClientRect();
    return [map.left - stage.left, map.top - stage.top, stage.right - map.right,
            stage.bottom - map.bottom];
}"""
SIZES = """(root, names) => names.map(name => {
    const element = root.querySelector(name);
    const style = getComputedStyle(element);
    let zoom = 1;
    for (let at = element; at; at = at.parentElement) zoom *= Number(at.style.zoom) || 1;
    return parseFloat(style.fontSize) * zoom;
})"""


def a_story() -> Story:
    story, shown = Story("Cats and dogs"), pair(coarse=True)
    story.add(shown, caption="**All** pairs, *coloured*", notes="Say hello.\nBreathe.", unit="word")
    story.add(shown, caption="One of them", unit="word", pins=[{"a": [7, 8], "b": [8]}])
    story.add(
        shown, caption="See [the paper](https://aclanthology.org/)", view="links", unit="word"
    )
    story.add(pair(TEXT_B, TEXT_A, seed=3), caption="Another pair", view="pairs")
    return story


def opened(watch: Watch, story: Story, folder: Path) -> Locator:
    file = story.save(folder / "talk.html")
    watch.page.context.set_offline(True)
    watch.page.set_viewport_size(PROJECTOR)
    watch.page.goto(file.as_uri())
    stage = watch.page.locator(".st-stage")
    expect(stage.locator(".siamviz[data-status]")).to_be_visible()
    assert watch.requests == [file.as_uri()]
    return stage


def slide(page: Page, number: int, count: int = 4) -> None:
    expect(page.locator(".st-number")).to_have_text(f"{number} / {count}")


def test_the_file_is_a_talk_without_network_or_kernel(tmp_path: Path, watch: Watch):
    story = a_story()
    stage, page = opened(watch, story, tmp_path), watch.page
    expect(stage.get_by_role("heading", level=2).first).to_have_text("All pairs, coloured")
    expect(stage.locator(".st-caption strong")).to_have_text("All")
    for key, number in [("ArrowRight", 2), ("Space", 3), ("PageUp", 2), ("End", 4), ("Home", 1)]:
        page.keyboard.press(key)
        slide(page, number)
    page.get_by_role("button", name="Next slide").click()
    slide(page, 2)
    assert page.url.endswith("#2")
    page.keyboard.press("b")
    expect(page.locator(".st-blank")).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator(".st-blank")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    link = stage.get_by_role("link", name="the paper")
    assert link.get_attribute("href") == "https://aclanthology.org/"
    assert "noopener" in (link.get_attribute("rel") or "")
    assert len(watch.requests) == 1
    assert watch.take_errors() == []


def test_the_view_on_a_slide_is_live(tmp_path: Path, watch: Watch):
    stage, page = opened(watch, a_story(), tmp_path), watch.page
    token = stage.locator(".sv-token", has_text="dog").first
    token.hover()
    expect(stage.locator(".sv-readout")).to_contain_text("dog")
    page.keyboard.press("c")
    view = View(stage.locator(".siamviz[data-status]"))
    view.choose("Token")
    expect(stage.locator(".sv-sentence").first.locator(".sv-token")).to_have_count(14)
    page.keyboard.press("ArrowRight")
    slide(page, 2)


def test_after_a_click_in_the_picture_arrows_still_change_slides(tmp_path: Path, watch: Watch):
    stage, page = opened(watch, a_story(), tmp_path), watch.page
    stage.locator(".sv-scroller").click(position={"x": 40, "y": 40})
    expect(stage.locator(".sv-token.sv-pinned")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    slide(page, 2)
    stage.locator(".sv-map").focus()
    page.keyboard.press("ArrowRight")
    slide(page, 2)


def test_what_is_not_pinned_fades(tmp_path: Path, watch: Watch):
    stage, page = opened(watch, a_story(), tmp_path), watch.page
    opacity = "all => all.map(one => Number(getComputedStyle(one).opacity))"
    assert set(stage.locator(".sv-token").evaluate_all(opacity)) == {1}
    page.keyboard.press("ArrowRight")
    expect(stage.locator(".sv-token.sv-pinned")).to_have_count(2)
    assert set(stage.locator(".sv-token.sv-pinned").evaluate_all(opacity)) == {1}
    assert max(stage.locator(".sv-token:not(.sv-pinned)").evaluate_all(opacity)) < 0.5


def test_colours_mean_the_same_on_every_slide(tmp_path: Path, watch: Watch):
    story = a_story()
    stage, page = opened(watch, story, tmp_path), watch.page
    page.keyboard.press("c")
    ends = []
    for number in range(1, 5):
        slide(page, number)
        ends.append(stage.locator(".sv-legend > span").first.inner_text())
        page.keyboard.press("PageDown")
    assert len(set(ends)) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_slides_can_be_read_from_the_last_row(tmp_path: Path, watch: Watch, theme: str):
    story = a_story()
    story.theme = theme
    stage, page = opened(watch, story, tmp_path), watch.page
    for number in range(1, 5):
        slide(page, number)
        page.wait_for_timeout(600)
        assert min(stage.evaluate(SPREAD)[:3]) >= -1, number
        caption, token = stage.evaluate(SIZES, [".st-caption", ".sv-token:not(.sv-special)"])
        assert caption >= 32
        assert token >= 24
        scheme = page.locator(".siamviz-story").get_attribute("data-theme")
        assert scheme == theme
        faded = "sv-token" if number == 2 else None
        assert [one for one in violations(stage) if faded is None or faded not in one] == []
        page.keyboard.press("PageDown")
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    [label] = stage.evaluate(SIZES, [".sv-rows .sv-label"])
    assert label >= 18


def test_larger_and_smaller(tmp_path: Path, watch: Watch):
    stage, page = opened(watch, a_story(), tmp_path), watch.page
    page.wait_for_timeout(300)
    sizes = [stage.evaluate(SIZES, [".sv-token"])[0]]
    for key in "+-0":
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        sizes.append(stage.evaluate(SIZES, [".sv-token"])[0])
    assert sizes[1] > sizes[0]
    assert sizes[2] == pytest.approx(sizes[3])
    assert sizes[3] == pytest.approx(sizes[0])


def test_notes_are_in_a_second_window_that_follows(tmp_path: Path, watch: Watch):
    _, page = opened(watch, a_story(), tmp_path), watch.page
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value
    expect(notes.locator("[data-notes]")).to_have_text("Say hello.\nBreathe.")
    expect(notes.get_by_text("Next: One of them")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(notes.get_by_role("heading")).to_have_text("One of them")
    notes.keyboard.press("ArrowRight")
    slide(page, 3)
    assert "Say hello" not in page.locator(".st-stage").inner_text()
    notes.close()
    page.keyboard.press("ArrowLeft")
    slide(page, 2)


def animations(page: Page) -> int:
    return page.evaluate(
        "document.getAnimations().filter(one =>"
        " one.effect.pseudoElement?.startsWith('::view-transition')).length"
    )


def test_states_of_one_pair_become_each_other(tmp_path: Path, watch: Watch):
    _, page = opened(watch, a_story(), tmp_path), watch.page
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.getAnimations().some(one =>"
        " one.effect.pseudoElement?.startsWith('::view-transition'))"
    )
    page.wait_for_timeout(900)
    page.keyboard.press("End")
    slide(page, 4)
    assert animations(page) == 0


def test_nothing_moves_for_those_who_want_it_so(tmp_path: Path, watch: Watch):
    _, page = opened(watch, a_story(), tmp_path), watch.page
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("ArrowRight")
    slide(page, 2)
    assert animations(page) == 0


def test_hostile_texts_are_text(tmp_path: Path, watch: Watch):
    story = Story(HOSTILE[0])
    for text in HOSTILE[:4]:
        story.add(hostile_pair(), caption=text, notes=text)
    story.add(long_pair(120), caption="x" * 900)
    stage, page = opened(watch, story, tmp_path), watch.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    title = page.title()
    for number in range(1, 6):
        slide(page, number, 5)
        assert stage.locator("script, img, iframe, [onerror], [onmouseover]").count() == 0
        page.keyboard.press("PageDown")
    assert (dialogs, page.title()) == ([], title)
    assert watch.take_errors() == []


def test_without_scripts_the_slides_are_there(tmp_path: Path, watch: Watch, browser):
    file = a_story().save(tmp_path / "talk.html")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        expect(page.get_by_role("heading", name="All pairs, coloured")).to_be_visible()
        expect(page.get_by_role("table").first).to_be_visible()


# In JupyterLab


@pytest.fixture
def talk(sheet: Notebook) -> Notebook:
    sheet.python("story = siamviz.Story('A talk')")
    return sheet


def test_the_view_has_a_button_that_adds_to_the_story(talk: Notebook):
    view = View(talk.output(0).locator(".siamviz[data-status]"))
    expect(view.root).to_have_attribute("data-status", "settled", timeout=60_000)
    talk.python("view.story = story")
    view.choose("Word")
    view.root.get_by_role("button", name="Add to story").click()
    expect(view.root.get_by_role("status").filter(has_text="Added")).to_have_text(
        "Added to A talk as slide 1."
    )
    assert talk.value("[slide.state['unit'] for slide in story]") == ["word"]


def test_slides_are_put_in_order_in_the_notebook(talk: Notebook):
    talk.python("[story.add(pair(), caption=c) for c in ('one', 'two', 'three')]")
    talk.write(1, "story")
    talk.run(1)
    output = talk.output(1)
    entries = output.locator(".st-list > li")
    expect(entries).to_have_count(3)
    output.get_by_role("button", name="Move slide 3 up").click()
    talk.becomes("[s.caption for s in story]", ["one", "three", "two"])
    caption = output.get_by_role("textbox", name="Caption of slide 1")
    caption.fill("*first*")
    caption.press("Tab")
    talk.becomes("story.slides[0].caption", "*first*")
    output.get_by_role("button", name="Remove slide 2").click()
    expect(entries).to_have_count(2)
    output.get_by_role("button", name="Undo").click()
    expect(entries).to_have_count(3)
    talk.python("story.add(pair(), caption='from Python')")
    expect(entries).to_have_count(4)
    title = output.get_by_role("textbox", name="Title of the story")
    title.evaluate("field => field.removeAttribute('maxlength')")
    title.fill("x" * 2001)
    title.press("Tab")
    expect(output.get_by_role("alert")).to_contain_text("at most 2,000")
    output.get_by_role("button", name="Present from slide 2").click()
    expect(output.locator(".st-number")).to_have_text("2 / 4")
    output.get_by_role("button", name="Back to the list").click()
    expect(entries).to_have_count(4)


def test_a_stage_in_the_notebook_is_full_screen_and_live(talk: Notebook):
    talk.python("story.add(view, caption='live')")
    talk.python("story.add(pair(), caption='captured')")
    talk.write(1, "stage = story.present(live=True); stage")
    talk.run(1)
    stage = talk.output(1).locator(".st-stage")
    shown = stage.locator(".siamviz[data-status]")
    expect(shown).to_have_attribute("data-status", "settled", timeout=60_000)
    stage.get_by_role("button", name="Full screen").click()
    talk.page.wait_for_function("document.fullscreenElement?.classList.contains('st-stage')")
    talk.page.keyboard.press("c")
    slider = View(shown).control("layer")
    expect(slider).to_be_visible()
    slider.focus()
    slider.press("ArrowLeft")
    talk.becomes("next(iter(stage._views.values())).layer", 4)
    expect(shown).to_have_attribute("data-status", "settled", timeout=60_000)
    assert talk.value("view.layer") == 5
    talk.page.keyboard.press("PageDown")
    expect(stage.locator(".st-number")).to_have_text("1 / 2")
    stage.get_by_role("button", name="Next slide").click()
    expect(shown).to_have_attribute("data-status", "offline")
    talk.page.keyboard.press("f")
    talk.page.wait_for_function("!document.fullscreenElement")


def test_reveal_shows_a_live_view_on_each_slide(tmp_path: Path, watch: Watch):
    story = a_story()
    story.to_slides(tmp_path / "slides.html")
    with servers.files(tmp_path) as server:
        page = watch.page
        page.goto(f"{server.url}/slides.html")
        page.locator(".reveal.ready").wait_for()
        page.keyboard.press("ArrowRight")
        shown = page.locator("section.present", has=page.locator("iframe")).last
        frame = shown.frame_locator("iframe")
        expect(frame.get_by_role("heading", name="All pairs, coloured")).to_be_visible()
        view = frame.locator(".siamviz[data-status]")
        page.wait_for_timeout(1000)
        token = view.locator(".sv-token", has_text="dog").first
        token.dispatch_event("pointermove")  # the frame is scaled, which Playwright cannot aim at
        expect(view.locator(".sv-readout")).to_contain_text("dog")
        page.keyboard.press("ArrowRight")
        following = page.locator("section.present", has=page.locator("iframe")).last
        heading = following.frame_locator("iframe").get_by_role("heading", name="One of them")
        expect(heading).to_be_visible()
