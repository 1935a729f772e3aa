"""How much of the machine's float32 matrix-product peak forward mode reaches."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import torch
from torch import nn

from siamviz import RightRiemann
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number, seconds

WHAT = "share of the float32 matrix-product peak, MPNet layer 0"
STEPS = 8
SHAPES = ((2048, 2048, 2048), (4096, 4096, 4096), (2048, 768, 3072), (2048, 3072, 768))


def matmul_peak(rounds: int = 3) -> float:
    """The best float32 rate over a few large products, in operations a second."""
    best = 0.0
    for m, k, n in SHAPES:
        a, b = torch.randn(m, k), torch.randn(k, n)
        torch.mm(a, b)
        times = [seconds(lambda a=a, b=b: torch.mm(a, b)) for _ in range(rounds)]
        best = max(best, 2 * m * k * n / min(times))
    return best


def run() -> Iterator[Row]:
    """Useful work of one sentence over its time, over the peak of the same process."""
    if data.mpnet_folder() is None:
        yield skipped(WHAT, data.NO_MPNET)
        return
    explainer = data.mpnet()
    layers = explainer.model[0].auto_model.encoder.layer
    weights = sum(m.weight.numel() for m in layers.modules() if isinstance(m, nn.Linear))
    shares, rates = [], []
    for text in (data.PAIR[0], *data.PAIR):
        peak = matmul_peak()
        explainer.cache.clear()
        results = []
        time = seconds(
            lambda text=text, results=results: results.append(
                explainer.contributions(text, quadrature=RightRiemann(STEPS))
            )
        )
        tokens = len(results[0].tokens)
        tangents = int((results[0].vectors != 0).any(1).sum())
        work = 2 * weights * tokens * (tangents + 1) * STEPS
        rates.append(work / time)
        shares.append(work / time / peak)
    yield Row(
        WHAT,
        f"{median(shares[1:]):.0%}",
        "60 %",
        "75 %",
        f"{number(median(rates[1:]) / 1e9)} of {number(peak / 1e9)} GFLOP/s; useful work = "
        f"2 · linear weights · S · (nonzero tangents + 1) · N, N = {STEPS}",
    )
