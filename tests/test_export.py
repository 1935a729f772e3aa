"""Tests of the static picture: HTML, SVG, PNG, terminal, notebook and files."""

from __future__ import annotations

import base64
import csv
import importlib.util
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from builders import contributions, pair, settings
from hypothesis import given
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from rich.console import Console

from siamviz.attribution import PairAttribution
from siamviz.contributions import Token, Truncation
from siamviz.errors import InvalidArgumentError
from siamviz.export import numbers, png, save
from siamviz.export.compose import draw
from siamviz.export.escape import escape, json_for_script, label, visible
from siamviz.export.html import to_html
from siamviz.export.measure import direction, shorten, width
from siamviz.export.notebook import mimebundle
from siamviz.export.svg import to_svg
from siamviz.export.terminal import render

HOSTILE = [
    "</script><script>alert(1)</script>",
    '<img src=x onerror="document.title=1">',
    "\"'><b onmouseover=alert(1)>",
    "</style></title></table></bdi>",
    "]]> <!-- &amp; -->",
    "a\u2028b\u2029c",
    "\u202eevil\u202c \u2066x\u2069",
    "nul\x00bell\x07",
    "lone\ud800surrogate",
    "[red]markup[/red] :smile:",
    "\x1b[31mred\x1b[0m",
    "\r\n\ttabs",
    "\ufffe\x85\x9b31m",
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@SUM(A1)",
]
ACTIVE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
BROWSERS = ("google-chrome", "chromium", "chromium-browser")


def hostile_pair() -> PairAttribution:
    tokens = tuple(Token(text, None, None) for text in HOSTILE)
    given = {"tokens": tokens, "settings": settings(model="<i>model</i>", baseline="<u>\x1b</u>")}
    a, b = " ".join(HOSTILE), "".join(reversed(HOSTILE))
    return replace(
        PairAttribution.from_contributions(
            contributions(a, seed=1, **given), contributions(b, seed=2, **given)
        ),
        message="<s>said</s> \x1b[1m",
    )


def by_word(**changes) -> PairAttribution:
    return replace(pair().by("word"), **changes)


def long_pair(words: int) -> PairAttribution:
    text = " ".join(f"w{i}" for i in range(words))
    return pair(text, text, width=3)


def parsed(document: str) -> ET.Element:
    return ET.fromstring(document.encode())  # noqa: S314 - our own output, not untrusted


class Page(HTMLParser):
    """What is in a document: its elements, their attributes, its text, its bold text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text, self.bold, self._open = "", "", []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.text += data
            self.bold += data + "\n" if "b" in self._open else ""


def terminal_text(shown: PairAttribution, columns: int = 100, **options) -> str:
    sink = io.StringIO()
    render(shown, Console(file=sink, width=columns, **options))
    return sink.getvalue()


# Escaping


@given(st.text(st.characters()))
def test_escaped_text_is_xml_and_utf8_and_has_no_active_character(text):
    escaped = escape(text)
    element = parsed(f"<t a='{escaped}'>{escaped}</t>")
    assert not re.search(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", escaped
    )
    assert not set("<>\"'") & set(escaped)
    assert element.text is None or set(element.text) <= set(visible(text).replace("\r", "\n"))


@given(st.text(st.characters()))
def test_making_text_visible_twice_changes_nothing(text):
    assert visible(visible(text)) == visible(text)
    assert label(label(text)) == label(text)


def test_ordinary_text_in_any_script_stays_as_it_is():
    for text in ("café naïve", "小狗在院子里", "כלב רץ", "👩‍👩‍👧 é", "a\nb"):
        assert visible(text) == text


def test_a_heading_is_never_empty_or_broken():
    assert [label(t) for t in ("", "  ", "a\tb", "\u200d")] == ["␣", "␣", "a␉b", "⟨U+200D⟩"]


def test_json_for_a_script_cannot_end_the_script_and_reads_back_the_same():
    text = json_for_script(HOSTILE)
    assert json.loads(text) == HOSTILE
    assert not set("<>&\u2028\u2029") & set(text)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_for_script(float("nan"))


# Numbers and measures


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.1702, ".17"), (-0.012, "−.01"), (0.0049, ""), (-0.0001, ""), (1.234, "1.23"), (0.0, "")],
)
def test_cell_numbers_are_compact_and_blank_at_zero(value, written):
    assert numbers.compact(value, 2) == written


def test_a_residual_that_rounds_to_zero_is_still_shown():
    assert [numbers.term(x) for x in (0.61432, -0.0003, 3e-7, 0.0)] == [
        "0.614",
        "−0.0003",
        "3e-07",
        "0.000",
    ]


def test_a_share_of_a_score_of_zero_is_a_dash():
    assert numbers.percent(float("nan")) == "–"
    assert numbers.percent(-0.017) == "−2\u202f%"


def test_direction_is_that_of_the_first_letter():
    assert direction("123 שלום") == "rtl"
    assert direction("... abc שלום") == "ltr"
    assert direction("🐶 !") == "ltr"


def test_widths_know_wide_and_combining_characters():
    assert width("狗", 10) > width("d", 10)
    assert width("e\u0301", 10) == width("e", 10)
    assert shorten("a" * 40, 8).endswith("…")
    assert width(shorten("狗" * 40, 8), 1) <= 8


# The picture


def test_rows_are_text_then_special_tokens_and_keep_every_effect():
    shown = by_word()
    picture = draw(shown)
    special = [heading.special for heading in picture.rows]
    assert special == sorted(special)
    assert picture.values.sum() == pytest.approx(shown.matrix.sum(dtype=float))
    order = [i for i, t in enumerate(shown.tokens_a) if not t.special]
    order += [i for i, t in enumerate(shown.tokens_a) if t.special]
    assert [h.total for h in picture.rows] == pytest.approx(shown.matrix.sum(axis=1)[order])


def test_a_sentence_is_written_as_it_was_given():
    sentence = draw(by_word()).sentences[0]
    written = "".join(mark.lead + mark.text for mark in sentence.marks) + sentence.tail
    assert written == "[CLS] The dog runs after the kitten in the yard. [SEP]"


def test_text_that_no_token_covers_is_still_written():
    tokens = (Token("b", 3, 4), Token("d", 6, 7))
    sentence = draw(pair("aa b cd e", "aa b cd e", tokens=tokens)).sentences[0]
    assert [mark.text for mark in sentence.marks] == ["b", "d"]
    assert "".join(mark.lead + mark.text for mark in sentence.marks) + sentence.tail == "aa b cd e"


def test_the_ledger_of_a_picture_adds_up():
    picture = draw(by_word())
    assert sum(value for _, value in picture.terms) == pytest.approx(picture.score, abs=1e-6)
    assert picture.ledger().startswith("similarity ")


def test_cells_within_their_error_are_marked_and_never_strong():
    shown = by_word(cell_error=0.01, standard_error=None)
    picture = draw(shown)
    expected = np.abs(picture.values) <= 0.01
    assert np.array_equal(picture.uncertain, expected)
    for row, column in np.argwhere(expected):
        assert picture.number(row, column)[:1] in ("", "~")
        assert not picture.strong(row, column)


def test_two_standard_errors_mark_a_cell_where_they_are_larger():
    error = np.full(by_word().matrix.shape, 0.008, dtype=np.float32)
    picture = draw(by_word(cell_error=0.001, standard_error=error))
    assert np.array_equal(picture.uncertain, np.abs(picture.values) <= 2 * np.float32(0.008))


def test_long_texts_are_shown_by_word_and_say_so():
    tokens = pair("splitting " * 25, "splitting " * 25, width=3)
    picture = draw(tokens)
    assert picture.values.shape == (27, 27)
    assert "Shown by word: the texts have 77 and 77 tokens. Every sum is exact." in picture.notes
    assert picture.values.sum() == pytest.approx(tokens.matrix.sum(dtype=float), abs=1e-5)


def test_longer_texts_show_the_strongest_rows_and_sum_the_rest():
    shown = long_pair(90)
    picture = draw(shown)
    assert picture.values.shape == (51, 51)
    assert "(42 more)" in [heading.text for heading in picture.rows]
    assert any("48 strongest rows and columns" in note for note in picture.notes)
    assert picture.values.sum() == pytest.approx(shown.matrix.sum(dtype=float), abs=1e-5)


def test_what_a_reader_must_know_is_said():
    notes = draw(
        by_word(
            message="Raise max_steps.",
            truncation_b=Truncation(characters=312, tokens=70),
            base=9.0,
        )
    ).notes
    assert notes[0] == "Raise max_steps."
    assert any('baseline="corpus"' in note for note in notes)
    assert notes[-1] == (
        "Text B was cut: its last 70 tokens (312 characters) do not fit into the model."
    )


def test_a_folded_result_has_no_reference_terms():
    assert [name for name, _ in draw(pair().fold()).terms] == ["pairs", "residual"]


# HTML


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


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium")
def test_hostile_text_runs_nothing_in_a_real_browser(tmp_path):
    page = to_html(hostile_pair(), title="untouched")
    unguarded = re.sub(r"<meta http-equiv[^>]*>", "", page)
    (tmp_path / "page.html").write_text(unguarded, "utf-8")
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    seen = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
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


# SVG and PNG


@pytest.mark.parametrize(
    "shown", [by_word(), hostile_pair(), long_pair(60), pair("כלב רץ", "小狗。")], ids=str
)
def test_an_svg_is_valid_xml_with_every_number_and_nothing_outside(shown):
    svg = to_svg(shown)
    root = parsed(svg)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "line", "text"}
    assert "href" not in svg
    texts = [element.text or "" for element in root.iter()]
    picture = draw(shown)
    rows, columns = picture.values.shape
    for row in range(rows):
        for column in range(columns):
            assert picture.number(row, column) in texts
    assert picture.ledger() in texts


def test_everything_in_an_svg_lies_inside_it():
    root = parsed(to_svg(by_word()))
    size = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        if "x" in element.attrib:
            assert 0 <= float(element.attrib["x"]) <= size[0]
            assert 0 <= float(element.attrib["y"]) <= size[1]


needs_png = pytest.mark.skipif(
    importlib.util.find_spec("resvg_py") is None, reason="resvg_py is not installed"
)


@needs_png
def test_a_png_is_the_svg_at_a_scale():
    if png.obstacle():
        pytest.skip(png.obstacle())
    data = png.to_png(by_word(), scale=1)
    root = parsed(to_svg(by_word()))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(data[16:20], "big") == int(root.attrib["width"])
    assert int.from_bytes(data[20:24], "big") == int(root.attrib["height"])


def test_a_png_without_its_package_says_what_to_install(monkeypatch):
    png.obstacle.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    try:
        with pytest.raises(InvalidArgumentError, match=r"pip install 'siamviz\[png\]'"):
            png.to_png(by_word())
        assert "image/png" not in mimebundle(by_word())
    finally:
        png.obstacle.cache_clear()


@needs_png
def test_a_machine_without_fonts_gets_no_png_rather_than_one_without_text(monkeypatch):
    png.obstacle.cache_clear()
    monkeypatch.setattr(png, "_draw", lambda svg, scale: b"blank")
    try:
        assert "font" in png.obstacle()
    finally:
        png.obstacle.cache_clear()


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_a_scale_must_be_positive(scale):
    with pytest.raises(InvalidArgumentError, match="Scale must be greater than 0"):
        png.to_png(by_word(), scale)


# Notebook


def test_a_notebook_gets_text_html_and_a_picture():
    bundle = mimebundle(by_word())
    assert bundle["text/html"] == to_html(by_word(), page=False)
    assert set(bundle) <= {"text/plain", "text/html", "image/png"}
    if not png.obstacle():
        assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_notebook_gets_only_what_it_asks_for():
    assert set(mimebundle(by_word(), include=["text/plain"])) == {"text/plain"}
    assert "text/html" not in mimebundle(by_word(), exclude={"text/html", "image/png"})
    assert mimebundle(by_word(), include=["text/html"], exclude=["text/html"]) == {}


def test_a_notebook_of_hostile_text_can_be_saved():
    bundle = mimebundle(hostile_pair(), exclude=["image/png"])
    json.dumps(bundle, ensure_ascii=False).encode("utf-8")
    assert "\x1b" not in bundle["text/plain"]


@pytest.mark.parametrize("sanitize", [False, True])
def test_nbconvert_keeps_every_word_of_the_fragment(sanitize):
    """Sanitizing, nbconvert adds a body to every table and then escapes the body's own tags."""
    bundle = mimebundle(by_word(), include=["text/html"])
    output = nbformat.v4.new_output("display_data", data=bundle)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    document, _ = HTMLExporter(sanitize_html=sanitize).from_notebook_node(notebook)
    start = document.index('data-mime-type="text/html"')
    shown = document[document.index(">", start) + 1 :]
    words = Page(bundle["text/html"]).text.split()
    text = unescape(re.sub(r"<[^>]*>|&lt;/?tbody&gt;", "", shown))
    assert " ".join(words) in " ".join(text.split())


# Terminal


def test_plain_output_has_no_escape_codes_and_says_everything():
    shown = by_word(cell_error=0.004)
    picture = draw(shown)
    text = terminal_text(shown, columns=200)
    assert "\x1b" not in text
    for said in (picture.ledger(), picture.certificate, "Pairs by effect", picture.legend()):
        assert said in text
    rows, columns = picture.values.shape
    for row in range(rows):
        for column in range(columns):
            assert picture.number(row, column) in text


def test_no_color_means_no_escape_codes_even_in_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in terminal_text(by_word(), force_terminal=True)


def test_a_terminal_gets_colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = terminal_text(by_word(), force_terminal=True, color_system="truecolor")
    assert "\x1b[" in text
    assert "48;2;" in text


def test_hostile_text_cannot_command_a_terminal():
    text = terminal_text(hostile_pair(), columns=160)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "[red]markup[/red] :smile:" in text
    text.encode("utf-8")


def test_hostile_text_adds_only_richs_own_codes_to_a_coloured_terminal():
    text = terminal_text(hostile_pair(), force_terminal=True, color_system="truecolor")
    assert re.sub(r"\x1b\[[\d;]*m", "", text).count("\x1b") == 0
    assert "\x1b[31m" not in text


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
def test_the_matrix_fits_the_terminal_and_loses_no_column(columns):
    from rich.cells import cell_len

    shown = pair("小狗在院子里 runs after the kitten", "Outside in the garden").by("word")
    text = terminal_text(shown, columns)
    assert max(map(cell_len, text.splitlines())) <= columns
    picture = draw(shown)
    for row, heading in enumerate(picture.rows):
        for column in range(len(picture.columns)):
            assert picture.number(row, column) in text, heading


def test_columns_of_wide_characters_stay_aligned():
    from rich.cells import cell_len

    shown = pair("小狗 在院子 里", "a b").by("word")
    lines = terminal_text(shown, 100).splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("sum"))
    rows = lines[start + 1 : start + 1 + len(shown.tokens_a)]
    total = [row for row in rows if row.strip()]
    ends = {cell_len(row) for row in total if re.search(r"\.\d+$", row)}
    assert ends == {cell_len(lines[start])}


# Files


def test_each_suffix_writes_its_format(tmp_path):
    shown = by_word()
    for suffix in (".html", ".svg", ".json", ".csv"):
        save.save(shown, tmp_path / f"x{suffix}")
    assert (tmp_path / "x.html").read_text("utf-8") == to_html(shown)
    assert (tmp_path / "x.svg").read_text("utf-8") == to_svg(shown)
    restored = PairAttribution.from_dict(json.loads((tmp_path / "x.json").read_text("utf-8")))
    assert np.array_equal(restored.matrix, shown.matrix)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.csv", "x.html", "x.json", "x.svg"]


def test_a_csv_restores_every_number_exactly(tmp_path):
    shown = pair(coarse=True, draws=3, dtype=np.float32)
    save.save(shown, str(tmp_path / "x.CSV"))
    with (tmp_path / "x.CSV").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    effects = np.array([row["effect"] for row in rows], dtype=shown.matrix.dtype)
    errors = np.array([row["standard_error"] for row in rows], dtype=shown.matrix.dtype)
    assert np.array_equal(effects.reshape(shown.matrix.shape), shown.matrix)
    assert np.array_equal(errors.reshape(shown.matrix.shape), shown.standard_error)
    assert [row["start_a"] for row in rows[:1]] == [""]
    assert rows[0]["special"] == "True"


def test_csv_text_is_inert():
    for cell in csv.reader(io.StringIO(save.to_csv(hostile_pair()))):
        for text in cell[:2]:
            assert text[:1] not in "=+-@\t\r" or not text
    assert save.inert("  =1+1") == "'  =1+1"
    assert save.inert("kitten") == "kitten"
    save.to_csv(hostile_pair()).encode("utf-8")


def test_an_unknown_suffix_lists_the_known_ones(tmp_path):
    message = r"the suffix '\.pdf' is not known. Use one of \.html, \.svg, \.png, \.json, \.csv\."
    with pytest.raises(InvalidArgumentError, match=message):
        save.save(by_word(), tmp_path / "x.pdf")


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"nowhere' does not exist\. Create it first\."):
        save.save(by_word(), tmp_path / "nowhere" / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "x.svg"
    target.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(save.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save.save(by_word(), target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
