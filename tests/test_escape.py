"""Escaping: token text is shown and never acts."""

from __future__ import annotations

import json
import re

import pytest
from export_cases import HOSTILE, parsed
from hypothesis import given
from hypothesis import strategies as st

from siamviz.export.escape import escape, json_for_script, label, visible

ACTIVE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@given(st.text(st.characters()))
def test_escaped_text_is_xml_and_utf8_and_has_no_active_character(text):
    escaped = escape(text)
    element = parsed(f"<t a='{escaped}'>{escaped}</t>")
    assert not ACTIVE.search(escaped)
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
