"""What the explorer tells of the pairs under study."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from explorer.explored import PAIRS, ask, chip, keep, table, told
from siamviz.widgets.explorer import drawn, tables
from siamviz.widgets.explorer.index import PairIndex
from siamviz.widgets.explorer.points import Dataset

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


def test_the_pair_under_the_pointer_is_the_nearest_in_pixels(explorer, run):
    pairs = table(run).dropna(subset=["gold", "score"])
    gold, score = pairs["gold"].to_numpy(), pairs["score"].to_numpy()
    seen = set()
    for across, up in [(100.0, 1.0), (1.0, 100.0)]:
        at = {"gold": 0.6, "score": 0.2, "across": across, "up": up}
        [found] = ask(explorer, "point", **at)["pairs"]
        away = (across * (gold - 0.6)) ** 2 + (up * (score - 0.2)) ** 2
        assert found["row"] == pairs["row"].iloc[away.argmin()]
        seen.add(found["row"])
    assert len(seen) == 2


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
