"""What a notebook shows and stores."""

from __future__ import annotations

import base64
import json
import re
from html import unescape

import nbformat
import pytest
from export_cases import Page, by_word, hostile_pair
from IPython.lib.pretty import pretty
from nbconvert import HTMLExporter

from siamviz.comparison import BaselineRow, Table
from siamviz.export import png
from siamviz.export.html import to_html
from siamviz.export.notebook import mimebundle


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


def test_tables_and_ledgers_read_well_in_a_notebook():
    row = BaselineRow("<b>mine</b>", by_word().ledger, share=0.4, steps=12)
    shown = Page(Table((row, BaselineRow("unk", error="no token")))._repr_html_())
    assert set(shown.tags) == {"table", "tr", "td"}
    assert "<b>mine</b>" in shown.text
    assert "no token" in shown.text
    assert pretty(Table((row,))).splitlines()[0].split()[:2] == ["baseline", "share"]
    assert pretty(row.ledger) == str(row.ledger)
