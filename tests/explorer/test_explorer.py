"""The explorer of one run or two, and its conversation with the front end."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from explorer.explored import CHEAP, ask, keep, records, table, told
from siamviz.errors import (
    ArgumentTypeError,
    DataError,
    FrontEndMissingError,
    InvalidArgumentError,
)
from siamviz.export import bundle
from siamviz.study.analysis import analyze
from siamviz.study.run import Run
from siamviz.widgets.explorer import ErrorExplorer

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


# The end


def test_a_closed_explorer_leaves_nothing_in_memory(connected, run):
    explorer = ErrorExplorer(run)
    explorer.wait()
    index = weakref.ref(explorer._session.following.words)
    explorer.close()
    del explorer
    gc.collect()
    assert index() is None


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
