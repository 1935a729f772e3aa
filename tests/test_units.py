from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uniseg.sentencebreak import sentences
from uniseg.wordbreak import words

from siamviz.contributions import Token
from siamviz.errors import ArgumentTypeError, InvalidArgumentError
from siamviz.units import group, membership, pair_units, sentence_spans, word_spans
from tests.builders import tokenize

# Characters on which the boundary rules turn: letters, digits, quotes, joiners, flags, spaces.
LETTERS = st.sampled_from("aZI09_.,;:'\"!?- \t\n\r()\x00\x0b\x1cé\u0301\u200d👩狗ภアא🇩/@")


def texts_of(units: tuple) -> list[str]:
    return [unit.token.text for unit in units]


def uax29(pieces: list[str]) -> list[str]:
    return [piece.strip() for piece in pieces if piece.strip()]


def test_tokens_of_one_word_become_one_unit_and_marks_stay_apart() -> None:
    text = "The kittens can't sleep."
    units = group(text, tokenize(text), "word")
    assert texts_of(units) == ["[CLS]", "The", "kittens", "can't", "sleep", ".", "[SEP]"]
    assert [unit.indices for unit in units] == [
        (0,),
        (1,),
        (2, 3),
        (4, 5, 6),
        (7, 8),
        (9,),
        (10,),
    ]
    assert units[2].token == Token("kittens", 4, 11)


def test_special_and_prompt_tokens_stay_apart_and_in_order() -> None:
    tokens = (
        Token("[CLS]", role="special"),
        Token("query", role="prompt"),
        Token(":", role="prompt"),
        Token("do", 0, 2),
        Token("gs", 2, 4),
        Token("[SEP]", role="special"),
    )
    for unit in ("word", "sentence"):
        units = group("dogs", tokens, unit)
        assert texts_of(units) == ["[CLS]", "query", ":", "dogs", "[SEP]"]
        assert [u.token.role for u in units] == ["special", "prompt", "prompt", "text", "special"]


def test_a_text_token_that_covers_nothing_stays_a_unit_of_its_own() -> None:
    tokens = (Token("▁", 0, 0), Token("dogs", 0, 4), Token("</s>"))
    units = group("dogs", tokens, "word")
    assert [unit.indices for unit in units] == [(0,), (1,), (2,)]
    assert units[0].token == tokens[0]


def test_a_token_over_several_words_makes_them_one_unit() -> None:
    text = "狗在跑"
    assert texts_of(group(text, (Token("狗在", 0, 2), Token("跑", 2, 3)), "word")) == ["狗在", "跑"]
    thai = "ภาษาไทย"
    units = group(thai, (Token("ภาษา", 0, 4), Token("ไทย", 4, 7)), "word")
    assert texts_of(units) == ["ภาษา", "ไทย"]


@pytest.mark.parametrize("emoji", ["🐕", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301"])
def test_byte_level_tokens_of_one_emoji_are_one_unit(emoji: str) -> None:
    text = f"a {emoji} b"
    end = 2 + len(emoji)
    pieces = [Token(emoji, 2, end)] * 3 if len(emoji) == 1 else []
    pieces += [Token(text[i], i, i + 1) for i in range(2, end)] if len(emoji) > 1 else []
    units = group(text, (Token("a", 0, 1), *pieces, Token("b", end + 1, end + 2)), "word")
    assert texts_of(units) == ["a", emoji, "b"]


def test_white_space_around_a_token_is_not_part_of_its_unit() -> None:
    text = "the  dog"
    tokens = (Token("the", 0, 3), Token(" ", 3, 4), Token(" dog", 4, 8))
    units = group(text, tokens, "word")
    assert [(u.token.text, u.token.start, u.token.end) for u in units] == [
        ("the", 0, 3),
        (" ", 3, 4),
        ("dog", 5, 8),
    ]


def test_tokens_of_one_sentence_become_one_unit() -> None:
    text = "Mr. Smith runs. Dogs sleep, e.g. mine!  So do I. J. Doe does not."
    units = group(text, tokenize(text), "sentence")
    assert texts_of(units) == [
        "[CLS]",
        "Mr. Smith runs.",
        "Dogs sleep, e.g. mine!",
        "So do I.",
        "J. Doe does not.",
        "[SEP]",
    ]


@pytest.mark.parametrize("abbreviation", ["Mr", "Dr", "vs", "e.g", "i.e", "W"])
def test_no_sentence_ends_after_an_abbreviation(abbreviation: str) -> None:
    text = f"We saw {abbreviation}. Smith. He slept."
    assert [text[a:b] for a, b in sentence_spans(text)] == [text[:-10], "He slept."]


def test_an_abbreviation_is_a_whole_word_and_a_new_line_ends_it() -> None:
    assert len(sentence_spans("It is a firMr. Smith left.")) == 2
    assert len(sentence_spans("Mr.\nSmith left.")) == 2
    assert len(sentence_spans("So did I. Then we left.")) == 2


@given(st.text(LETTERS, max_size=14))
def test_words_have_the_boundaries_of_uax_29(text: str) -> None:
    assert [text[a:b] for a, b in word_spans(text)] == uax29(list(words(text)))


@given(st.text(st.sampled_from("abC1é.!? \n\r(,。"), max_size=10))
def test_sentences_have_the_boundaries_of_uax_29(text: str) -> None:
    found = [text[a:b] for a, b in sentence_spans(text)]
    expected = uax29(list(sentences(text)))
    if not any(piece.endswith("C.") for piece in expected):  # a capital letter: an initial
        assert found == expected


@given(st.text(LETTERS, max_size=12), st.data())
def test_every_token_is_in_exactly_one_unit(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6))
    borders = sorted({0, len(text), *cuts})
    tokens = [Token(text[a:b], a, b) for a, b in pairwise(borders)]
    tokens += [Token("[SEP]", role="special")]
    for unit in ("token", "word", "sentence"):
        units = group(text, tokens, unit)
        sums = membership(units, len(tokens))
        assert (sums.sum(axis=0) == 1).all()
        assert [u.indices[0] for u in units] == sorted(u.indices[0] for u in units)
        for u in units:
            if u.token.start is not None:
                assert u.token.text == text[u.token.start : u.token.end]


def test_membership_sums_tokens_into_units() -> None:
    units = group("ab cd", (Token("a", 0, 1), Token("b", 1, 2), Token("cd", 3, 5)), "word")
    np.testing.assert_array_equal(membership(units, 3), [[1, 1, 0], [0, 0, 1]])


def test_spans_group_their_tokens_and_leave_the_rest() -> None:
    text = "The dog runs away."
    units = group(text, tokenize(text), [(8, 17), (0, 3)])
    assert texts_of(units) == ["[CLS]", "The", "dog", "runs away", ".", "[SEP]"]
    assert units[3].token == Token("runs away", 8, 17)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(3, 3)], "The span (3, 3) is empty. Its end must be greater than its start."),
        ([(0, 99)], "The span (0, 99) leaves the text, which has 8 characters. "),
        ([(-2, 3)], "The span (-2, 3) leaves the text, which has 8 characters. "),
        ([(4, 8), (0, 5)], "The spans (0, 5) and (4, 8) overlap."),
        ([(0, 2)], "The span (0, 2) would split the token 'the' at (0, 3), and a token cannot be"),
        ([(0, 2)], "Use (0, 3) instead."),
        ([(3, 4)], "The span (3, 4) covers no token of the text: ' '."),
    ],
)
def test_a_span_that_does_not_fit_is_named(spans: list, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        group("the dogs", tokenize("the dogs"), spans)
    assert message in str(error.value)


@pytest.mark.parametrize("spans", [[(0, 1.5)], [(0,)], [3], [(True, 3)], ["ab"]])
def test_a_span_that_is_no_pair_of_whole_numbers_is_a_type_error(spans: list) -> None:
    with pytest.raises(ArgumentTypeError, match=r"pair of whole numbers \(start, end\), not "):
        group("the dogs", tokenize("the dogs"), spans)


def test_a_unit_of_another_type_is_a_type_error() -> None:
    with pytest.raises(ArgumentTypeError, match="character spans, not int"):
        group("the dogs", tokenize("the dogs"), 3)


def test_an_unknown_unit_suggests_the_nearest() -> None:
    with pytest.raises(InvalidArgumentError) as error:
        group("the dogs", tokenize("the dogs"), "words")
    assert str(error.value) == (
        "Unit 'words' is not known. Use one of 'token', 'word', 'sentence'. Did you mean 'word'?"
    )


def test_words_without_character_offsets_are_refused() -> None:
    with pytest.raises(InvalidArgumentError) as error:
        group("the dogs", (Token("the"), Token("dogs")), "word")
    assert "needs character offsets, which this tokenizer does not give" in str(error.value)
    assert "Use unit='token'" in str(error.value)


@pytest.mark.parametrize(
    ("current", "unit", "spans_b", "message"),
    [
        ("word", "token", None, "A result by 'word' cannot be regrouped by 'token'."),
        ("sentence", "word", None, "A result by 'sentence' cannot be regrouped by 'word'."),
        ("token", [(0, 1)], None, "Spans were given for A only."),
        ("token", "word", [(0, 1)], "by('word', spans) mixes a named unit with spans."),
    ],
)
def test_units_of_a_pair_are_checked(
    current: str, unit: object, spans_b: list | None, message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        pair_units(current, unit, spans_b)
    assert message in str(error.value)
