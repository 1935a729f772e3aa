"""The explorer's list, the pair that is looked at, and its marks."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from explorer.explored import PAIRS, ask, chip, keep, table, told
from siamviz.errors import (
    InvalidArgumentError,
)
from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer


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


def test_a_row_of_a_frame_can_be_shown(explorer, run):
    explorer.show(table(run)["row"].iloc[3])
    assert told(explorer, "current")["row"] == 3


def test_a_row_that_is_not_there_cannot_be_shown(explorer):
    with pytest.raises(InvalidArgumentError, match="no pair with the row 77"):
        explorer.show(77)
