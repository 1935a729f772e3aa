"""Dataset runs on the real MiniLM: what is stored, resumed, asked and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from six_pairs import PAIRS, QUICK

import siamviz
from siamviz.errors import CancelledError, DataError, InvalidArgumentError
from siamviz.files import ASIDE
from siamviz.study import stages
from siamviz.study.analysis import analyze
from siamviz.study.progress import Note, Step
from siamviz.study.run import Run
from siamviz.study.store import lock


@pytest.fixture(scope="module")
def run(explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return analyze(PAIRS, model=explainer, out=tmp_path_factory.mktemp("run"), **QUICK)


def rows_of(folder: Path, table: str = "pairs") -> pd.DataFrame:
    parts = sorted((folder / table).glob("*.parquet"))
    return pd.concat([pq.read_table(part).to_pandas() for part in parts], ignore_index=True)


# What is stored


def test_every_record_is_exactly_one_row_whatever_is_wrong_with_it(
    explainer: siamviz.Explainer, tmp_path: Path
):
    bad = pd.DataFrame(
        {
            "a": ["Good.", None, "Fine.", "  "],
            "b": ["Well.", "x", "Bad.", "y"],
            "gold": [1, 1, "?", 1],
        }
    )
    run = analyze(bad, model=explainer, out=tmp_path / "run", text_a="a", text_b="b", **QUICK)
    found = rows_of(tmp_path / "run")
    assert found["row"].tolist() == [0, 1, 2, 3]
    assert found["pair_id"].is_unique
    assert found["status"].tolist() == ["ok", "unusable", "unusable", "unusable"]
    assert found["error"][1] == "text A ('a') is missing"
    assert found["error"][2] == "gold ('gold') is no number: '?'"
    assert run.counts() == {
        "pairs": 4, "scored": 1, "unusable": 3, "failed": 0, "attributed": 1, "texts": 2,
    }  # fmt: skip


def test_equal_records_are_pairs_of_their_own(run: Run):
    frame = run.pairs().to_frame()
    twins = frame[frame["text_a"] == "A man is not happy."]
    assert len(twins) == 2
    assert twins["pair_id"].nunique() == 2
    assert twins["a"].nunique() == 1


def test_a_text_in_several_pairs_is_computed_once(run: Run):
    texts = set(PAIRS["sentence1"]) | set(PAIRS["sentence2"])
    assert run.counts()["texts"] == len(texts)


def test_scores_are_those_of_the_model(run: Run, explainer: siamviz.Explainer):
    a = explainer.model.encode(list(PAIRS["sentence1"]))
    b = explainer.model.encode(list(PAIRS["sentence2"]))
    known = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    frame = run.pairs().to_frame()
    np.testing.assert_allclose(frame["score"], known, atol=1e-6)
    np.testing.assert_allclose(frame["difference"], known - PAIRS["gold"], atol=1e-6)


def test_metadata_keep_their_names_and_get_their_types(run: Run):
    frame = run.pairs("year = 2014").to_frame()
    assert frame["genre"].tolist() == ["place", "price"]
    assert frame["year"].dtype.kind == "i"


def test_names_of_things_that_look_like_numbers_stay_names(
    explainer: siamviz.Explainer, tmp_path: Path
):
    frame = PAIRS[["sentence1", "sentence2"]].assign(code=["007", "1", "2", "3", "4", "5"], score=1)
    run = analyze(frame, model=explainer, out=tmp_path, attribute="none", **QUICK)
    found = run.pairs().to_frame()
    assert found["code"][0] == "007"
    assert run.metadata == ("code",)


def test_a_column_with_a_name_of_the_table_is_kept_under_another(
    explainer: siamviz.Explainer, tmp_path: Path
):
    frame = PAIRS[["sentence1", "sentence2", "gold"]].assign(status="draft", Row=range(6))
    run = analyze(frame, model=explainer, out=tmp_path, attribute="none", **QUICK)
    assert run.metadata == ("meta_status", "meta_Row")
    assert run.pairs("meta_status = 'draft' and meta_Row > 3").to_frame()["row"].tolist() == [4, 5]


# The numbers


def test_a_stored_pair_is_what_the_explainer_gives(run: Run, explainer: siamviz.Explainer):
    for row in (0, 3):
        known = explainer.explain(
            PAIRS["sentence1"][row], PAIRS["sentence2"][row], **run.settings.pair_options()
        )
        stored = run.pair(row)
        np.testing.assert_allclose(stored.matrix, known.matrix, atol=1e-6)
        np.testing.assert_allclose(stored.fold().matrix, known.fold().matrix, atol=1e-6)
        assert stored.tokens_a == known.tokens_a
        assert stored.ledger.base == pytest.approx(known.ledger.base, abs=1e-6)
        assert stored.cell_error == pytest.approx(known.cell_error, rel=0.02)
        assert stored.relative_residual == pytest.approx(known.relative_residual, rel=1e-3)
        assert stored.settings == known.settings


def test_the_ledger_of_every_row_adds_up_to_its_score(run: Run):
    frame = run.sql("SELECT * FROM attributions ORDER BY row")
    terms = frame[["base", "tokens_a", "tokens_b", "pairs", "residual"]].sum(axis=1)
    np.testing.assert_allclose(terms, frame["score"], atol=1e-5)
    for row in frame["row"]:
        pair = run.pair(int(row))
        assert frame["pairs"][row] == pytest.approx(float(pair.matrix.sum()), abs=1e-5)
        assert frame["cell_error"][row] == pytest.approx(pair.cell_error, rel=1e-5)
        assert frame["relative_residual"][row] == pytest.approx(pair.relative_residual)
        assert frame["negative"][row] == pytest.approx(float((pair.matrix < 0).mean()))


def test_word_pairs_are_the_cells_of_the_matrix_by_words(run: Run):
    for row in range(len(PAIRS)):
        pair = run.pair(row).by("word")
        words = run.sql("SELECT * FROM word_pairs WHERE row = ? ORDER BY i, j", [row])
        own_a = [i for i, token in enumerate(pair.tokens_a) if not token.special]
        own_b = [j for j, token in enumerate(pair.tokens_b) if not token.special]
        known = pair.matrix[np.ix_(own_a, own_b)]
        np.testing.assert_allclose(words["effect"], known.ravel(), atol=1e-6)
        assert len(words) == len(own_a) * len(own_b)
        for _, word in words.iterrows():
            texts = {
                pair.tokens_a[own_a[word["i"]]].text.casefold(),
                pair.tokens_b[own_b[word["j"]]].text.casefold(),
            }
            assert texts == {word["a"], word["b"]}
            assert word["a"] <= word["b"]


def test_word_pairs_and_special_tokens_share_the_sum_of_all_pairs(run: Run):
    words = run.sql("SELECT row, sum(effect) AS words FROM word_pairs GROUP BY row ORDER BY row")
    frame = run.sql("SELECT pairs, special FROM attributions ORDER BY row")
    np.testing.assert_allclose(words["words"], frame["pairs"] - frame["special"], atol=1e-5)


def test_total_stands_once_for_each_kind_of_word_pair_in_a_pair_of_texts(
    explainer: siamviz.Explainer, tmp_path: Path
):
    frame = pd.DataFrame({"a": ["the dog and the cat"], "b": ["the dog"], "gold": [0.5]})
    run = analyze(frame, model=explainer, out=tmp_path, text_a="a", text_b="b", **QUICK)
    found = run.sql("SELECT * FROM word_pairs")
    sums = found.groupby(["a", "b"])["effect"].sum()
    told = found.dropna(subset="total").set_index(["a", "b"])["total"]
    assert len(told) == len(sums)
    np.testing.assert_allclose(told.sort_index(), sums.sort_index(), rtol=1e-5)
    assert ("dog", "the") in sums.index


def test_top_share_adds_up_the_strongest_effects(run: Run):
    known = []
    for row in range(len(PAIRS)):
        effects = np.sort(run.pair(row).matrix, axis=None)[::-1].astype(np.float64)
        count = max(1, round(0.1 * effects.size))
        known.append((effects[:count].sum(), effects.sum()))
    frame = run.top_share().set_index("percent")
    top, whole = np.sum(known, axis=0)
    assert frame["of_pairs"][10] == pytest.approx(top / whole, abs=1e-4)
    assert frame["of_pairs"][100] == pytest.approx(1.0)
    assert frame["of_pairs_low"][10] < frame["of_pairs"][10] < frame["of_pairs_high"][10]


def test_harm_is_how_much_the_squared_error_would_fall_without_the_words(run: Run):
    frame = run.word_pairs(least=1, limit=None).set_index(["a", "b"])
    found = []
    for row in (0, 5):
        words = run.sql(
            "SELECT * FROM word_pairs WHERE row = ? AND a = 'happy' AND b = 'not'", [row]
        )
        error = run.pairs(f"row = {row}").to_frame()["difference"][0]
        found.append(error**2 - (error - words["effect"].sum()) ** 2)
    assert frame["n"]["happy", "not"] == 2
    assert frame["harm"]["happy", "not"] == pytest.approx(np.mean(found), rel=1e-4)


# Resuming


def test_the_same_call_again_computes_nothing(run: Run, explainer: siamviz.Explainer):
    before = {file: file.stat().st_mtime_ns for file in run.folder.rglob("part-*")}
    told: list[object] = []
    analyze(PAIRS, model=explainer, out=run.folder, steps=3, progress=told.append)
    assert {file: file.stat().st_mtime_ns for file in run.folder.rglob("part-*")} == before
    assert not [one for one in told if isinstance(one, Step)]


def test_lost_and_broken_parts_are_made_again(
    explainer: siamviz.Explainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stages, "TEXTS_A_PART", 3)
    run = analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)
    known = rows_of(tmp_path, "word_pairs").sort_values(["row", "i", "j"], ignore_index=True)
    (tmp_path / "texts" / "part-00001.arrow").write_bytes(b"half a file")
    (tmp_path / "attributions" / "part-00000.parquet").unlink()
    (tmp_path / "pairs" / "part-00000.parquet").write_bytes(b"")
    (tmp_path / "texts" / f"{ASIDE}left").write_bytes(b"left by a killed process")
    told: list[object] = []
    again = analyze(PAIRS, model=explainer, out=tmp_path, steps=3, progress=told.append)
    notes = [one.text for one in told if isinstance(one, Note)]
    assert sum("could not be read" in note for note in notes) == 2
    assert again.counts() == run.counts()
    found = rows_of(tmp_path, "word_pairs").sort_values(["row", "i", "j"], ignore_index=True)
    pd.testing.assert_frame_equal(found, known, rtol=1e-5)
    assert not list(tmp_path.rglob(f"{ASIDE}*"))


def test_cancelling_keeps_what_is_finished(explainer: siamviz.Explainer, tmp_path: Path):
    calls: list[Step] = []

    def stop() -> bool:
        return any(step.stage == "attributions" for step in calls)

    def listen(told: object) -> None:
        if isinstance(told, Step):
            calls.append(told)

    with pytest.raises(CancelledError, match=r"The run was stopped\. What is finished is kept in"):
        analyze(PAIRS, model=explainer, out=tmp_path, steps=3, progress=listen, cancel=stop)
    assert len(rows_of(tmp_path)) == len(PAIRS)
    run = analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)
    assert run.counts()["attributed"] == len(PAIRS)


def test_other_settings_make_another_run_and_the_former_comes_back(
    explainer: siamviz.Explainer, tmp_path: Path
):
    first = analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)
    first.tag(0, "negation")
    parts = {file.name for file in (tmp_path / "pairs").iterdir()}
    second = analyze(PAIRS, model=explainer, out=tmp_path, layer=3, **QUICK)
    assert second.settings.layer == 3
    assert second.tags().empty
    assert len(rows_of(tmp_path)) == len(PAIRS)
    assert len(list((tmp_path / "earlier").iterdir())) == 1
    told: list[object] = []
    third = analyze(PAIRS, model=explainer, out=tmp_path, steps=3, progress=told.append)
    assert not [one for one in told if isinstance(one, Step)]
    assert third.settings == first.settings
    assert third.tags()["tag"].tolist() == ["negation"]
    assert {file.name for file in (tmp_path / "pairs").iterdir()} == parts


def test_a_move_that_was_interrupted_is_finished(explainer: siamviz.Explainer, tmp_path: Path):
    first = analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)
    fingerprint = json.loads((tmp_path / "manifest.json").read_text())["fingerprint"]
    moving = tmp_path / "earlier" / f"{fingerprint}.moving"
    moving.mkdir(parents=True)
    (tmp_path / "manifest.json").rename(moving / "manifest.json")
    (tmp_path / "texts").rename(moving / "texts")
    again = analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)
    assert again.counts() == first.counts()
    assert len(rows_of(tmp_path)) == len(PAIRS)


def test_a_second_process_is_refused_while_the_first_lives(
    explainer: siamviz.Explainer, tmp_path: Path
):
    with lock(tmp_path), pytest.raises(DataError, match="Another process is working on"):
        analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)


def test_a_folder_with_tables_of_unknown_settings_is_refused(
    explainer: siamviz.Explainer, tmp_path: Path
):
    (tmp_path / "pairs").mkdir()
    with pytest.raises(DataError, match=r"holds pairs/ but no manifest\.json"):
        analyze(PAIRS, model=explainer, out=tmp_path, **QUICK)


# Picking


def test_only_the_largest_errors_and_a_control_sample_are_attributed(
    explainer: siamviz.Explainer, tmp_path: Path
):
    run = analyze(
        PAIRS, model=explainer, out=tmp_path, attribute="errors", limit=2, control=1, **QUICK
    )
    frame = run.pairs().to_frame()
    worst = frame["difference"].abs().sort_values(ascending=False, kind="stable").index[:2]
    found = run.sql("SELECT row, picked FROM attributions ORDER BY row").set_index("row")["picked"]
    assert set(found[found == "errors"].index) == set(worst)
    assert (found == "control").sum() == 1
    assert run.counts()["scored"] == len(PAIRS)
    more = analyze(PAIRS, model=explainer, out=tmp_path, attribute="year = 2012", **QUICK)
    rows = more.sql("SELECT row FROM attributions")["row"]
    assert rows.is_unique
    assert {0, 2, 5} <= set(rows)


def test_a_pair_that_was_not_picked_is_computed_on_demand(
    explainer: siamviz.Explainer, tmp_path: Path
):
    run = analyze(PAIRS, model=explainer, out=tmp_path, attribute="none", **QUICK)
    assert run.counts()["attributed"] == 0
    pair = run.pair(2)
    assert pair.text_a == "She sleeps."
    assert pair.settings.rule == "calibrated(3)"
    assert run.pair(2) is pair
    run.attribute("row < 2", progress=False)
    assert run.sql("SELECT row FROM attributions ORDER BY row")["row"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attribute": "gold <"}, "'gold <' is no SQL condition over the pairs"),
        ({"attribute": " "}, "attribute must be 'all', 'none', 'errors' or an SQL condition"),
        ({"limit": 0}, "limit must be a whole number of at least 1, got 0"),
        ({"control": -1}, "control must be a whole number of at least 0, got -1"),
        ({"gold": "grade"}, "gold='grade' is no column"),
        ({"layer": 9}, "layer 9 is out of range"),
        ({"baseline": "pda", "attribute": "none"}, "Did you mean 'pad'"),
    ],
)
def test_bad_arguments_are_named(
    explainer: siamviz.Explainer, tmp_path: Path, options: dict[str, object], message: str
):
    with pytest.raises((DataError, InvalidArgumentError), match=message.replace("(", "\\(")):
        analyze(PAIRS, model=explainer, out=tmp_path, **QUICK, **options)


def test_errors_cannot_be_picked_without_gold(explainer: siamviz.Explainer, tmp_path: Path):
    frame = PAIRS[["sentence1", "sentence2"]]
    with pytest.raises(DataError, match="attribute='errors' needs gold scores"):
        analyze(frame, model=explainer, out=tmp_path, attribute="errors", **QUICK)
    bare = frame.assign(gold=[None] * len(PAIRS))
    with pytest.raises(DataError, match="attribute='errors' needs gold scores"):
        analyze(bare, model=explainer, out=tmp_path, gold="gold", attribute="errors", **QUICK)
