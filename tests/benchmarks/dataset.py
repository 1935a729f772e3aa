"""A whole dataset run on STS-B dev, and what a pair costs whose texts are known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from torch import nn

import siamviz
from siamviz.study.settings import DEFAULT_STEPS
from tests.benchmarks import data
from tests.benchmarks.peak import matmul_peak
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number

WHAT = "STS-B dev, whole run, MiniLM, layer 0"
SEEN = 1500


def run() -> Iterator[Row]:
    """Analyse the pairs in new order, then again as pairs of texts that are known."""
    pairs = data.stsb("dev")
    if pairs is None:
        yield skipped(WHAT, data.NO_STSB)
        return
    columns = ("text_a", "text_b", "gold")
    rows = [dict(zip(columns, pair, strict=True)) for pair in pairs]
    explainer = data.minilm()
    explainer.cache.clear()
    with tempfile.TemporaryDirectory() as folder:
        peaks = [matmul_peak()]
        began = time.perf_counter()
        made = siamviz.analyze(
            rows, model=explainer, out=Path(folder) / "run", gold_range=(0, 5), progress=False
        )
        taken = time.perf_counter() - began
        peaks.append(matmul_peak())
        residuals = made.sql("SELECT relative_residual FROM attributions")["relative_residual"]
        yield from _whole(made, taken, float(median(peaks)), residuals.to_numpy())
        yield _seen(made, explainer, taken)


def _whole(made: siamviz.Run, taken: float, peak: float, residuals: np.ndarray) -> Iterator[Row]:
    work = _work(made)
    texts = made.counts()["texts"]
    within = float((_of_texts(made) <= 2e-2).mean())
    yield Row(
        WHAT,
        f"{taken / 60:.1f} min",
        "22 min",
        "14 min",
        f"{len(made):,} pairs, {texts:,} texts, {DEFAULT_STEPS} calibrated steps; "
        f"{within:.1%} of texts with a relative residual of at most 2e-2, pairs' median "
        f"{np.median(residuals):.1e}",
    )
    yield Row(
        "share of the float32 product peak over the whole run",
        f"{work / taken / peak:.0%}",
        "45 %",
        "65 %",
        f"useful work = 2 · linear weights · Σ S · (nonzero tangents + 1) · N, reading and "
        f"writing included; peak {number(peak / 1e9)} GFLOP/s",
    )


def _of_texts(made: siamviz.Run) -> np.ndarray:
    from siamviz.study.shards import Shards
    from siamviz.study.store import Store

    shards = Shards(Store(made.folder))
    return np.array([shards.get(text_id).relative_residual for text_id in shards])


def _work(made: siamviz.Run) -> float:
    from siamviz.study.shards import Shards
    from siamviz.study.store import Store

    layers = made.explainer.model[0].auto_model.encoder.layer
    weights = sum(m.weight.numel() for m in layers.modules() if isinstance(m, nn.Linear))
    shards = Shards(Store(made.folder))
    total = 0
    for text_id in shards:
        vectors = shards.get(text_id).vectors
        total += len(vectors) * (int((vectors != 0).any(1).sum()) + 1)
    return 2.0 * weights * total * DEFAULT_STEPS


def _seen(made: siamviz.Run, explainer: siamviz.Explainer, taken: float) -> Row:
    """The same texts in other pairs: scores and attributions, nothing to integrate."""
    from siamviz.study.pairing import PairKey
    from siamviz.study.stages import PairStage

    frame = made.pairs().to_frame()
    shifted = frame["b"].to_numpy()[np.roll(np.arange(len(frame)), 7)]
    keys = [
        PairKey(row, pair_id, a, b, "all")
        for row, pair_id, a, b in zip(
            frame["row"], frame["pair_id"], frame["a"], shifted, strict=True
        )
    ]
    stage = PairStage(made.folder)
    began = time.perf_counter()
    stage(99_999, keys[:SEEN])
    seen = (time.perf_counter() - began) / len(keys[:SEEN])
    return Row(
        "a pair whose texts were seen before, relative to a new one",
        f"1/{number(taken / len(made) / seen)}",
        "1/50",
        "1/200",
        f"{number(1e3 * seen)} ms: read, multiplied, written, {len(keys[:SEEN]):,} pairs; a new "
        f"one {number(1e3 * taken / len(made))} ms",
    )
