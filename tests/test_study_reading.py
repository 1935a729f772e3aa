"""Reading scored pairs: every format, every record accounted for."""

from __future__ import annotations

import json
import sys
import tracemalloc
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from readings import RECORDS, TABLE, read, written

from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.study.columns import Columns, GoldRange, choose_columns
from siamviz.study.records import Broken, Source
from siamviz.study.rows import rows
from siamviz.study.sources import source
from siamviz.study.survey import cast, stored_names, survey
from siamviz.study.tables import COLUMNS, quoted


def forms(folder: Path) -> dict[str, object]:
    """The same records in everything that holds pairs."""
    frame = pd.DataFrame(RECORDS)
    frame.to_csv(folder / "x.csv", index=False)
    frame.to_csv(folder / "x.tsv", index=False, sep="\t")
    frame.to_csv(folder / "semicolon.csv", index=False, sep=";")
    frame.to_csv(folder / "mark.csv", index=False, encoding="utf-8-sig")
    lines = "\n".join(map(json.dumps, RECORDS))
    pq.write_table(TABLE, folder / "x.parquet")
    return {
        **{name: folder / name for name in ("x.csv", "x.tsv", "semicolon.csv", "mark.csv")},
        "x.jsonl": written(folder, "x.jsonl", lines + "\n\n"),
        "x.parquet": folder / "x.parquet",
        "pandas": frame,
        "polars": pl.DataFrame(RECORDS),
        "arrow": TABLE,
        "dicts": RECORDS,
    }


NAMES = [
    "x.csv", "x.tsv", "semicolon.csv", "mark.csv", "x.jsonl", "x.parquet", "pandas", "polars",
    "arrow", "dicts",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_the_same_records_gives_the_same_rows(tmp_path, name):
    first, second = read(forms(tmp_path)[name])
    assert (first.text_a, first.text_b) == ("A cat sleeps.", "The kitten naps.")
    assert (first.gold, first.metadata, first.error) == (0.9, {"genre": "home"}, None)
    assert (second.text_b, second.gold) == ('He said "no", twice.', 0.0)
    assert (second.metadata, second.number) == ({"genre": None}, 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_source_can_be_read_again_and_is_the_same(tmp_path, name):
    found = source(forms(tmp_path)[name])
    columns = choose_columns(found)
    assert list(found.open()) == list(found.open())
    assert survey(found, columns) == survey(found, columns)


class TestColumns:
    def test_the_usual_names_are_guessed_and_the_guess_is_told(self):
        found = choose_columns(source(RECORDS))
        assert found == Columns(
            "sentence1", "sentence2", "score", ("genre",), ("text_a", "text_b", "gold")
        )
        assert str(found) == (
            "text A = 'sentence1'; text B = 'sentence2'; gold = 'score'; metadata = 'genre' "
            "(guessed: text a and text b and gold)"
        )

    def test_a_file_without_names_has_numbered_columns(self, tmp_path):
        path = written(tmp_path, "x.csv", "A cat sleeps.,The kitten naps.,4.5\n")
        assert source(path).columns == ("column_1", "column_2", "column_3")
        assert [row.gold for row in read(path)] == [0.9]

    def test_given_columns_are_taken(self):
        found = choose_columns(source(RECORDS), "sentence2", "sentence1", "score")
        assert (found.text_a, found.text_b, found.guessed) == ("sentence2", "sentence1", ())

    def test_pairs_without_gold_have_none(self):
        data = [{"text1": "a b", "text2": "c d"}]
        assert choose_columns(source(data)).gold is None
        assert read(data)[0].gold is None

    def test_of_several_columns_of_numbers_none_is_guessed(self):
        data = [{"text1": "a b", "text2": "c d", "x": 1.0, "y": 2.0}]
        assert choose_columns(source(data)).gold is None

    def test_a_wrong_column_is_told_what_there_is(self):
        with pytest.raises(DataError, match=r"gold='scor' is no column of a list of 2 dicts: .*"):
            choose_columns(source(RECORDS), gold="scor")
        with pytest.raises(DataError, match="Did you mean 'score'"):
            choose_columns(source(RECORDS), gold="scor")

    def test_a_column_given_twice_is_refused(self):
        with pytest.raises(DataError, match="'sentence1' is given for two things"):
            choose_columns(source(RECORDS), "sentence1", "sentence1")

    def test_where_no_text_is_to_be_found_the_option_is_named(self):
        with pytest.raises(DataError, match=r"No column of .* looks like text b: .*--text-b"):
            choose_columns(source([{"only": "one text", "n": 3}]))

    def test_a_column_with_as_many_numbers_as_texts_is_text(self):
        data = [{"x": "a b", "y": "c d"}, {"x": 5, "y": "e f"}]
        found = choose_columns(source(data))
        assert (found.text_a, found.text_b) == ("x", "y")

    def test_where_no_record_can_be_read_the_reason_is_told(self, tmp_path):
        content = '"s1"\t"s2"\n"1"\t"a b"\t"c d"\n"2"\t"e f"\t"g h"\n'
        found = source(written(tmp_path, "x.tsv", content))
        said = "None of the first 2 records can be read: record 2 has 3 fields where 2 are expected"
        with pytest.raises(DataError, match=said):
            choose_columns(found)


class TestGold:
    def test_is_rescaled_to_0_and_1(self):
        assert [GoldRange(1, 5).rescale(gold) for gold in (1, 2, 5)] == [0.0, 0.25, 1.0]

    @pytest.mark.parametrize(
        ("gold", "said"),
        [
            (None, "gold ('score') is missing"),
            (float("nan"), "gold ('score') is missing"),
            ("", "gold ('score') is missing"),
            ("many", "gold ('score') is no number: 'many'"),
            (7, "gold ('score') is 7, outside of 0 to 5"),
            (True, "gold ('score') is no number: True"),
            ("inf", "gold ('score') is no number: 'inf'"),
            (Decimal("NaN"), "gold ('score') is missing"),
            (Decimal("sNaN"), "gold ('score') is missing"),
            (np.float32("nan"), "gold ('score') is missing"),
            (Decimal("Infinity"), "gold ('score') is no number: Decimal('Infinity')"),
        ],
    )
    def test_that_is_none_makes_a_row_that_says_so(self, gold, said):
        data = [*RECORDS, {**RECORDS[0], "score": gold}]
        last = read(data)[2]
        assert (last.gold, last.error, last.text_a) == (None, said, "A cat sleeps.")

    def test_may_be_decimal(self, tmp_path):
        kind = pa.decimal128(3, 2)
        grades = TABLE.set_column(2, "grade", pa.array([Decimal("4.50"), Decimal(0)], kind))
        pq.write_table(grades, tmp_path / "x.parquet")
        assert [row.gold for row in read(tmp_path / "x.parquet")] == [0.9, 0.0]

    def test_range_may_be_of_numpy_and_fits_into_json(self):
        scale = GoldRange(np.int64(0), np.float64(5))  # pyright: ignore[reportArgumentType]
        assert json.dumps([scale.low, scale.high]) == "[0.0, 5.0]"

    def test_without_a_range_has_to_lie_between_0_and_1(self):
        assert [row.error for row in read(RECORDS, None)] == [
            (
                "gold ('score') is 4.5, outside of 0 to 1 (give the scale of the gold scores: "
                "gold_range, --gold-range)"
            ),
            None,
        ]

    @pytest.mark.parametrize("ends", [(5, 5), (5, 0)])
    def test_range_has_to_rise(self, ends):
        with pytest.raises(InvalidArgumentError, match="gold_range must rise"):
            GoldRange(*ends)

    @pytest.mark.parametrize("ends", [("0", 5), (0, float("nan")), (None, 5), (Decimal(0), 5)])
    def test_range_is_of_numbers(self, ends):
        with pytest.raises(ArgumentTypeError, match=r"two numbers such as \(0, 5\)"):
            GoldRange(*ends)


class TestRows:
    @pytest.mark.parametrize("text", [None, "", "  ", float("nan"), pd.NA, 3])
    def test_without_a_text_say_so_and_are_kept(self, text):
        data = [*RECORDS, {**RECORDS[0], "sentence2": text}]
        last = read(data)[2]
        assert last.error is not None
        assert "text B ('sentence2')" in last.error

    def test_all_problems_of_a_row_are_said(self):
        [row] = read([*RECORDS, {"sentence1": None, "sentence2": None, "score": "?"}])[2:]
        assert row.error is not None
        assert row.error.count(";") == 2

    def test_ragged_records_are_kept_with_their_reason(self, tmp_path):
        lines = "text1,text2,score\na b,c d,1\nonly\na,b,c,d\ne f,g h,2\n"
        found = read(written(tmp_path, "x.csv", lines))
        assert [row.error for row in found] == [
            None,
            "record 3 has 1 fields where 3 are expected",
            "record 4 has 4 fields where 3 are expected",
            None,
        ]

    def test_lines_that_are_no_objects_are_kept_with_their_reason(self, tmp_path):
        good = json.dumps(RECORDS[0])
        path = written(tmp_path, "x.jsonl", f"{good}\n{{broken\n[1, 2]\n{good}\n")
        errors = [row.error for row in read(path)]
        assert errors[0] is errors[3] is None
        assert "line 2 is no JSON" in str(errors[1])
        assert errors[2] == "line 3 is no JSON object but list"

    def test_formulas_and_markup_are_text(self, tmp_path):
        path = written(tmp_path, "x.csv", "text1,text2\n=1+1,<b>@x</b>\n")
        assert read(path)[0].text_a == "=1+1"

    def test_a_field_of_ten_megabytes_is_read(self, tmp_path):
        long = "word " * 2_000_000
        path = written(tmp_path, "x.csv", f'text1,text2\n"{long}",b c\n')
        assert read(path)[0].text_a == long

    def test_metadata_is_plain(self):
        extra = {"n": np.int64(3), "tags": ["a", "b"], "flag": np.bool_(True), "gap": np.nan}
        frame = pd.DataFrame([{"text1": "a b", "text2": "c d", "gold": 0.5, **extra}])
        [row] = read(frame, None)
        assert row.metadata == {"n": 3, "tags": '["a", "b"]', "flag": True, "gap": None}

    @pytest.mark.parametrize(
        ("value", "stored"),
        [
            (np.float64(0.5), 0.5),
            (np.float32("nan"), None),
            (np.str_("x"), "x"),
            (np.datetime64("NaT"), None),
            (np.datetime64("2020-01-01"), "2020-01-01"),
            (pd.NaT, None),
            (pd.NA, None),
            (date(2020, 1, 1), "2020-01-01"),
            (time(12, 30), "12:30:00"),
            (datetime(2020, 1, 1, 12, tzinfo=UTC), "2020-01-01T12:00:00+00:00"),
            (pd.Timestamp("2020-01-01 12:00"), "2020-01-01T12:00:00"),
            (Decimal("1.50"), 1.5),
            (Decimal(12), 12),
            (Decimal("NaN"), None),
            (b"x", "b'x'"),
            ((1, "ä"), '[1, "ä"]'),
            (np.array([1, 2]), "[1, 2]"),
            ([np.int64(1), date(2020, 1, 1), pd.NA], '[1, "2020-01-01", null]'),
            ({"day": date(2020, 1, 1)}, '{"day": "2020-01-01"}'),
            ({(1, 2): 3}, "{(1, 2): 3}"),
        ],
    )
    def test_a_cell_of_metadata_is_text_number_or_truth(self, value, stored):
        data = [{"text1": "a b", "text2": "c d", "gold": 1, "extra": value}]
        [row] = read(data)
        found = row.metadata["extra"]
        assert (found, type(found)) == (stored, type(stored))

    def test_equal_records_have_names_of_their_own_that_stay(self):
        once, twice = read(RECORDS), read([RECORDS[0], *RECORDS])
        names = [row.pair_id for row in twice]
        assert len(set(names)) == 3
        assert [names[0], names[2]] == [row.pair_id for row in once]

    def test_names_are_all_different_where_records_share_a_bit(self, monkeypatch):
        monkeypatch.setattr("siamviz.study.rows._ROOM", 1)
        data = [{"text1": "a b", "text2": f"c {n % 30}"} for n in range(90)]
        assert len({row.pair_id for row in read(data)}) == 90

    def test_names_take_no_memory_where_no_record_is_there_twice(self):
        def records():
            return ((f"a {n}", "b c") for n in range(20_000))

        found = rows(
            Source("pairs", ("text1", "text2"), records), Columns("text1", "text2", None, ())
        )
        tracemalloc.start()
        try:
            next(found)
            first = tracemalloc.get_traced_memory()[0]
            assert sum(1 for _ in found) == 19_999
            assert tracemalloc.get_traced_memory()[1] < first + 100_000
        finally:
            tracemalloc.stop()

    def test_names_depend_on_the_settings(self):
        found = source(RECORDS)
        columns = choose_columns(found)
        named = [next(rows(found, columns, settings=given)).pair_id for given in ("x", "y")]
        assert named[0] != named[1]


class TestBadSources:
    def test_an_unknown_ending_is_told_the_known_ones(self, tmp_path):
        with pytest.raises(DataError, match=r"'.xlsx', which is not known.*\.parquet"):
            source(tmp_path / "x.xlsx")

    def test_a_missing_file_and_a_directory_say_so(self, tmp_path):
        with pytest.raises(DataError, match="does not exist"):
            source(tmp_path / "x.csv")
        (tmp_path / "d.csv").mkdir()
        with pytest.raises(DataError, match="is a directory"):
            source(tmp_path / "d.csv")

    @pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
    def test_an_empty_file_says_so(self, tmp_path, name):
        with pytest.raises(DataError, match="is empty: it holds no records"):
            source(written(tmp_path, name, "\n\n"))

    def test_empty_tables_say_so(self, tmp_path):
        pq.write_table(TABLE.slice(0, 0), tmp_path / "x.parquet")
        for empty in (pd.DataFrame({"a": []}), TABLE.slice(0, 0), tmp_path / "x.parquet"):
            with pytest.raises(DataError, match=r"no rows|no records"):
                source(empty)

    def test_a_wrong_encoding_is_told_what_to_try(self, tmp_path):
        path = written(tmp_path, "x.csv", "text1,text2\nsoirée,été\n", "latin-1")
        with pytest.raises(DataError, match=r"not in the encoding 'utf-8'.*encoding='latin-1'"):
            list(source(path).open())
        assert read(path, encoding="latin-1")[0].text_b == "été"
        with pytest.raises(DataError, match="'latin-99' is not known"):
            source(path, encoding="latin-99")

    def test_a_column_that_is_there_twice_is_named(self, tmp_path):
        with pytest.raises(DataError, match="the column 'a' 2 times"):
            source(written(tmp_path, "x.csv", "a,a,b\n1,2,3\n"), header=True)

    def test_what_is_no_parquet_says_so(self, tmp_path):
        with pytest.raises(DataError, match="is no Parquet file"):
            source(written(tmp_path, "x.parquet", "text"))

    @pytest.mark.parametrize("data", [3, None, [], [["a", "b"]]])
    def test_anything_else_is_told_what_there_is(self, data):
        with pytest.raises(ArgumentTypeError, match="Pairs come from a path"):
            source(data)


def test_broken_records_are_no_records():
    assert isinstance(source(RECORDS), Source)
    assert not isinstance(Broken("why"), tuple)


def test_without_pyarrow_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match=r"pip install 'siamviz\[study\]'"):
        source(tmp_path / "x.parquet")
    assert len(read(RECORDS)) == 2


def test_a_dataset_that_is_streamed_is_told_to_be_loaded():
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_list(RECORDS)
    assert [row.gold for row in read(whole)] == [0.9, 0.0]
    with pytest.raises(DataError, match="Load it without streaming=True"):
        source(whole.to_iterable_dataset())
    with pytest.raises(DataError, match="several splits: 'train'"):
        source(datasets.DatasetDict(train=whole))


def test_keys_that_are_no_texts_are_columns():
    [row] = read([{"text1": "a b", "text2": "c d", 7: "x"}])
    assert row.metadata == {"7": "x"}
    with pytest.raises(DataError, match="the column '7' 2 times"):
        source([{7: "x", "7": "y"}])


def test_text_in_parquet_that_is_no_text_is_told(tmp_path):
    wrong = pa.array([b"\xff"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text1": wrong, "text2": ["x"]}), tmp_path / "x.parquet")
    found = source(tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x\.parquet' cannot be read to its end: .*0xff"):
        list(found.open())


class TestSurvey:
    @staticmethod
    def kinds(*values: object) -> str:
        found = source([{"text1": "a b", "text2": "c d", "extra": value} for value in values])
        return survey(found, Columns("text1", "text2", None, ("extra",))).kinds["extra"]

    @pytest.mark.parametrize(
        ("values", "kind"),
        [
            ((np.float64(1.5), 2.5), "float"),
            ((np.float64(1.5), None, pd.NA), "float"),
            ((np.int64(1), 2), "int"),
            ((np.int64(1), np.float32(0.5)), "float"),
            ((np.bool_(True), False), "bool"),
            ((True, 1), "str"),
            ((Decimal("1.5"), Decimal("2.5")), "float"),
            ((Decimal(1), Decimal(2**70)), "str"),
            ((date(2020, 1, 1), pd.NaT), "str"),
            (("1", "2.5"), "float"),
            (("007",), "str"),
            ((None, ""), "str"),
        ],
    )
    def test_finds_the_narrowest_kind(self, values, kind):
        assert self.kinds(*values) == kind

    def test_nullable_columns_of_pandas_are_stored(self):
        extra = {
            "f": [0.5, None],
            "n": [1, None],
            "flag": [True, None],
            "day": [None, date(2020, 1, 1)],
        }
        frame = pd.DataFrame({"text1": ["a", "b"], "text2": ["c", "d"], **extra}).convert_dtypes()
        found = source(frame)
        columns = choose_columns(found, "text1", "text2")
        known = survey(found, columns)
        assert known.kinds | {"day": "str"} == {
            "f": "float",
            "n": "int",
            "flag": "bool",
            "day": "str",
        }
        first, second = rows(found, columns)
        assert [cast(first.metadata[n], kind) for n, kind in known.kinds.items()] == [
            0.5,
            1,
            True,
            None,
        ]
        assert [cast(second.metadata[n], known.kinds[n]) for n in ("f", "n", "flag")] == [None] * 3

    def test_names_of_a_runs_own_columns_are_taken(self):
        names = stored_names(Columns("x", "y", None, (*COLUMNS["pairs"], "Score", "own")))
        assert all(names[name] == f"meta_{name}" for name in COLUMNS["pairs"])
        assert (names["Score"], names["own"]) == ("meta_Score_", "own")


@pytest.mark.parametrize("name", ["a", 'a "b"', "select", "a; b -- ü"])
def test_a_quoted_name_is_one_name(name):
    assert duckdb.sql(f"SELECT 1 AS {quoted(name)}").columns == [name]
