"""What every picture shows: its numbers, rows, columns, sentences and notes."""

from __future__ import annotations

import numpy as np
import pytest
from builders import pair
from export_cases import by_word, long_pair

from siamviz.contributions import Token, Truncation
from siamviz.export import numbers
from siamviz.export.compose import draw
from siamviz.export.measure import direction, shorten, width

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
