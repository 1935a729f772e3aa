"""Text files: tabs and quotes, encodings, and lines that are no records."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from readings import RECORDS, STARS, read, written

from siamviz.errors import DataError
from siamviz.study.columns import choose_columns
from siamviz.study.records import Broken
from siamviz.study.rows import rows
from siamviz.study.sources import source


def test_quotes_in_a_file_with_tabs_are_characters_of_the_text(tmp_path: Path):
    file = tmp_path / "pairs.tsv"
    file.write_text(
        'a\tb\tgold\n"Stop, he said.\tHe said "stop".\t1\nNo quote.\tNone"\t0\n'
        '"He said ""stop""."\tx\t1\n',
        encoding="utf-8",
    )
    assert list(source(file).open()) == [
        ('"Stop, he said.', 'He said "stop".', "1"),
        ("No quote.", 'None"', "0"),
        ('He said "stop".', "x", "1"),
    ]


def test_a_tab_inside_quotes_belongs_to_the_field(tmp_path: Path):
    file = tmp_path / "pairs.tsv"
    file.write_text('a\tb\n"one\ttwo"\tthree\n', encoding="utf-8")
    assert list(source(file).open()) == [("one\ttwo", "three")]


def tabs(folder: Path, content: str, **options: Any) -> list[Any]:
    return list(source(written(folder, "pairs.tsv", content), **options).open())


class TestTabs:
    def test_a_ragged_line_does_not_make_quotes_swallow_others(self, tmp_path):
        body = "".join(f"pair {n}\tx\t{n % 6}\n" for n in range(20))
        found = tabs(tmp_path, f'a\tb\tgold\n"Open\tx\t1\n{body}ragged\tline\n{body}')
        assert found[0] == ('"Open', "x", "1")
        assert [type(record) for record in found].count(Broken) == 1
        assert len(found) == 42
        assert found[21] == "record 23 has 2 fields where 3 are expected"

    @pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    @pytest.mark.parametrize("header", [True, False])
    def test_quotes_around_every_text_are_no_part_of_it(self, tmp_path, quoting, header):
        path = tmp_path / "x.tsv"
        pd.DataFrame(RECORDS).to_csv(path, index=False, sep="\t", quoting=quoting, header=header)
        first, second = source(path, header=header).open()
        assert first == ("A cat sleeps.", "The kitten naps.", "4.5", "home")
        assert second[1] == 'He said "no", twice.'
        if header:
            assert [row.gold for row in read(path)] == [0.9, 0.0]

    def test_a_line_break_inside_quotes_belongs_to_the_field(self, tmp_path):
        content = 'a\tb\tgold\n"one\ntwo"\tthree\t1\nfour\tfive\t2\n'
        assert tabs(tmp_path, content) == [("one\ntwo", "three", "1"), ("four", "five", "2")]

    def test_a_quote_that_is_never_closed_is_a_character(self, tmp_path, monkeypatch):
        monkeypatch.setattr("siamviz.study.textfiles._FIELD_LIMIT", 50)
        body = "four\tfive\t2\n" * 20
        assert len(tabs(tmp_path, f'a\tb\tgold\n"one\ttwo\t1\n{body}')) == 21


class TestTextFiles:
    @pytest.mark.parametrize("header", [None, True])
    def test_an_index_without_a_name_is_a_column(self, tmp_path, header):
        path = tmp_path / "x.csv"
        pd.DataFrame(RECORDS).to_csv(path)
        found = source(path, header=header)
        assert found.columns == ("column_1", "sentence1", "sentence2", "score", "genre")
        assert [row.gold for row in rows(found, choose_columns(found), STARS)] == [0.9, 0.0]

    def test_only_the_first_name_may_be_empty_unless_it_is_said_to_be_one(self, tmp_path):
        path = written(tmp_path, "x.csv", "a b,,c d\ne f,x,g h\n")
        assert source(path).columns == ("column_1", "column_2", "column_3")
        assert source(path, header=True).columns == ("a b", "column_2", "c d")

    def test_a_name_that_no_table_can_hold_is_told(self):
        for name in ("a\0", "a\ud800"):
            with pytest.raises(DataError, match="NUL character or half of a surrogate pair"):
                source([{name: "x"}])

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
    def test_names_without_records_are_told(self, tmp_path, name):
        path = written(tmp_path, name, "text1,text2\n".replace(",", "\t" if "t" in name else ","))
        with pytest.raises(DataError, match=r"no records, only the names .*header=False"):
            source(path)
        assert len(list(source(path, header=False).open())) == 1

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl"])
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_marks_and_line_ends_of_other_systems_are_no_text(self, tmp_path, name, encoding):
        tab = "," if name == "x.csv" else "\t"
        lines = [tab.join(("text1", "text2")), tab.join(("a é", "c d"))]
        if name == "x.jsonl":
            lines = [json.dumps({"text1": "a é", "text2": "c d"}, ensure_ascii=False)]
        mark = "\ufeff" if encoding.startswith("utf-16-") else ""
        path = tmp_path / name
        path.write_bytes((mark + "\r\n".join(lines)).encode(encoding))
        found = source(path, encoding=encoding)
        assert found.columns == ("text1", "text2")
        assert list(found.open()) == [("a é", "c d")]

    @pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl"])
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_utf_16_that_is_not_told_is_named(self, tmp_path, name, encoding):
        path = written(tmp_path, name, "text1,text2\na b,c d\n", encoding)
        with pytest.raises(DataError, match=r"not in the encoding 'utf-8': .*'utf-16'"):
            source(path)

    def test_a_nul_in_a_text_is_kept(self, tmp_path):
        path = written(tmp_path, "x.csv", "text1,text2\na\0b,c d\n")
        assert read(path)[0].text_a == "a\0b"

    def test_what_an_open_quote_swallows_is_told(self, tmp_path):
        path = written(tmp_path, "x.csv", 'a,b,gold\n"one,two,1\nthree,four,2\n')
        [record] = source(path).open()
        assert record == (
            "record 2 has 1 fields where 3 are expected; it spans 3 lines, as after a quote that "
            "is opened and not closed"
        )

    def test_a_field_without_an_end_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setattr("siamviz.study.textfiles._FIELD_LIMIT", 50)
        path = written(tmp_path, "x.csv", 'a,b\nc,d\n"e,f\n' + "g,h\n" * 20)
        with pytest.raises(DataError, match=r"read as \.csv: field larger.*not closed"):
            list(source(path).open())

    def test_a_field_that_first_appears_late_is_a_column(self, tmp_path):
        lines = [json.dumps(RECORDS[0])] * 1500 + [json.dumps(RECORDS[0] | {"late": 7})]
        found = read(written(tmp_path, "x.jsonl", "\n".join(lines)))
        assert [found[0].metadata, found[-1].metadata] == [
            {"genre": "home", "late": None},
            {"genre": "home", "late": 7},
        ]

    @pytest.mark.parametrize(
        ("content", "said"),
        [("[\n]\n", "line 1 is no JSON: "), ("\n[{}]", "line 2 is no JSON object but list")],
    )
    def test_lines_of_which_none_is_an_object_are_told(self, tmp_path, content, said):
        with pytest.raises(DataError, match=f"holds no records: {said}"):
            source(written(tmp_path, "x.jsonl", content))
