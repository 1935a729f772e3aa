"""A run's pairs as CSV, Parquet and JSON Lines."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from export_cases import HOSTILE
from runs import RECORDS, records, small_run

from siamviz.errors import DataError, InvalidArgumentError
from siamviz.study import exporting
from siamviz.study.analysis import analyze
from siamviz.study.run import Run

STORABLE = [text for text in HOSTILE if "\ud800" not in text]
LEDGER = ["base", "tokens_a", "tokens_b", "pairs", "residual"]
SUFFIXES = [".csv", ".parquet", ".jsonl"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, explainer) -> Run:
    made = small_run(tmp_path_factory.mktemp("run"), model=explainer)
    made.tag(2, tag="negation", star=True, note="=not")
    return made


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, explainer) -> Run:
    """A run whose texts and metadata, names too, are hostile."""
    rows = [(text, text[::-1] + " x", 0.5, text, -3) for text in STORABLE]
    frame = records(rows).rename(columns={"genre": "=cmd()", "year": "Base"})
    frame["tag"] = "@x"
    return analyze(
        frame, model=explainer, out=tmp_path_factory.mktemp("hostile"), attribute="none",
        text_a="first", text_b="second", gold="score", progress=False,
    )  # fmt: skip


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, encoding="utf-8-sig")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.DataFrame([json.loads(line) for line in path.read_text("ascii").splitlines()])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_pair_is_there_with_its_ledger_and_its_tags(run, tmp_path, suffix) -> None:
    path = run.export(tmp_path / f"x{suffix}")
    found, stored = read(path), run.pairs().to_frame()
    assert path == tmp_path / f"x{suffix}"
    assert len(found) == len(RECORDS)
    for name in ("row", "pair_id", "text_a", "genre", "year", "status"):
        assert found[name].tolist() == stored[name].tolist()
    for name in ("gold", "score", "difference"):
        assert np.array_equal(found[name], stored[name], equal_nan=True)
    usable = found[found["status"] == "ok"]
    assert usable[LEDGER].sum(axis=1).to_numpy() == pytest.approx(usable["score"].to_numpy())
    assert found["star"].astype(bool).tolist() == [row == 2 for row in range(len(found))]
    assert found["tag"][2] == "negation"
    assert "missing" in found["error"].iloc[-1]
    assert pd.isna(found["base"].iloc[-1])


def test_a_slice_is_written_in_the_order_that_is_asked_for(run, tmp_path) -> None:
    path = run.export(
        tmp_path / "x.parquet", slice="genre = 'kitchen'", order="abs(difference) DESC"
    )
    found = read(path)
    assert set(found["genre"]) == {"kitchen"}
    assert found["difference"].abs().is_monotonic_decreasing
    assert read(run.export(tmp_path / "y.jsonl", slice=[3, 1], order="base"))[
        "base"
    ].is_monotonic_increasing


def test_no_text_of_a_csv_file_is_a_formula_and_numbers_stay_numbers(hostile, tmp_path) -> None:
    path = hostile.export(tmp_path / "x.csv")
    content = path.read_bytes()
    assert content.startswith("\ufeff".encode())
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert len(rows) == len(STORABLE) + 1
    numbers = [rows[0].index(name) for name in ("gold", "score", "difference", "meta_Base")]
    for row in rows:
        for place, cell in enumerate(row):
            if place not in numbers or row is rows[0]:
                assert not cell.lstrip(" ").startswith(tuple("=+-@\t\r\n")), cell
            else:
                float(cell)
    assert {row[rows[0].index("meta_Base")] for row in rows[1:]} == {"-3"}
    assert "'=cmd()" in rows[0]
    assert "\x00" not in content.decode()
    assert "\u202e" not in content.decode()


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_files_for_programs_keep_every_character(hostile, tmp_path, suffix) -> None:
    path = hostile.export(tmp_path / f"x{suffix}")
    found = read(path)
    assert found["text_a"].tolist() == STORABLE
    assert found["=cmd()"].tolist() == STORABLE
    assert found["meta_tag"].tolist() == ["@x"] * len(STORABLE)
    assert found["meta_Base"].tolist() == [-3] * len(STORABLE)
    assert found["tag"].isna().all()


def test_columns_have_their_kinds_even_where_all_is_missing(hostile, tmp_path) -> None:
    import pyarrow.parquet as pq

    schema = pq.read_schema(hostile.export(tmp_path / "x.parquet", slice="false"))
    kinds = {field.name: str(field.type) for field in schema}
    assert kinds["base"] == kinds["gold"] == "double"
    assert kinds["tag"] == kinds["attribution_error"] == kinds["=cmd()"] == "string"
    assert (kinds["star"], kinds["steps"], kinds["meta_Base"]) == ("bool", "int32", "int64")
    assert len(set(schema.names)) == len(schema.names)


def test_what_cannot_be_written_says_why_and_leaves_nothing(run, tmp_path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'\.xlsx' is not known. Use one of \.csv, "):
        run.export(tmp_path / "x.xlsx")
    with pytest.raises(InvalidArgumentError, match=r"no' does not exist. Create it first"):
        run.export(tmp_path / "no" / "x.csv")
    (tmp_path / "f.csv").mkdir()
    with pytest.raises(InvalidArgumentError, match=r"it is a folder. Name a file in it"):
        run.export(tmp_path / "f.csv")
    (tmp_path / "f.csv").rmdir()
    with pytest.raises(DataError, match="'nonsense' is no SQL condition"):
        run.export(tmp_path / "x.csv", order="nonsense")
    with pytest.raises(DataError, match="'genr = 1' is no SQL condition"):
        run.export(tmp_path / "x.csv", slice="genr = 1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_or_not_at_all(run, tmp_path, monkeypatch) -> None:
    (tmp_path / "x.jsonl").write_text("former")

    def fail(cell):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_infinite", fail)
        with pytest.raises(KeyboardInterrupt):
            run.export(tmp_path / "x.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]
    assert (tmp_path / "x.jsonl").read_text() == "former"
    run.export(tmp_path / "x.jsonl")
    assert len(read(tmp_path / "x.jsonl")) == len(RECORDS)


def test_few_rows_are_in_memory_at_a_time(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(exporting, "ROWS", 5)
    for suffix in SUFFIXES:
        assert len(read(run.export(tmp_path / f"x{suffix}"))) == len(RECORDS)
    import pyarrow.parquet as pq

    groups = pq.ParquetFile(tmp_path / "x.parquet").metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [5, 5, 3]
