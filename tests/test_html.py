"""HTML: a page of its own, or a fragment that survives without styles."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from browser.chromium import FLAGS, NAMES
from builders import pair
from export_cases import HOSTILE, Page, by_word, hostile_pair

from siamviz.export.compose import draw
from siamviz.export.escape import label
from siamviz.export.html import to_html


@pytest.mark.parametrize("page", [True, False])
def test_hostile_text_adds_no_element_and_no_attribute(page):
    hostile, tame = hostile_pair(), by_word()
    found, allowed = Page(to_html(hostile, page=page)), Page(to_html(tame, page=page))
    assert set(found.tags) <= set(allowed.tags)
    assert {name for name, _ in found.attributes} <= {name for name, _ in allowed.attributes}
    assert "script" not in found.tags
    for text in HOSTILE:
        assert label(text) in found.text


def test_a_page_is_whole_and_refers_to_nothing_outside():
    document = to_html(by_word())
    page = Page(document)
    assert document.startswith("<!DOCTYPE html>")
    assert ("lang", "en") in page.attributes
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ) in page.attributes
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert "url(" not in document
    assert "@import" not in document
    assert "prefers-color-scheme: dark" in document


def test_the_title_of_a_page_can_be_chosen_and_is_escaped():
    assert "<title>&lt;mine&gt;</title>" in to_html(by_word(), title="<mine>")
    assert "<title>The dog runs after" in to_html(by_word())


def test_a_fragment_depends_on_basic_inline_styles_alone():
    fragment = to_html(by_word(), page=False)
    page = Page(fragment)
    assert page.tags[0] == "div"
    assert not {"style", "script", "html", "body"} & set(page.tags)
    assert {name for name, _ in page.attributes} <= {"style", "dir", "title"}
    declarations = {
        declaration.partition(":")[0]
        for name, style in page.attributes
        if name == "style"
        for declaration in (style or "").split(";")
    }
    assert declarations <= {
        "background-color",
        "color",
        "font-family",
        "font-size",
        "font-weight",
        "opacity",
        "overflow",
        "padding",
        "text-align",
    }


@pytest.mark.parametrize("page", [True, False])
def test_without_styles_the_text_still_says_everything(page):
    shown = by_word(cell_error=0.004)
    picture = draw(shown)
    text = re.sub(r"\s+", " ", Page(to_html(shown, page=page)).text)
    assert picture.ledger() in text
    assert picture.certificate in text
    assert "A [CLS] The dog runs after the kitten in the yard. [SEP]" in text
    assert "rows are A, columns are B" in text
    rows, columns = picture.values.shape
    numbers_shown = [picture.number(r, c) for r in range(rows) for c in range(columns)]
    for number in filter(None, numbers_shown):
        assert number in text
    for link in picture.links:
        assert f"{link.a} × {link.b}" in text
    for setting in picture.settings:
        assert setting in text


def test_the_strongest_tokens_and_cells_are_bold_elements():
    picture = draw(by_word())
    bold = Page(to_html(by_word(), page=False)).bold.split("\n")
    strongest = np.unravel_index(np.abs(picture.values).argmax(), picture.values.shape)
    assert picture.number(*strongest) in bold
    loudest = max(picture.sentences[0].marks, key=lambda m: abs(m.effect) * (not m.special))
    assert not loudest.strong or loudest.text in bold


def test_cells_carry_their_own_background_and_ink():
    fragment = to_html(by_word(), page=False)
    cells = re.findall(r'<td style="([^"]*)"[^>]*>(?=.)(?:<[bi][^>]*>)?[~−.\d]', fragment)
    painted = [cell for cell in cells if "background-color" in cell]
    assert painted
    assert all(";color:#" in cell for cell in painted)


def test_the_matrix_is_a_table_with_headings_and_a_caption():
    page = Page(to_html(by_word()))
    picture = draw(by_word())
    rows, columns = picture.values.shape
    scopes = [value for name, value in page.attributes if name == "scope"]
    assert scopes.count("row") == rows + 1 + len(picture.links)
    assert scopes.count("col") == columns + 1 + 4
    assert page.tags.count("caption") == 2


def test_right_to_left_sentences_say_their_direction():
    shown = pair("כלב רץ בחצר", "A dog runs.")
    directions = [v for name, v in Page(to_html(shown)).attributes if name == "dir"]
    assert directions == ["rtl", "ltr"]


@pytest.mark.browser
@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="no Chromium")
def test_hostile_text_runs_nothing_in_a_real_browser(tmp_path):
    page = to_html(hostile_pair(), title="untouched")
    unguarded = re.sub(r"<meta http-equiv[^>]*>", "", page)
    (tmp_path / "page.html").write_text(unguarded, "utf-8")
    browser = next(filter(None, map(shutil.which, NAMES)))
    seen = subprocess.run(
        [
            browser,
            "--headless",
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"file://{tmp_path / 'page.html'}",
        ],
        capture_output=True,
        timeout=120,
        check=True,
    ).stdout.decode()
    assert "<title>untouched</title>" in seen
    assert not {"script", "img"} & set(re.findall(r"<(\w+)", seen))
