"""The report of a run: one file whose numbers are those of the run, and which asks for nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from export_cases import HOSTILE, Page
from frames import unpack
from runs import RECORDS, records, small_run

from siamviz.errors import DataError, FrontEndMissingError, InvalidArgumentError
from siamviz.export import bundle
from siamviz.study import figures, looks, report, report_data
from siamviz.study.analysis import analyze
from siamviz.study.looks import Frame, Look
from siamviz.study.run import Run

USABLE = len(RECORDS) - 1
STORABLE = [text for text in HOSTILE if "\ud800" not in text]
DATA = re.compile(r'<script type="application/json" id="siamviz-data">(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, explainer) -> Run:
    made = small_run(tmp_path_factory.mktemp("run"), model=explainer)
    made.tag(9, tag="synonym", star=True)
    return made


@pytest.fixture(scope="module")
def page(run, tmp_path_factory) -> str:
    path = run.report(tmp_path_factory.mktemp("page") / "report.html", worst=2)
    return path.read_text("utf-8")


def data_of(page: str) -> dict:
    [found] = DATA.findall(page)
    return json.loads(found)


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def markup(page: str) -> str:
    return re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)


def report_of(run: Run, folder, **options) -> str:
    return run.report(folder / "report.html", **options).read_text("utf-8")


def test_the_page_says_what_was_analysed_and_how_well_it_agrees_with_gold(run, page) -> None:
    seen = Page(markup(page))
    found = run.metrics().iloc[0]
    for name in ("spearman", "pearson", "mae"):
        assert f"{found[name]:.3f}" in seen.text
        low, high = (f"{found[f'{name}_{end}']:.3f}" for end in ("low", "high"))
        assert f"[{low}, {high}]".replace("-", "−") in seen.text
    said = [
        "Errors of all-MiniLM-L6-v2 on",
        "13 pairs",
        "layer 4",
        "baseline pad",
        "gauss-legendre, 4 steps",
    ]
    for words in [*said, "One pair could not be used", "text B ('second') is missing", "genre"]:
        assert words in seen.text
    residuals = run.sql("SELECT relative_residual AS r FROM attributions")["r"]
    assert f"miss at most {np.quantile(residuals, 0.95):.2g} of" in seen.text


def test_slices_have_their_own_numbers(run, page) -> None:
    text = Page(markup(page)).text
    for column in ("genre", "year"):
        for row in run.metrics(column).to_dict("records"):
            assert f"{row['mae']:.3f}" in text
            assert str(row[column]) in text


def test_points_and_texts_are_in_order_of_their_errors(run, page) -> None:
    data, pairs = data_of(page), run.pairs("score IS NOT NULL").to_frame()
    worst = pairs.loc[pairs["difference"].abs().sort_values(ascending=False).index]
    np.testing.assert_allclose(floats(data["scores"]), worst["score"], atol=1e-6)
    np.testing.assert_allclose(floats(data["goldScores"]), worst["gold"], atol=1e-6)
    assert [text[:4] for text in data["texts"]] == [
        [place, *row]
        for place, row in enumerate(worst[["row", "text_a", "text_b"]].values.tolist())
    ]
    assert [text[1:2] + text[4:] for text in data["texts"] if text[5]] == [[9, True, "synonym"]]


def test_the_worst_and_the_marked_pairs_have_their_attributions(run, page) -> None:
    data = data_of(page)
    rows = [data["texts"][place][1] for place, _ in data["views"]]
    worst = run.pairs("difference IS NOT NULL", order="abs(difference) DESC", limit=2)
    assert rows == [*worst.to_frame()["row"], 9]
    for row, (_, view) in zip(rows, data["views"], strict=True):
        [frame] = view["frames"]
        header, arrays = unpack(base64.b64decode(frame["frame"]))
        assert np.array_equal(arrays["matrix"], run.pair(row).matrix.astype(np.float32))
        assert header["text_a"] == view["state"]["text_a"] == run.pair(row).text_a


def test_word_pairs_name_the_pairs_of_texts_in_which_they_meet(run, page) -> None:
    data = data_of(page)
    rows = [text[1] for text in data["texts"]]
    assert data["examples"]
    for a, b, places in data["examples"]:
        found = run.sql("SELECT DISTINCT row FROM word_pairs WHERE a = ? AND b = ?", [a, b])
        assert sorted(rows[place] for place in places) == sorted(found["row"])
    league = run.word_pairs(least=2, limit=None)
    harmful = league[league["harm"] > 0].head(report_data.LEAGUE)
    names = [(a, b) for a, b, _ in data["examples"]]
    assert names[: len(harmful)] == list(zip(harmful["a"], harmful["b"], strict=True))
    text = Page(markup(page)).text
    assert f"{harmful['harm'].iloc[0]:+.3f}" in text


def test_the_policy_allows_two_scripts_by_their_hashes(page) -> None:
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    [script] = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    [packed] = re.findall(r'<script type="text/plain" id="siamviz-bokeh">(.*?)</script>', page)
    library = gzip.decompress(base64.b64decode(packed))
    digests = [
        base64.b64encode(hashlib.sha256(text).digest()).decode()
        for text in (script.encode(), library)
    ]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert b"Bokeh" in library


def test_the_page_asks_for_nothing_and_is_small(page) -> None:
    seen = Page(re.sub(r"<noscript>|</noscript>", "", markup(page)))
    assert not {"src", "href", "style", "srcset", "action"} & {name for name, _ in seen.attributes}
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not {"img", "link", "iframe", "object", "base", "form"} & set(seen.tags)
    assert len(page) < 1024 * 1024


def test_hostile_texts_stay_texts(tmp_path, explainer) -> None:
    rows = [(text, text[::-1] + " dog", i / 20, text, 1) for i, text in enumerate(STORABLE)]
    frame = records([*rows, *rows]).rename(columns={"year": "</style><script>alert(1)</script>"})
    frame["genre"] = [f"{text}{i % 2}" for i, text in enumerate(frame["genre"].str[:3])]
    hostile = analyze(
        frame, model=explainer, out=tmp_path / "run", text_a="first", text_b="second",
        gold="score", layer=6, quadrature="gauss-legendre", steps=1, progress=False,
    )  # fmt: skip
    hostile.tag(0, tag=HOSTILE[0], note=HOSTILE[1])
    made = report_of(hostile, tmp_path, title=HOSTILE[0], worst=40)
    assert made.count("<script") == made.count("</script") == 3
    assert made.count("<style") == made.count("</style") == 1
    assert not re.search("[\u2028\u202e\x00\x07\x1b]", made)
    seen = Page(re.sub(r"<noscript>|</noscript>", "", markup(made)))
    assert not {"img", "b onmouseover=alert(1)", "title"} & (set(seen.tags) - {"title"})
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert sorted({text[2] for text in data_of(made)["texts"]}) == sorted(set(STORABLE))


def test_a_slice_is_reported_alone_and_named(run, tmp_path) -> None:
    made = report_of(run, tmp_path, slice="genre = 'news' AND gold < 0.5", worst=1)
    data = data_of(made)
    chosen = run.pairs("genre = 'news' AND gold < 0.5 AND score IS NOT NULL").to_frame()
    assert {text[1] for text in data["texts"]} == set(chosen["row"])
    assert len(data["views"]) == 1
    assert "only genre = &#x27;news&#x27; AND gold &lt; 0.5" in made


def test_pairs_that_are_not_attributed_get_their_pictures_computed(tmp_path, explainer) -> None:
    bare = analyze(
        records(), model=explainer, out=tmp_path / "run", text_a="first", text_b="second",
        gold="score", layer=6, quadrature="gauss-legendre", steps=1, attribute="none",
        progress=False,
    )  # fmt: skip
    made = report_of(bare, tmp_path, worst=1)
    data = data_of(made)
    assert len(data["views"]) == 1
    assert data["examples"] == []
    assert set(data["figures"]["light"]) == {"scatter", "histogram"}
    assert "Word pairs" not in made


def test_without_gold_there_are_scores_and_no_errors(tmp_path, explainer) -> None:
    frame = records()[["first", "second"]]
    bare = analyze(
        frame, model=explainer, out=tmp_path / "run", text_a="first", text_b="second", layer=6,
        quadrature="gauss-legendre", steps=1, progress=False,
    )  # fmt: skip
    made = report_of(bare, tmp_path, worst=1)
    data = data_of(made)
    scores = floats(data["scores"])
    assert (len(scores), data["gold"]) == (USABLE, False)
    assert (np.diff(scores) <= 0).all()
    assert set(data["figures"]["dark"]) == {"histogram", "curve"}
    text = Page(markup(made)).text
    assert "No pair has a gold score" in text
    assert "Raise the score most" in text
    assert "Spearman" not in text


def test_of_many_pairs_the_worst_and_the_marked_are_listed(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(looks, "FEW", 5)
    monkeypatch.setattr(report, "LISTED", 3)
    data = data_of(report_of(run, tmp_path, worst=1))
    assert len(floats(data["scores"])) == USABLE
    assert data["frame"]["points"] is False
    rows = [text[1] for text in data["texts"]]
    assert (len(rows), rows[-1]) == (4, 9)
    assert rows[:3] == [text[1] for text in data_of(report_of(run, tmp_path))["texts"][:3]]


def test_only_stored_pictures_are_asked_for_once_the_model_cannot_be_had(run) -> None:
    asked: list[int] = []

    class Unloadable:
        def pair(self, row: int) -> object:
            asked.append(row)
            if row in (1, 3):
                return run.pair(row)
            raise DataError("The model has other weights now.")

    found, reason = report_data._pictures(Unloadable(), [1, 2, 3, 4, 5], {1, 3})  # type: ignore[arg-type]
    assert list(found) == [1, 3]
    assert asked == [1, 2, 3]
    assert reason == "The model has other weights now."


def test_what_cannot_be_written_says_why_and_leaves_nothing(run, tmp_path, monkeypatch) -> None:
    with pytest.raises(InvalidArgumentError, match=r"'\.pdf' is not known. Use \.html"):
        run.report(tmp_path / "x.pdf")
    with pytest.raises(InvalidArgumentError, match=r"no' does not exist. Create it first"):
        run.report(tmp_path / "no" / "x.html")
    with pytest.raises(InvalidArgumentError, match="There is no pair to report on"):
        run.report(tmp_path / "x.html", slice="gold > 2")
    with pytest.raises(DataError, match="'golden' is no SQL condition"):
        run.report(tmp_path / "x.html", slice="golden")
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "FOLDER", tmp_path)
        with pytest.raises(FrontEndMissingError, match="The front end is not built"):
            run.report(tmp_path / "x.html")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "bokeh", None)
        with pytest.raises(ImportError, match=r"pip install 'siamviz\[study\]'"):
            run.report(tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


class TestFigures:
    def test_gold_scores_with_few_steps_have_a_column_each(self) -> None:
        gold = np.arange(26) / 25
        frame = Frame.of(gold + 0.1, np.full(26, 0.1))
        assert frame.columns == 25
        assert Frame.of(np.linspace(0, 1, 1001), np.zeros(1001)).columns == looks.COLUMNS

    def test_ranges_hold_every_pair_and_errors_are_symmetric(self) -> None:
        score, difference = np.array([-0.2, 1.3, np.nan]), np.array([-0.9, 0.4, np.nan])
        frame = Frame.of(score, difference)
        assert (frame.low, frame.high) == (-0.2, 1.3)
        assert (frame.edges[0], frame.edges[-1]) == (-0.9, 0.9)
        bare = Frame.of(score, None)
        assert (bare.edges[0], bare.edges[-1]) == (-0.2, 1.3)

    def test_a_heat_map_has_both_halves_of_the_square(self) -> None:
        classes = pd.DataFrame(
            {"a": ["ADJ", "NOUN"], "b": ["NOUN", "NOUN"], "n": [3, 4], "count": [5, 9],
             "mean": [-0.2, 0.1]}
        )  # fmt: skip
        made = figures.heat(classes, Look.of("light"))
        cells = made.renderers[0].data_source.data
        found = set(zip(cells["a"], cells["b"], cells["mean"], strict=True))
        assert found == {("ADJ", "NOUN", -0.2), ("NOUN", "ADJ", -0.2), ("NOUN", "NOUN", 0.1)}
        assert made.x_range.factors == ["NOUN", "ADJ"]
        assert figures.heat_limit(classes) == 0.2

    def test_what_follows_a_selection_holds_no_data(self) -> None:
        from bokeh.models import ColumnDataSource

        frame = Frame.of(np.array([0.1, 0.2]), np.array([0.0, 0.1]))
        for made in (
            figures.scatter(frame, Look.of("dark")),
            figures.histogram(frame, Look.of("dark"), gold=True),
        ):
            sources = list(made.select({"type": ColumnDataSource}))
            assert len(sources) >= 2
            assert all(source.name and not any(source.data.values()) for source in sources)

    def test_no_colour_of_an_error_is_near_the_page(self) -> None:
        from siamviz.color import contrast

        for theme in ("light", "dark"):
            look = Look.of(theme)
            assert min(contrast(color, look.page) for color in look.errors) > 1.15
