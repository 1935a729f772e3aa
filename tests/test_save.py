"""Files: each format by its suffix, whole or not at all."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from builders import pair
from export_cases import by_word, hostile_pair

from siamviz.attribution import PairAttribution
from siamviz.errors import InvalidArgumentError
from siamviz.export import bundle, save
from siamviz.export.html import to_html
from siamviz.export.page import to_page


def test_each_suffix_writes_its_format(tmp_path):
    shown = by_word()
    for suffix in (".html", ".svg", ".json", ".csv"):
        save.save(shown, tmp_path / f"x{suffix}")
    assert (tmp_path / "x.html").read_text("utf-8") == to_page(shown)
    assert "<svg" in (tmp_path / "x.svg").read_text("utf-8")
    restored = PairAttribution.from_dict(json.loads((tmp_path / "x.json").read_text("utf-8")))
    assert np.array_equal(restored.matrix, shown.matrix)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.csv", "x.html", "x.json", "x.svg"]


def test_without_the_built_front_end_a_page_is_the_static_one(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    pair().save(tmp_path / "x.html", unit="word", folded=True)
    assert (tmp_path / "x.html").read_text("utf-8") == to_html(pair().by("word").fold())


def test_a_file_shows_the_unit_and_fold_that_are_asked_for(tmp_path):
    pair().save(tmp_path / "x.json", unit="word", folded=True)
    restored = PairAttribution.from_dict(json.loads((tmp_path / "x.json").read_text("utf-8")))
    assert (restored.unit, restored.folded) == ("word", True)


def test_a_csv_restores_every_number_exactly(tmp_path):
    shown = pair(coarse=True, draws=3, dtype=np.float32)
    save.save(shown, str(tmp_path / "x.CSV"))
    with (tmp_path / "x.CSV").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    effects = np.array([row["effect"] for row in rows], dtype=shown.matrix.dtype)
    errors = np.array([row["standard_error"] for row in rows], dtype=shown.matrix.dtype)
    assert np.array_equal(effects.reshape(shown.matrix.shape), shown.matrix)
    assert np.array_equal(errors.reshape(shown.matrix.shape), shown.standard_error)
    assert [row["start_a"] for row in rows[:1]] == [""]
    assert rows[0]["special"] == "True"


def test_csv_text_is_inert():
    for cell in csv.reader(io.StringIO(save.to_csv(hostile_pair()))):
        for text in cell[:2]:
            assert text[:1] not in "=+-@\t\r" or not text
    assert save.inert("  =1+1") == "'  =1+1"
    assert save.inert("kitten") == "kitten"
    save.to_csv(hostile_pair()).encode("utf-8")


def test_an_unknown_suffix_lists_the_known_ones(tmp_path):
    message = (
        r"the suffix '\.eps' is not known. Use one of "
        r"\.html, \.json, \.csv, \.svg, \.tex, \.png, \.pdf\."
    )
    with pytest.raises(InvalidArgumentError, match=message):
        save.save(by_word(), tmp_path / "x.eps")


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"nowhere' does not exist\. Create it first\."):
        save.save(by_word(), tmp_path / "nowhere" / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "x.svg"
    target.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(save.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save.save(by_word(), target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
