"""Filters of the explorer: what is under study."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from explorer.explored import CHEAP, PAIRS, ask, chip, keep, table, told
from siamviz.errors import (
    DataError,
    InvalidArgumentError,
)
from siamviz.study.analysis import analyze
from siamviz.widgets.explorer import ErrorExplorer
from siamviz.widgets.explorer.points import Points

WHOLE = [[-1.0, -1.0], [2.0, -1.0], [2.0, 2.0], [-1.0, 2.0]]


def test_at_first_all_pairs_are_under_study_the_largest_errors_first(explorer, run):
    errors = explorer.selection["difference"].abs()
    assert len(explorer.selection) == len(PAIRS) + 1
    assert errors.dropna().is_monotonic_decreasing
    assert errors.isna().tolist()[-1]
    assert list(explorer.selection.columns) == list(table(run).columns)


def test_a_polygon_keeps_the_pairs_in_it(explorer, run):
    pairs = table(run)
    below = pairs[pairs["gold"] + pairs["score"] < 1.1]["row"].tolist()
    assert 0 < len(below) < len(PAIRS)
    assert keep(explorer, "region", [[-5, -5], [6.1, -5], [-5, 6.1]]) == below


def test_a_concave_polygon_leaves_out_its_notch():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 1, (2, 2000))
    points = Points(np.arange(2000), x, y, y - x)
    arrow = [(0, 0), (1, 0), (1, 1), (0.5, 0.25), (0, 1)]
    roof = np.where(x < 0.5, 1 - 1.5 * x, 1.5 * x - 0.5)
    assert_array_equal(points.inside(arrow), y < roof)


def test_a_range_of_the_histogram_keeps_the_errors_in_it(explorer, run):
    pairs = table(run)
    inside = pairs[pairs["difference"].between(0.1, 0.5)]["row"].tolist()
    assert keep(explorer, "span", [0.1, 0.5]) == inside
    assert told(explorer, "selected")["filters"] == [{"slot": "span", "label": "+0.10 to +0.50"}]


def test_a_search_finds_words_in_either_text_whatever_their_case(explorer):
    assert keep(explorer, "search", "HAPPY") == [4, 5]
    assert keep(explorer, "search", "50% off_") == []


def test_a_word_pair_keeps_the_pairs_in_which_its_words_meet(explorer):
    assert keep(explorer, "words", ["happy", "not"]) == [4]


def test_filters_hold_together_and_each_can_be_taken_away(explorer):
    ask(explorer, "chip", key=chip(explorer, "animals")["key"])
    assert keep(explorer, "sql", "gold > 0.5") == [0, 2]
    assert keep(explorer, "search", "dog") == [2]
    assert [one["slot"] for one in told(explorer, "selected")["filters"]] == [
        "column genre", "sql", "search",
    ]  # fmt: skip
    assert keep(explorer, "sql", None) == [1, 2]
    ask(explorer, "clear")
    assert len(explorer.rows) == len(PAIRS) + 1


def test_of_one_column_the_chip_clicked_last_counts_and_a_second_click_takes_it_away(explorer):
    for label, rows in (("animals", [0, 1, 2]), ("people", [3, 4, 5]), ("none", [8])):
        ask(explorer, "chip", key=chip(explorer, label)["key"])
        assert sorted(explorer.rows) == rows
    ask(explorer, "chip", key=chip(explorer, "none")["key"])
    assert len(explorer.rows) == len(PAIRS) + 1


def test_the_chip_of_the_largest_errors_keeps_a_tenth_of_the_pairs(explorer, run):
    ask(explorer, "chip", key="largest errors")
    worst = table(run)["difference"].abs().idxmax()
    assert explorer.rows.tolist() == [worst]


def test_a_condition_that_is_no_sql_is_refused_and_changes_nothing(explorer):
    keep(explorer, "sql", "gold > 0.5")
    answer = ask(explorer, "filter", slot="sql", value="gold >")
    assert not answer["ok"]
    assert "'gold >' is no SQL condition over the pairs" in answer["error"]
    assert sorted(explorer.rows) == [0, 2, 5, 7]
    with pytest.raises(DataError, match="no SQL condition"):
        explorer.select("glod > 0.5")


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("region", [[0, 0], [1, 1]]),
        ("region", [[0, 0], [1, 1], [1, float("nan")]]),
        ("span", [0.1]),
        ("span", "ab"),
        ("words", ["a"]),
        ("words", [1, 2]),
        ("sql", 3),
        ("given", [1, 2]),
        (None, {}),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(explorer, slot, value):
    answer = ask(explorer, "filter", slot=slot, value=value)
    assert not answer["ok"]
    assert "There are sql and search (a text), region" in answer["error"]
    assert len(explorer.rows) == len(PAIRS) + 1


def test_python_selects_by_condition_by_rows_by_frame_and_all(explorer, run):
    explorer.select("genre = 'news'")
    assert sorted(explorer.selection["row"]) == [6, 7, 9, 10]
    explorer.select([3, 1])
    assert sorted(explorer.rows) == [1, 3]
    explorer.select(table(run).query("gold > 0.82"))
    assert sorted(explorer.rows) == [0, 5]
    assert told(explorer, "selected")["filters"][0]["label"] == "2 chosen pairs"
    explorer.select()
    assert len(explorer.rows) == len(PAIRS) + 1
    with pytest.raises(InvalidArgumentError, match="no pair with the row 99"):
        explorer.select([99])


def test_the_list_is_ordered_as_asked(explorer, run):
    pairs = table(run).dropna(subset="difference").set_index("row")
    for order, expected in {
        "high": (-pairs["difference"]), "low": pairs["difference"], "gold": -pairs["gold"],
        "score": -pairs["score"],
    }.items():  # fmt: skip
        ask(explorer, "order", order=order)
        rows = [row for row in explorer.rows.tolist() if row in pairs.index]
        assert rows == expected.sort_values(kind="stable").index.tolist()
    ask(explorer, "order", order="row")
    assert explorer.rows.tolist() == sorted(explorer.rows)
    assert "order 'alphabet' is not known" in ask(explorer, "order", order="alphabet")["error"]


def test_a_condition_that_reads_marks_is_asked_anew_after_each_mark(explorer):
    starred = "pair_id IN (SELECT pair_id FROM tags WHERE star)"
    assert keep(explorer, "sql", starred) == []
    explorer.show(4)
    ask(explorer, "star")
    assert explorer.rows.tolist() == [4]
    ask(explorer, "star")
    assert explorer.rows.tolist() == []


def test_the_text_none_and_a_missing_value_are_two_slices(connected, explainer, tmp_path):
    rows = [
        {"a": f"Text {number}.", "b": "Another.", "gold": 0.5, "genre": genre}
        for number, genre in enumerate(["none", None, "none", "news"])
    ]
    run = analyze(
        rows, out=tmp_path / "o", model=explainer, text_a="a", text_b="b", gold="gold",
        attribute="none", **CHEAP,
    )  # fmt: skip
    explorer = ErrorExplorer(run)
    groups = told(explorer, "chips")["groups"]
    [genres] = [group["chips"] for group in groups if group["name"] == "genre"]
    found = {}
    for one in genres:
        ask(explorer, "chip", key=one["key"])
        found[one["key"]] = (one["label"], sorted(explorer.rows.tolist()))
    assert sorted(found.values()) == [("news", [3]), ("none", [0, 2]), ("none", [1])]
    explorer.close()
