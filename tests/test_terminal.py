"""The picture in a terminal."""

from __future__ import annotations

import io
import re

import pytest
from builders import pair
from export_cases import by_word, hostile_pair
from rich.cells import cell_len
from rich.console import Console

from siamviz.attribution import PairAttribution
from siamviz.export.compose import draw
from siamviz.export.terminal import render


def terminal_text(shown: PairAttribution, columns: int = 100, **options) -> str:
    sink = io.StringIO()
    render(shown, Console(file=sink, width=columns, **options))
    return sink.getvalue()


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
    shown = pair("小狗在院子里 runs after the kitten", "Outside in the garden").by("word")
    text = terminal_text(shown, columns)
    assert max(map(cell_len, text.splitlines())) <= columns
    picture = draw(shown)
    for row, heading in enumerate(picture.rows):
        for column in range(len(picture.columns)):
            assert picture.number(row, column) in text, heading


def test_columns_of_wide_characters_stay_aligned():
    shown = pair("小狗 在院子 里", "a b").by("word")
    lines = terminal_text(shown, 100).splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("sum"))
    rows = lines[start + 1 : start + 1 + len(shown.tokens_a)]
    total = [row for row in rows if row.strip()]
    ends = {cell_len(row) for row in total if re.search(r"\.\d+$", row)}
    assert ends == {cell_len(lines[start])}
