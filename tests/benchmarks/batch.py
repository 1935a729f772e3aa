"""Contributions of many texts: share of the machine's peak, time for a dataset, residuals."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np
from torch import nn

from siamviz.contributions import SentenceContributions
from tests.benchmarks import data
from tests.benchmarks.peak import matmul_peak
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number

WHAT = "whole of STS-B dev, MiniLM, layer 0: share of the float32 matrix-product peak"
TEXTS, PART, STEPS = 96, 16, 11
RESIDUAL_STEPS = (10, 11, 12)
GOAL = 2e-2


def texts_of_dev() -> list[str]:
    """The distinct texts of STS-B dev, shortest first, as a dataset's run visits them."""
    rows = data.stsb("dev") or []
    texts = list(dict.fromkeys(text for a, b, _ in rows for text in (a, b)))
    lengths = dict(zip(texts, data.minilm().lengths(texts), strict=True))
    return sorted(texts, key=lengths.__getitem__)


def useful_work(found: Sequence[SentenceContributions]) -> float:
    """Operations of the linear layers: 2 · weights · S · (nonzero tangents + 1) · N a text."""
    layers = data.minilm().model[0].auto_model.encoder.layer
    weights = sum(m.weight.numel() for m in layers.modules() if isinstance(m, nn.Linear))
    return sum(
        2.0 * weights * len(one.tokens) * (int((one.vectors != 0).any(1).sum()) + 1) * one.steps
        for one in found
    )


def run() -> Iterator[Row]:
    """Parts of neighbouring texts spread over all lengths, the peak taken before and after."""
    texts = texts_of_dev()
    if not texts:
        yield skipped(WHAT, data.NO_STSB)
        return
    explainer = data.minilm()
    explainer.contributions_many(texts[:PART], steps=STEPS)
    starts = np.linspace(0, len(texts) - PART, TEXTS // PART, dtype=int)
    shares, ideal, works, times = [], [], [], []
    for start in starts:
        peak = matmul_peak(1)
        explainer.cache.clear()
        began = time.perf_counter()
        found = explainer.contributions_many(texts[start : start + PART], steps=STEPS)
        times.append(time.perf_counter() - began)
        works.append(useful_work(found))
        ideal.append((peak + matmul_peak(1)) / 2)
        shares.append(works[-1] / times[-1] / ideal[-1])
    scale = len(texts) / (len(starts) * PART)
    minutes = scale * sum(works) / median(ideal) / median(shares) / 60
    yield Row(
        WHAT,
        f"{median(shares):.0%}",
        "45 %",
        "65 %",
        f"{len(starts)} parts of {PART} texts, {STEPS} calibrated steps, of "
        f"{number(median(ideal) / 1e9)} GFLOP/s; useful work as in the benchmark of the peak",
    )
    yield Row(
        f"whole of STS-B dev, MiniLM, layer 0: {len(texts):,} texts",
        f"{minutes:.0f} min",
        "22 min",
        "14 min",
        f"estimated from the share and the median peak; by the clock {scale * sum(times) / 60:.0f} "
        "min",
    )
    yield from residuals(texts)


def residuals(texts: list[str]) -> Iterator[Row]:
    """The relative residual that 95 % of a spread sample stay below, for each number of steps."""
    explainer = data.minilm()
    sample = data.spread(texts, TEXTS)
    worst = []
    for steps in RESIDUAL_STEPS:
        found = explainer.contributions_many(sample, steps=steps)
        worst.append(np.percentile([one.relative_residual for one in found], 95))
    shown = ", ".join(
        f"{steps}: {value:.3f}" for steps, value in zip(RESIDUAL_STEPS, worst, strict=True)
    )
    enough = [n for n, value in zip(RESIDUAL_STEPS, worst, strict=True) if value <= GOAL]
    yield Row(
        f"calibrated steps for a residual of at most {GOAL:g} on 95 % of texts",
        f"{enough[0]}" if enough else f"more than {RESIDUAL_STEPS[-1]}",
        how=f"95th percentile over {len(sample)} STS-B dev texts at {shown}",
    )
