"""Stories: slides in order, captions without markup, files that come back."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib

import numpy as np
import pytest
from builders import pair
from export_cases import HOSTILE, hostile_pair
from ipywidgets.widgets import widget
from numpy.testing import assert_array_equal

import siamviz
from siamviz import ArgumentTypeError, InvalidArgumentError, Story
from siamviz.export.compose import draw
from siamviz.story import captions, storage
from siamviz.story.captions import Span, spans
from siamviz.story.handout import filtered


def told(count: int = 3) -> Story:
    """A story of one pair, a state a slide."""
    story, shown = Story("A talk"), pair(coarse=True)
    for number in range(1, count + 1):
        story.add(shown, caption=f"c{number}", notes=f"n{number}", top_k=number)
    return story


def said(story: Story) -> list[str]:
    return [slide.caption for slide in story]


# Captions


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("plain", [Span("plain")]),
        ("a *b* c", [Span("a "), Span("b", emphasis=True), Span(" c")]),
        ("a _b_ c", [Span("a "), Span("b", emphasis=True), Span(" c")]),
        ("**b**", [Span("b", strong=True)]),
        ("**a *b***", [Span("a ", strong=True), Span("b", strong=True, emphasis=True)]),
        ("[x](https://a.org/?q=1)", [Span("x", href="https://a.org/?q=1")]),
        ("[*x*](mailto:a@b.org)", [Span("x", emphasis=True, href="mailto:a@b.org")]),
        ("[x](javascript:alert)", [Span("[x](javascript:alert)")]),
        ("[x](JAVASCRIPT:alert)", [Span("[x](JAVASCRIPT:alert)")]),
        ("[x](data:text/html,1)", [Span("[x](data:text/html,1)")]),
        (r"*2\*3*", [Span("2*3", emphasis=True)]),
        (
            "*a **b** c*",
            [
                Span("a ", emphasis=True),
                Span("b", strong=True, emphasis=True),
                Span(" c", emphasis=True),
            ],
        ),
        ("[x](https://a.org/A_(b))", [Span("x", href="https://a.org/A_(b)")]),
        ("[x](https://a\ud800b)", [Span("x", href="https://a\ufffdb")]),
        ("snake_case_name, 2 * 3 * 4", [Span("snake_case_name, 2 * 3 * 4")]),
        (r"\*not\* [CLS]", [Span("*not* [CLS]")]),
        ("<b>x</b>", [Span("<b>x</b>")]),
        ("", []),
    ],
)
def test_captions_know_emphasis_and_links_and_nothing_else(caption, expected):
    assert spans(caption) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_a_caption_is_never_markup(text):
    inner = re.sub(r"</?(em|strong)>|<br>", "", captions.to_html(text))
    assert "<" not in re.sub(r'</?a( href="[^"<>]*" rel="noopener")?>', "", inner)
    assert "\u202e" not in captions.to_plain(text)


def test_a_link_cannot_leave_its_attribute():
    found = captions.to_html('[x](https://a.org/"onmouseover="alert(1))')
    assert 'onmouseover="' not in found


def test_captions_have_bounds():
    with pytest.raises(InvalidArgumentError, match=r"caption has 2,001 characters; .* 2,000"):
        told(1).edit(1, caption="x" * 2001)
    with pytest.raises(ArgumentTypeError, match="notes must be a string, got 3"):
        told(1).edit(1, notes=3)


# Slides in order


def test_slides_are_added_moved_edited_removed_and_brought_back():
    story = told()
    states = [said(story)]
    story.move(3, 1)
    assert said(story) == ["c3", "c1", "c2"]
    story.edit(2, caption="new")
    assert said(story) == ["c3", "new", "c2"]
    assert [slide.notes for slide in story] == ["n3", "n1", "n2"]
    story.remove(1)
    assert said(story) == ["new", "c2"]
    story.add(pair(), caption="first", at=1)
    assert said(story) == ["first", "new", "c2"]
    story.title = "Another"
    for _ in range(5):
        story.undo()
    assert (said(story), story.title) == (states[0], "A talk")
    for _ in range(3):
        story.undo()
    assert len(story) == 0
    with pytest.raises(InvalidArgumentError, match="nothing to undo"):
        story.undo()


@pytest.mark.parametrize(
    "act", [lambda s: s.move(4, 1), lambda s: s.remove(0), lambda s: s.edit(-1)]
)
def test_a_slide_that_does_not_exist_is_named(act):
    story = told()
    with pytest.raises(InvalidArgumentError, match=r"no slide (4|0|-1): numbers run from 1 to 3"):
        act(story)
    assert said(story) == ["c1", "c2", "c3"]


def test_sources_and_traits_are_checked():
    story = told(1)
    with pytest.raises(ArgumentTypeError, match="made of a PairView or a PairAttribution"):
        story.add("text")
    with pytest.raises(ArgumentTypeError, match=r"'unti' is no trait.*unit"):
        story.add(pair(), unti="word")
    with pytest.raises(ArgumentTypeError, match="captured as it is"):
        story.add(pair().view(), unit="word")
    with pytest.raises(InvalidArgumentError, match="no slides"):
        Story().save("x.html")
    with pytest.raises(InvalidArgumentError, match="no slides"):
        Story().present()
    assert len(story) == 1


def test_a_slide_keeps_what_was_shown():
    view = pair(coarse=True).view(unit="word", pins=[{"a": [1], "b": [2]}], threshold=0.01)
    story = Story()
    slide = story.add(view)
    view.unit, view.pins = "token", []
    assert slide.state["unit"] == "word"
    assert slide.state["pins"] == [{"a": [1], "b": [2]}]
    assert slide.shown.unit == "word"
    assert slide.state["threshold"] == 0.01


def test_one_scale_for_all_slides_that_can_be_compared():
    weak, strong = pair(), pair(coarse=True)
    story = Story()
    slides = [story.add(weak), story.add(strong), story.add(strong, unit="sentence")]
    own = [slide.reach for slide in slides]
    assert story.scale(slides[0]) == story.scale(slides[1]) == max(own[:2])
    assert story.scale(slides[2]) == own[2]
    state = [slide["state"]["limit"] for slide in storage.deck(story)["slides"]]
    assert state == [story.scale(slide) for slide in slides]
    story.add(weak, limit=9.0)
    assert story.scale(slides[0]) == 9.0
    story.limit = 2.5
    assert {story.scale(slide) for slide in story} == {2.5}


def test_the_reach_is_the_largest_effect_that_has_a_cell():
    shown = pair()
    text = [[not t.special for t in side] for side in (shown.tokens_a, shown.tokens_b)]
    cells = np.abs(shown.matrix[np.ix_(*text)])
    story = Story()
    assert story.add(shown).reach == pytest.approx(cells.max())
    assert story.add(shown, special=True).reach == pytest.approx(np.abs(shown.matrix).max())


# Files


@pytest.mark.parametrize("suffix", [".json", ".html"])
def test_a_story_comes_back_with_every_number(tmp_path, suffix):
    story = told()
    story.add(hostile_pair(), caption=HOSTILE[0], notes="</script><b>", view="links")
    file = story.save(tmp_path / f"talk{suffix}")
    found = Story.load(file)
    assert (found.title, said(found)) == (story.title, said(story))
    for one, two in zip(story, found, strict=True):
        assert_array_equal(one.pair.matrix, two.pair.matrix)
        assert one.pair.to_dict() == two.pair.to_dict()
        assert dict(one.state) == dict(two.state)
        assert one.notes == two.notes
    assert json.loads(storage.to_json(found)) == json.loads(storage.to_json(story))
    assert found.slides[0].pair is found.slides[1].pair


def changed(tmp_path, change):
    file = told(1).save(tmp_path / "talk.json")
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    return file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["slides"][0].update(pair=-1), "Slide 1 cannot be read.*-1"),
        (lambda d: d["slides"][0].update(caption="x" * 2001), "Slide 1 cannot.*2,000"),
        (lambda d: d["slides"][0]["state"].update(layer={}), "Slide 1 cannot.*layer"),
        (lambda d: d.update(limit=float("nan")), "NaN is no number"),
        (lambda d: d.update(format="siamviz.story/7", siamviz="9.1"),
         r"format 'siamviz.story/7' \(written by siamviz 9.1\).* reads 'siamviz.story/1'"),
        (lambda d: d.pop("pairs"), "has no 'pairs'"),
        (lambda d: d["slides"][0].pop("caption"), "Slide 1 has no 'caption'"),
        (lambda d: d["slides"][0].update(pair=5), "Slide 1 cannot be read"),
        (lambda d: d["slides"][0].update(caption=["<b>"]), "Slide 1 cannot be read"),
        (lambda d: d["slides"][0]["state"].update(unit="page"), "Slide 1 cannot be read.*page"),
        (lambda d: d["slides"][0]["state"].update(pins=[{"a": "x"}]), "Slide 1 cannot.*pins"),
        (lambda d: d["slides"][0]["state"].update(compare="mask"), "Slide 1 cannot.*compare"),
        (lambda d: d["pairs"][0].update(format="siamviz.pair/9"), "siamviz.pair/9"),
        (lambda d: d.update(theme="pink"), "pink"),
    ],
)  # fmt: skip
def test_a_story_that_does_not_fit_says_where(tmp_path, change, message):
    with pytest.raises(InvalidArgumentError, match=f"(?s){message}"):
        Story.load(changed(tmp_path, change))


def test_files_that_hold_no_story_are_told_apart(tmp_path):
    page = tmp_path / "pair.html"
    pair().save(page)
    with pytest.raises(InvalidArgumentError, match="it is another page"):
        Story.load(page)
    with pytest.raises(InvalidArgumentError, match="no such file"):
        Story.load(tmp_path / "none.json")
    with pytest.raises(InvalidArgumentError, match=r"end in .html or .json"):
        Story.load(tmp_path / "talk.pdf")
    (tmp_path / "cut.json").write_bytes(told(1).save(tmp_path / "talk.json").read_bytes()[:-9])
    with pytest.raises(InvalidArgumentError, match="damaged"):
        Story.load(tmp_path / "cut.json")
    with pytest.raises(InvalidArgumentError, match=r"suffix '\.pptx'"):
        told(1).save(tmp_path / "talk.pptx")


def test_results_are_saved_once(tmp_path):
    one, many = told(1), told(12)
    assert len(json.loads(storage.to_json(many))["pairs"]) == 1
    assert len(storage.deck(many)["frames"]) == len(storage.deck(one)["frames"])


def test_the_pdf_has_a_page_for_each_slide(tmp_path):
    story = told(2)
    story.add(hostile_pair(), caption=HOSTILE[0], view="links", pins=[{"a": [1], "b": []}])
    content = story.save(tmp_path / "talk.pdf").read_bytes()
    streams = [
        zlib.decompressobj().decompress(part.split(b"endstream")[0].lstrip(b"\r\n"))
        for part in content.split(b"stream")[1::2]
        if part.lstrip(b"\r\n")[:1] == b"\x78"
    ]
    assert sum(part.count(b"/Type/Page/") for part in [content, *streams]) == 3


def test_slides_for_reveal_have_a_live_view_and_notes_each(tmp_path):
    story = told(2)
    story.add(hostile_pair(), caption="*x* <script>alert(1)</script>")
    data = json.loads(story.to_slides(tmp_path / "t.ipynb", notebook=True).read_text("utf-8"))
    kinds = [cell["metadata"]["slideshow"]["slide_type"] for cell in data["cells"]]
    assert kinds == ["slide", "slide", "notes", "slide", "notes", "slide"]
    shown = data["cells"][-1]["outputs"][0]["data"]["text/html"]
    [page] = re.findall(r'srcdoc="([^"]*)"', shown)
    assert "<" not in page
    assert html.unescape(page).startswith("<!DOCTYPE html>")
    written = story.to_slides(tmp_path / "t.html", reveal="reveal.js").read_text("utf-8")
    assert written.count("<iframe") == 3
    assert 'src="reveal.js/dist/reveal.js"' in written or "reveal.js/dist/reveal" in written
    assert "https://unpkg.com/reveal.js" not in written


# Views


def test_the_button_of_a_view_adds_to_the_story_made_last(live):
    story, view = Story("Mine"), live
    view.unit = "word"
    answer = view.comm.ask("capture")
    assert answer["ok"], answer
    assert answer["name"] == "Added to Mine as slide 1."
    assert story.slides[0].state["unit"] == "word"
    assert view.story is story
    Story("Newer")
    assert view.comm.ask("capture")["name"] == "Added to Mine as slide 2."


def test_a_story_is_live_where_a_model_is_at_hand(live):
    story = Story()
    with pytest.raises(InvalidArgumentError, match="no slides"):
        story.present(live=True)
    story.add(pair())
    with pytest.raises(InvalidArgumentError, match="can be live"):
        story.present(live=True)
    live.layer = 5
    story.add(live)
    stage = story.present(2, live=True)
    captured, computing = stage._live
    assert captured == ""
    assert computing.startswith("IPY_MODEL_")
    [made] = stage._views.values()
    assert (made.layer, made.text_a) == (5, live.text_a)
    assert made.limit == story.scale(story.slides[1])
    stage.close()


def test_the_stage_follows_the_story_and_takes_changes(connected):
    story = told()
    stage = story.present(start=2)
    assert stage._start == 1
    asked = {
        "edit": {"number": 1, "caption": "new"},
        "move": {"number": 1, "to": 3},
        "remove": {"number": 1},
        "rename": {"title": "T"},
    }
    for kind, body in asked.items():
        assert stage.comm.ask(kind, **body)["ok"]
    assert (said(story), story.title) == (["c3", "new"], "T")
    assert [slide["source"] for slide in json.loads(stage._deck)["slides"]] == ["c3", "new"]
    for _ in asked:
        assert stage.comm.ask("undo")["ok"]
    assert said(story) == ["c1", "c2", "c3"]
    refused = stage.comm.ask("remove", number=7)
    assert not refused["ok"]
    assert "no slide 7" in refused["error"]
    assert "does not know 'sing'" in stage.comm.ask("sing")["error"]
    with pytest.raises(InvalidArgumentError, match="no slide 9"):
        story.present(9)


def test_without_a_kernel_a_story_is_text():
    assert repr(told(2)) == "Story('A talk', 2 slides)\n  1. c1\n  2. c2"
    assert siamviz.Story is Story
    assert base64.b64decode(storage.pack(told(1)))


def test_a_pin_that_names_no_token_is_refused():
    story = Story()
    with pytest.raises(InvalidArgumentError, match="names a token that is not there: A has 14"):
        story.add(pair(), pins=[{"a": [99], "b": [1]}])
    assert len(story) == 0


def test_the_pdf_shows_what_the_view_shows():
    shown = pair()
    picture = draw(shown)
    state = {"special": False, "threshold": 0.0, "top_k": 3}
    found = filtered(picture, state)
    assert not any(heading.special for heading in (*found.rows, *found.columns))
    text = [not heading.special for heading in picture.rows]
    across = [not heading.special for heading in picture.columns]
    whole = np.abs(picture.values[np.ix_(text, across)])
    kept = np.abs(found.values)
    assert np.count_nonzero(kept) == 3
    assert sorted(kept[kept > 0]) == sorted(np.sort(whole, axis=None)[-3:])
    least = float(np.median(whole))
    assert (
        np.abs(filtered(picture, {**state, "top_k": 0, "threshold": least}).values) > 0
    ).sum() == (whole >= least).sum()


def test_nothing_of_a_presentation_is_markdown(tmp_path):
    story = Story("A\n\n[y](javascript:alert(1))")
    story.add(pair(), notes="hi\r\r[z](javascript:alert(2))\n\n![x](http://a.org)")
    page = story.to_slides(tmp_path / "t.html", reveal="r").read_text("utf-8")
    assert 'href="javascript' not in page
    assert "<img" not in page


def test_what_changes_nothing_is_not_undone():
    story = told(2)
    story.edit(1, caption="c1")
    story.move(2, 2)
    story.title = "A talk"
    story.remove(1)
    story.undo()
    assert said(story) == ["c1", "c2"]
    with pytest.raises(InvalidArgumentError, match="greater than 0"):
        story.limit = -3
    with pytest.raises(InvalidArgumentError, match="neon"):
        story.theme = "neon"
    removed = story.slides[0]
    story.remove(1)
    story.remove(1)
    assert story.scale(removed) == removed.reach


def test_a_change_of_an_older_state_is_refused(connected):
    story = told()
    stage = story.present()
    seen = json.loads(stage._deck)["revision"]
    assert stage.comm.ask("remove", number=1, revision=seen)["ok"]
    answer = stage.comm.ask("remove", number=1, revision=seen)
    assert "had changed" in answer["error"]
    assert said(story) == ["c2", "c3"]
    stage.close()
    story.undo()


def test_checking_a_slide_opens_no_widget(connected):
    before = len(widget._instances)
    told(5)
    assert len(widget._instances) == before
