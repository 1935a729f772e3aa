"""The error explorer's Python half: filters, tables, marks, pictures and what is told of them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import siamviz
from siamviz.errors import (
    ArgumentTypeError,
    DataError,
    FrontEndMissingError,
    InvalidArgumentError,
)
from siamviz.export import bundle
from siamviz.study.analysis import analyze
from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer, drawn, tables
from siamviz.widgets.explorer.index import PairIndex
from siamviz.widgets.explorer.points import Dataset, Points

PAIRS = [
    ("A cat sleeps.", "The cat is asleep.", 0.9, "animals", 1),
    ("A cat sleeps.", "A dog runs.", 0.2, "animals", 2),
    ("The dog runs fast.", "A dog is running.", 0.8, "animals", 1),
    ("A man plays guitar.", "A man does not play guitar.", 0.3, "people", 2),
    ("The man is not happy.", "The man is happy.", 0.1, "people", 1),
    ("A woman is happy.", "A happy woman smiles.", 0.85, "people", 2),
    ("Stocks fell 5 percent.", "Stocks rose 7 percent.", 0.2, "news", 1),
    ("Rain is expected.", "It will rain soon.", 0.8, "news", 2),
    ("A plane lands.", "A plane takes off.", 0.15, None, 1),
    ("<img src=x onerror=alert(1)>", "A cat sleeps.", 0.0, "news", 2),
]
CHEAP = {"layer": 5, "quadrature": "gauss-legendre", "steps": 4, "progress": False}
WHOLE = [[-1.0, -1.0], [2.0, -1.0], [2.0, 2.0], [-1.0, 2.0]]


def records(scores: bool = True) -> list[dict[str, Any]]:
    """The pairs as a dataset, with a pair that cannot be used."""
    names = ("a", "b", "gold", "genre", "split")
    rows = [dict(zip(names, pair, strict=True)) for pair in PAIRS]
    rows.append({"a": "Only one text.", "b": None, "gold": 0.5, "genre": "news", "split": 1})
    return rows if scores else [{key: row[key] for key in ("a", "b")} for row in rows]


@pytest.fixture(scope="module")
def folder(explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few real pairs."""
    out = tmp_path_factory.mktemp("runs") / "small"
    analyze(records(), out=out, model=explainer, text_a="a", text_b="b", gold="gold", **CHEAP)
    return out


@pytest.fixture
def run(folder: Path, explainer: siamviz.Explainer) -> Run:
    (folder / "notes.json").unlink(missing_ok=True)
    return Run(folder, explainer)


@pytest.fixture
def explorer(connected: None, run: Run) -> Iterator[ErrorExplorer]:
    made = ErrorExplorer(run)
    yield made
    made.close()


def ask(explorer: ErrorExplorer, kind: str, **body: Any) -> dict[str, Any]:
    """What the board's front end is answered."""
    return explorer._board.comm.ask(kind, **body)


def keep(explorer: ErrorExplorer, slot: str, value: Any) -> list[int]:
    """Put in a filter as the front end does; the rows that are left, ascending."""
    answer = ask(explorer, "filter", slot=slot, value=value)
    assert answer["ok"], answer
    return sorted(explorer.rows.tolist())


def told(explorer: ErrorExplorer, kind: str) -> dict[str, Any]:
    """The last event of a kind that the board was told."""
    return explorer._board.comm.of_kind(kind)[-1]


def table(run: Run) -> pd.DataFrame:
    return run.sql("SELECT * FROM pairs ORDER BY row")


def chip(explorer: ErrorExplorer, label: str) -> dict[str, Any]:
    groups = told(explorer, "chips")["groups"]
    return next(one for group in groups for one in group["chips"] if one["label"] == label)


# Filters


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


# Tables


def test_word_pairs_are_those_of_the_run_for_every_selection(explorer, run):
    data, words = Dataset.read(run), explorer._session.following.words
    names = ["a", "b", "n", "mean", "low", "high", "error", "error_low", "error_high", "harm"]
    for rows, least in (([0, 1, 2, 3, 4], 1), ([4, 5], 1), (range(len(PAIRS)), 2), ([9], 1)):
        found = words.table(data.points.positions(list(rows)), data.points.difference, least=least)
        found = found.assign(a=[words.names[i] for i in found["a"]])
        found = found.assign(b=[words.names[i] for i in found["b"]])
        expected = run.word_pairs(slice=list(rows), least=least, limit=None)
        order = ["a", "b"]
        pd.testing.assert_frame_equal(
            found.sort_values(order, ignore_index=True)[names],
            expected.sort_values(order, ignore_index=True)[names],
            check_dtype=False,
            atol=1e-6,
        )


def test_harm_is_by_how_much_the_squared_error_would_fall_without_the_effect(run):
    data = Dataset.read(run)
    words = PairIndex.of_words(data)
    found = words.table(data.points.positions([4]), data.points.difference).to_dict("records")[0]
    a, b = (words.names[found[side]] for side in ("a", "b"))
    sums = run.sql(
        "SELECT sum(effect) AS x FROM word_pairs WHERE row = 4 AND a = ? AND b = ?", [a, b]
    )
    x, d = float(sums["x"][0]), float(data.points.difference[4])
    assert found["harm"] == pytest.approx(d**2 - (d - x) ** 2, abs=1e-6)


def test_what_is_frequent_is_found_without_what_is_not(run):
    data = Dataset.read(run)
    words = PairIndex.of_words(data)
    every = np.arange(len(data.points))
    whole = words.table(every, data.points.difference, least=2)
    part = words.frequent(2).table(every, data.points.difference, least=2)
    assert len(whole) > 0
    assert len(words.frequent(2).codes) < len(words.codes)
    pd.testing.assert_frame_equal(whole, part)


def test_the_league_the_metrics_and_the_chips_follow_a_selection(explorer, run):
    keep(explorer, "sql", "split = 1 AND gold IS NOT NULL")
    explorer.wait()
    version = told(explorer, "selected")["version"]
    pairs = table(run).query("split == 1").dropna(subset="difference")
    metrics = told(explorer, "measured")
    assert metrics["version"] == told(explorer, "league")["version"] == version
    assert metrics["metrics"]["mae"]["value"] == pytest.approx(
        pairs["difference"].abs().mean(), 1e-4
    )
    ranks = pairs[["gold", "score"]].rank().corr().iloc[0, 1]
    assert metrics["metrics"]["spearman"]["value"] == pytest.approx(ranks, abs=1e-5)
    assert chip(explorer, "animals")["metrics"]["mae"]["value"] is not None
    harms = [pair["harm"] for pair in told(explorer, "league")["pairs"]]
    assert harms == sorted(harms, reverse=True)


def test_word_pairs_are_ranked_and_sought_among_all_of_them(explorer, run, monkeypatch):
    monkeypatch.setattr(tables, "PAIRS", 4)
    known = run.word_pairs(least=1, limit=None, order="n")
    columns = {"effect": "mean", "harm": "harm", "count": "n", "error": "error"}
    for order, column in columns.items():
        for up in (True, False):
            ask(explorer, "rank", order=order, up=up, sought="")
            explorer.wait()
            event = told(explorer, "league")
            found = [_of(pair[order]) for pair in event["pairs"]]
            best = known[column].sort_values(ascending=up).head(4)
            assert_allclose(found, best, atol=1e-6)
            assert (event["order"], event["up"]) == (order, up)
    ask(explorer, "rank", order="pair", up=True, sought=" Happy × NO")
    explorer.wait()
    pairs = [(pair["a"], pair["b"]) for pair in told(explorer, "league")["pairs"]]
    assert pairs == [("happy", "not")]
    assert "'luck'" in ask(explorer, "rank", order="luck")["error"]


def _of(value: Any) -> float:
    return value["value"] if isinstance(value, dict) else value


def test_the_pair_under_the_pointer_is_told_without_opening_it(explorer, run):
    pair = table(run).iloc[3]
    [found] = ask(explorer, "point", gold=pair["gold"], score=pair["score"])["pairs"]
    assert (found["row"], found["a"], found["b"]) == (pair["row"], pair["text_a"], pair["text_b"])
    assert told(explorer, "current")["row"] != pair["row"]
    keep(explorer, "sql", "gold > 2")
    assert ask(explorer, "point", gold=0.5, score=0.5)["pairs"] == []


def test_the_map_of_word_classes_is_symmetric_and_empty_without_linguistics(explorer, run):
    explorer.wait()
    assert told(explorer, "heat")["labels"] == []
    data = Dataset.read(run)
    index = PairIndex(
        ["ADJ", "NOUN", "VERB"], np.array([[0, 1], [1, 1], [1, 2]], np.int32), np.array([2, 1, 1]),
        np.append([0, 2, 4], np.full(len(data.points) - 2, 4)), np.array([0, 1, 0, 2], np.int32),
        np.array([0.2, 0.1, -0.4, 0.3], np.float32),
    )  # fmt: skip
    heat = tables.heat(index, data, explorer._session.choosing.chosen)
    cells = heat["cells"]
    names = zip(cells["a"], cells["b"], strict=True)
    means = dict(zip(names, cells["mean"], strict=True))
    assert heat["labels"] == ["ADJ", "NOUN", "VERB"]
    assert means["ADJ", "NOUN"] == means["NOUN", "ADJ"] == pytest.approx(-0.1)
    assert means["NOUN", "NOUN"] == pytest.approx(0.1)
    assert heat["limit"] == pytest.approx(0.3)


def test_tables_of_a_selection_that_is_over_are_not_told(explorer, monkeypatch):
    explorer.wait()
    following = explorer._session.following
    entered, go_on = threading.Event(), threading.Event()
    league = following._league

    def slow(chosen, asked):
        entered.set()
        go_on.wait(10)
        return league(chosen, asked)

    monkeypatch.setattr(following, "_league", slow)
    keep(explorer, "sql", "gold > 0.1")
    assert entered.wait(10)
    first = told(explorer, "selected")["version"]
    keep(explorer, "sql", "gold > 0.5")
    go_on.set()
    explorer.wait()
    versions = [event["version"] for event in explorer._board.comm.of_kind("league")]
    assert first not in versions
    assert versions[-1] == told(explorer, "selected")["version"]


# What the plots show


def test_a_selection_is_told_once_and_its_points_are_those_of_its_pairs(explorer, run):
    before = len(explorer._board.comm.of_kind("selected"))
    rows = keep(explorer, "region", [[0, 0.4], [0.4, 0.4], [0.4, 1], [0, 1]])
    assert len(explorer._board.comm.of_kind("selected")) == before + 1
    points = told(explorer, "selected")["sources"]["chosen"]
    pairs = table(run).set_index("row").loc[rows]
    assert_allclose(sorted(points["y"]), sorted(pairs["score"]), atol=1e-4)
    assert told(explorer, "selected")["region"] == ((0, 0.4), (0.4, 0.4), (0.4, 1), (0, 1))


def test_many_pairs_are_counted_in_cells_and_no_pair_is_lost(explorer, monkeypatch):
    monkeypatch.setattr(drawn, "FEW", 5)
    keep(explorer, "sql", "gold IS NOT NULL AND score IS NOT NULL")
    sources = told(explorer, "selected")["sources"]
    assert sources["chosen"]["x"] == []
    assert sum(sources["chosen cells"]["n"]) == len(PAIRS)
    keep(explorer, "sql", "genre = 'people'")
    sources = told(explorer, "selected")["sources"]
    assert len(sources["chosen"]["x"]) == 3
    assert sources["chosen cells"]["n"] == []


def test_the_histogram_counts_the_errors_of_the_selection(explorer, run):
    keep(explorer, "sql", "split = 2")
    bars = told(explorer, "selected")["sources"]["bars"]
    values = table(run).query("split == 2")["difference"].to_numpy()
    counts = [
        sum(left <= value < right for value in values)
        for left, right in zip(bars["left"], bars["right"], strict=True)
    ]
    assert bars["n"] == counts
    assert max(bars["top"]) == 1.0
    assert all((c > 0) == (left + right > 0) for c, left, right in
               zip(bars["c"], bars["left"], bars["right"], strict=True))  # fmt: skip


def test_a_click_in_the_scatter_opens_the_nearest_pair_under_study(explorer, run):
    pair = table(run).set_index("row").loc[4]
    ask(explorer, "tap", gold=pair["gold"] + 0.001, score=pair["score"] - 0.001)
    assert explorer.current == 4
    assert told(explorer, "current")["gold"] == pytest.approx(pair["gold"])
    keep(explorer, "sql", "row <> 4")
    ask(explorer, "tap", gold=pair["gold"], score=pair["score"])
    assert explorer.current not in (4, None)


def test_the_figures_come_in_both_themes_and_without_a_logo_or_toolbar(explorer):
    items = {theme: ask(explorer, "plots", theme=theme)["items"] for theme in ("light", "dark")}
    assert set(items["light"]) == {"scatter", "histogram", "heat"}
    assert items["light"] != items["dark"]
    root = items["light"]["scatter"]["doc"]["roots"][0]
    assert root["attributes"]["toolbar_location"] is None
    assert "theme 'pink' is not known" in ask(explorer, "plots", theme="pink")["error"]


# The list, the pair, its marks


def test_lines_of_the_list_come_in_its_order_with_texts_and_marks(explorer, run):
    run.tag(2, "synonym", star=True)
    version = told(explorer, "selected")["version"]
    pairs = ask(explorer, "lines", start=1, stop=4, version=version)["pairs"]
    assert [pair["row"] for pair in pairs] == explorer.rows[1:4].tolist()
    lines = ask(explorer, "lines", start=0, stop=99, version=version)["pairs"]
    by_row = {pair["row"]: pair for pair in lines}
    assert by_row[9]["a"] == "<img src=x onerror=alert(1)>"
    assert by_row[10]["b"] == ""
    assert by_row[10]["score"] is None
    assert (by_row[2]["star"], by_row[2]["tag"], by_row[3]["star"]) == (True, "synonym", False)
    assert ask(explorer, "lines", start=0, stop=4, version=version - 1)["pairs"] == []


def test_steps_go_through_the_list_and_stay_within_it(explorer):
    rows = explorer.rows.tolist()
    for by, place in ((1, 0), (1, 1), (5, 6), (-2, 4), (-99, 0), (-1, 0), (99, len(rows) - 1)):
        ask(explorer, "step", by=by)
        assert explorer.current == rows[place]
        assert told(explorer, "current")["position"] == place
    keep(explorer, "sql", "genre = 'people'")
    assert told(explorer, "current")["position"] is None
    ask(explorer, "step", by=1)
    assert explorer.current == explorer.rows[0]


def test_the_picture_is_of_the_pair_that_is_looked_at(explorer, run):
    for row in (4, 0, 5):
        explorer.show(row)
        explorer.wait()
        assert explorer.view.text_a == PAIRS[row][0]
        assert explorer.view.attribution.text_b == PAIRS[row][1]
        assert explorer.view.attribution.score == pytest.approx(run.pair(row).score)
    assert explorer.view.live is False


def test_the_view_keeps_its_unit_from_pair_to_pair_and_forgets_pins(explorer):
    explorer.show(4)
    explorer.wait()
    view = explorer.view
    view.unit, view.pins = "word", [{"a": [1], "b": [1]}]
    explorer.show(5)
    explorer.wait()
    assert explorer.view is view
    assert (view.unit, view.pins) == ("word", [])


def test_a_picture_that_is_superseded_is_never_shown(explorer, monkeypatch, run):
    entered, go_on = threading.Event(), threading.Event()
    pair = Run.pair

    def slow(self, key):
        if key == 4:
            entered.set()
            go_on.wait(10)
        return pair(self, key)

    monkeypatch.setattr(Run, "pair", slow)
    shown = []
    explorer._picture.observe(lambda change: shown.append(change["new"][0].text_a), "children")
    explorer.show(4)
    assert entered.wait(10)
    explorer.show(0)
    go_on.set()
    explorer.wait()
    assert shown == [PAIRS[0][0]]


def test_why_a_pair_has_no_picture_is_told_in_a_sentence(explorer):
    explorer.show(10)
    explorer.wait()
    comm = explorer._pairs.comm
    comm.wait_for(lambda: comm.of_kind("failed"))
    assert "The pair 10 cannot be explained" in comm.of_kind("failed")[-1]["error"]
    assert comm.of_kind("working")[-1]["working"] is False


def test_live_the_view_computes_with_the_settings_of_the_run(explorer):
    explorer.show(4)
    explorer.wait()
    assert explorer._pairs.comm.ask("live", live=True)["ok"]
    explorer.wait()
    assert explorer.live
    assert explorer.view.live
    assert (explorer.view.layer, explorer.view.steps) == (5, 4)
    explorer.show(0)
    explorer.wait()
    assert explorer.view.attribution.text_a == PAIRS[0][0]
    explorer.live = False
    explorer.wait()
    assert not explorer.view.live
    assert explorer._pairs.comm.of_kind("working")[-1]["live"] is False


def test_a_run_with_prompts_has_no_live_view_and_says_so(explorer, run):
    run.settings = replace(run.settings, prompt_a="query: ")
    explorer.live = True
    explorer.show(4)
    explorer.wait()
    comm = explorer._pairs.comm
    comm.wait_for(lambda: comm.of_kind("failed"))
    assert "made with prompts or tasks, which a live view" in comm.of_kind("failed")[-1]["error"]


def test_stars_and_tags_are_saved_at_once_and_come_back(explorer, run, folder):
    explorer.show(4)
    assert ask(explorer, "star")["ok"]
    assert ask(explorer, "tag", tag="negation")["ok"]
    kept = Run(folder).tags().set_index("row").loc[4]
    assert (bool(kept["star"]), kept["tag"]) == (True, "negation")
    assert told(explorer, "current") | {"star": True, "tag": "negation"} == told(
        explorer, "current"
    )
    again = ErrorExplorer(Run(folder, run.explainer))
    assert told(again, "chips")["tags"] == ["negation"]
    assert (chip(again, "starred")["count"], chip(again, "negation")["count"]) == (1, 1)
    ask(again, "chip", key=chip(again, "negation")["key"])
    assert again.rows.tolist() == [4]
    again.show(4)
    ask(again, "tag", tag="")
    assert again.rows.tolist() == []
    assert ask(again, "star")["ok"]
    assert Run(folder).tags().empty
    again.close()


def test_marks_need_a_pair(explorer):
    assert "No pair is open. Choose one in the list" in ask(explorer, "star")["error"]


def test_a_row_that_is_not_there_cannot_be_shown(explorer):
    with pytest.raises(InvalidArgumentError, match="no pair with the row 77"):
        explorer.show(77)


# Two runs


@pytest.fixture(scope="module")
def former(explainer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same pairs in another order, one missing, scored by their dot product with layer 5."""
    out = tmp_path_factory.mktemp("runs") / "former"
    rows = [row | {"a": row["a"]} for row in records()[:9][::-1]]
    made = analyze(
        rows,
        out=out,
        model=explainer,
        text_a="a",
        text_b="b",
        gold="gold",
        attribute="none",
        **CHEAP,
    )
    file = out / "pairs" / "part-00000.parquet"
    import pyarrow.parquet as pq

    whole = pq.read_table(file)
    moved = pd.Series(whole["score"].to_numpy()) * 0.5
    place = whole.schema.get_field_index("score")
    pq.write_table(whole.set_column(place, "score", [moved.to_numpy()]), file)
    return made


def test_two_runs_are_compared_by_their_texts_the_largest_regression_first(connected, run, former):
    explorer = ErrorExplorer(run, compare=former)
    pairs = table(run)[:9]
    grown = pairs["difference"].abs() - (0.5 * pairs["score"] - pairs["gold"]).abs()
    order = grown.sort_values(ascending=False, kind="stable").index.tolist()
    assert explorer.rows.tolist()[:9] == order
    arrows = told(explorer, "selected")["sources"]["arrows"]
    assert len(arrows["x"]) == 9
    assert_allclose(2 * np.array(arrows["y0"]), arrows["y1"], atol=3e-4)
    assert set(arrows["c"]) == {"grown", "shrunk"}
    version = told(explorer, "selected")["version"]
    line = ask(explorer, "lines", start=0, stop=1, version=version)["pairs"][0]
    assert line["former"] == pytest.approx(0.5 * line["score"], abs=1e-5)
    assert told(explorer, "opened")["compared"] == "former"
    explorer.close()


def test_runs_over_other_texts_cannot_be_compared(run, explainer, tmp_path):
    rows = [{"a": "Something.", "b": "Other.", "gold": 0.5}]
    other = analyze(
        rows, out=tmp_path / "o", model=explainer, text_a="a", text_b="b", gold="gold",
        attribute="none", **CHEAP,
    )  # fmt: skip
    with pytest.raises(DataError, match="have no scored pair of texts in common"):
        ErrorExplorer(run, compare=other)


# Runs that lack something


def test_a_run_without_gold_shows_its_scores(connected, explainer, tmp_path):
    run = analyze(
        records(scores=False), out=tmp_path / "o", model=explainer, text_a="a", text_b="b",
        attribute="none", **CHEAP,
    )  # fmt: skip
    explorer = ErrorExplorer(run)
    explorer.wait()
    assert told(explorer, "opened")["gold"] is False
    assert [one["key"] for one in told(explorer, "opened")["orders"]] == ["score", "row"]
    assert told(explorer, "measured")["metrics"] is None
    assert told(explorer, "league")["pairs"] == []
    assert set(ask(explorer, "plots", theme="light")["items"]) == {"histogram", "heat"}
    scores = table(run)["score"]
    inside = scores[scores.between(0.5, 1)].index.tolist()
    assert keep(explorer, "span", [0.5, 1.0]) == inside
    explorer.close()


@pytest.mark.parametrize("value", [None, "run/", 3])
def test_only_a_run_can_be_explored(value, run):
    with pytest.raises(ArgumentTypeError, match=r"run must be a siamviz\.Run, such as"):
        ErrorExplorer(value)
    if value is not None:
        with pytest.raises(ArgumentTypeError, match=r"compare must be a siamviz\.Run"):
            ErrorExplorer(run, compare=value)


def test_without_bokeh_it_is_said_how_to_get_it(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(ImportError, match=r"pip install 'siamviz\[study\]'"):
        ErrorExplorer(run)


def test_without_its_front_end_it_is_said_how_to_build_it(run, monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    with pytest.raises(FrontEndMissingError, match=r"explorer\.js.*make js"):
        ErrorExplorer(run)


# The conversation


def test_an_unknown_message_is_answered_with_those_there_are(explorer):
    answer = ask(explorer, "dance")
    assert not answer["ok"]
    assert "unknown kind 'dance'. There are 'library', 'plots', 'filter'" in answer["error"]
    explorer._board.comm.tell({"kind": 3})
    assert "has no id or kind" in explorer._board.comm.of_kind("failed")[-1]["error"]


@pytest.mark.parametrize(("kind", "body"), [("step", {"by": "x"}), ("open", {"place": 1.5})])
def test_a_message_with_a_wrong_value_is_answered_with_what_is_wrong(explorer, kind, body):
    assert "must be a whole number, got" in ask(explorer, kind, **body)["error"]


def test_a_view_that_opens_later_is_told_everything_once(explorer):
    keep(explorer, "sql", "gold > 0.5")
    explorer.wait()
    comm = explorer._board.comm
    comm.sent.clear()
    assert ask(explorer, "hello")["ok"]
    kinds = [message["kind"] for message in comm.messages if "kind" in message]
    assert sorted(kinds) == ["chips", "current", "heat", "league", "measured", "opened", "selected"]


def test_what_a_notebook_saves_holds_no_data_of_the_run(explorer):
    explorer.wait()
    for part in (explorer._board, explorer._pairs):
        state = {
            name: value for name, value in part.get_state().items() if name not in ("_esm", "_css")
        }
        assert len(repr(state)) < 1000
        assert "cat" not in repr(state)


def test_the_theme_reaches_all_parts(explorer):
    explorer.show(4)
    explorer.wait()
    explorer.theme = "dark"
    parts = (explorer._board, explorer._pairs, explorer.view)
    assert [part.theme for part in parts] == ["dark"] * 3
    with pytest.raises(InvalidArgumentError, match="Theme 'pink' is not known"):
        explorer.theme = "pink"


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, siamviz.widgets.explorer; "
        "print([n for n in ('torch', 'bokeh', 'duckdb', 'pandas') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
