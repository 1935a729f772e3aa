"""The error explorer on 100,000 pairs: from a selection to updated tables."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from siamviz.study.run import Run
from siamviz.study.store import Store
from siamviz.study.tables import COLUMNS, TOP_PERCENTS, schema
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number

PAIRS = 100_000
WORDS = 20_000
ROWS_A_PART = 2048
SELECTIONS = 40

SETTINGS = {
    "model": "synthetic", "weights": "", "configuration": "", "layer": 0, "baseline": "pad",
    "rule": "calibrated", "steps": 11, "tolerance": None, "similarity": "cosine",
    "precision": "auto", "prompt_a": None, "prompt_b": None, "task_a": None, "task_b": None,
}  # fmt: skip


def run() -> Iterator[Row]:
    """All figures of the explorer."""
    from siamviz.widgets.explorer import ErrorExplorer

    with tempfile.TemporaryDirectory() as folder:
        made = synthetic(Path(folder) / "run", PAIRS)
        began = time.perf_counter()
        explorer = ErrorExplorer(made)
        opened = time.perf_counter() - began
        explorer.wait()
        ready = time.perf_counter() - began
        yield Row(
            f"explorer opened, {PAIRS:,} pairs",
            f"{number(opened)} s",
            how=f"what can be seen; its first tables are there after {number(ready)} s",
        )
        yield _selections(explorer)
        explorer.close()


def _selections(explorer: Any) -> Row:
    taken: list[float] = []
    sizes: list[int] = []
    rng = np.random.default_rng(1)
    while len(taken) < SELECTIONS:
        x, y, width = rng.uniform(0, 0.8), rng.uniform(0.1, 0.8), rng.uniform(0.02, 0.3)
        corners = [[x, y], [x + width, y], [x + width, y + width], [x, y + width]]
        began = time.perf_counter()
        explorer._session.handle("filter", {"slot": "region", "value": corners})
        explorer.wait()
        taken.append(1000 * (time.perf_counter() - began))
        sizes.append(len(explorer.rows))
    return Row(
        f"selection to updated tables, {PAIRS:,} pairs, p95",
        f"{number(quantiles(taken, n=20)[-1])} ms",
        "500 ms",
        "150 ms",
        f"word pairs, word classes and metrics of {SELECTIONS} boxes of {min(sizes):,} to "
        f"{max(sizes):,} pairs; median {number(median(taken))} ms; synthetic words",
    )


def synthetic(folder: Path, pairs: int, *, linguistics: bool = True, seed: int = 0) -> Run:
    """A run of random pairs whose words follow Zipf's law."""
    kinds = {"genre": "str", "split": "int"}
    manifest = {"settings": SETTINGS, "input": {"records": pairs, "metadata": kinds}}
    store = Store.create(folder, f"synthetic{seed}", manifest)
    rng = np.random.default_rng(seed)
    chances = 1 / np.arange(8, WORDS + 8)
    words = np.array([f"word{i}" for i in range(WORDS)])
    texts: dict[str, list[Any]] = {"text_id": [], "word": [], "pos": [], "text": []}
    for part, first in enumerate(range(0, pairs, ROWS_A_PART)):
        rows = np.arange(first, min(first + ROWS_A_PART, pairs))
        lengths = rng.integers(6, 14, (2, len(rows)))
        drawn = rng.choice(WORDS, lengths.sum(), p=chances / chances.sum())
        split = np.split(words[drawn], np.cumsum(lengths.ravel())[:-1])
        sides = split[: len(rows)], split[len(rows) :]
        store.write("pairs", part, _pairs(store, rows, sides, rng))
        attributions, found = _attributions(store, rows, sides, rng)
        store.write("attributions", part, attributions)
        store.write("word_pairs", part, found)
        for side, name in zip(sides, "ab", strict=True):
            for row, text in zip(rows, side, strict=True):
                texts["text_id"] += [f"{name}{row}"] * len(text)
                texts["word"] += range(len(text))
                texts["pos"] += [POS[hash(word) % len(POS)] for word in text]
    if linguistics:
        _write_linguistics(store, texts)
    return Run(folder)


POS = ("NOUN", "VERB", "ADJ", "DET", "ADP", "PRON", "PROPN", "ADV", "NUM", "AUX")


def _write_linguistics(store: Store, texts: dict[str, list[Any]]) -> None:
    import pyarrow as pa

    size = len(texts["text_id"])
    own = schema("linguistics")
    columns = {name: texts[name] if texts.get(name) else [None] * size for name in own.names}
    store.write("linguistics", 0, pa.table(columns, schema=own))


def _pairs(store: Store, rows: Any, sides: Any, rng: np.random.Generator) -> Any:
    gold = np.round(rng.beta(1.2, 1.2, len(rows)) * 25) / 25
    score = np.clip(0.15 + 0.75 * gold + rng.normal(0, 0.12, len(rows)), -0.1, 1.0)
    columns = {
        "row": rows.tolist(),
        "pair_id": [f"{row:024x}" for row in rows],
        "text_a": [" ".join(text) for text in sides[0]],
        "text_b": [" ".join(text) for text in sides[1]],
        "gold": gold.tolist(),
        "score": score.tolist(),
        "difference": (score - gold).tolist(),
        "status": ["ok"] * len(rows),
        "error": [None] * len(rows),
        "a": [f"a{row}" for row in rows],
        "b": [f"b{row}" for row in rows],
        "genre": [("news", "forum", "captions", "headlines")[row % 7 % 4] for row in rows],
        "split": [int(row % 3) for row in rows],
    }
    return store.table("pairs", columns)


def _attributions(store: Store, rows: Any, sides: Any, rng: np.random.Generator) -> Any:
    found: dict[str, list[Any]] = {
        name: [] for name in ("row", "i", "j", "a", "b", "effect", "total")
    }
    for row, one, two in zip(rows.tolist(), *sides, strict=True):
        totals: dict[tuple[str, str], int] = {}
        effects = rng.normal(0.003, 0.03, (len(one), len(two))).tolist()
        for i, a in enumerate(one):
            for j, b in enumerate(two):
                pair = (str(min(a, b)), str(max(a, b)))
                found["row"].append(row)
                found["i"].append(i)
                found["j"].append(j)
                found["a"].append(pair[0])
                found["b"].append(pair[1])
                found["effect"].append(effects[i][j])
                if pair in totals:
                    found["total"][totals[pair]] += effects[i][j]
                    found["total"].append(None)
                else:
                    totals[pair] = len(found["total"])
                    found["total"].append(effects[i][j])
    size = len(rows)
    columns: dict[str, list[Any]] = {
        "row": rows.tolist(),
        "pair_id": [f"{row:024x}" for row in rows],
        "picked": ["all"] * size,
        "top_share": [[percent / 100 for percent in TOP_PERCENTS]] * size,
        "status": ["ok"] * size,
    }
    columns = {name: columns.get(name, [None] * size) for name in COLUMNS["attributions"]}
    return store.table("attributions", columns), store.table("word_pairs", found)
