"""What an interface waits for once the sentences are done."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from siamviz import GaussLegendre
from tests.benchmarks import data
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number, seconds


def _pair() -> Row:
    explainer = data.minilm()
    explainer.explain(*data.PAIR)

    def again() -> None:
        pair = explainer.explain(*data.PAIR, similarity="dot")
        pair.by("word").fold()

    time = median(seconds(again) for _ in range(50))
    return Row(
        "pair from warm cache (one side new unit, similarity, fold)",
        f"{number(1e3 * time)} ms",
        "10 ms",
        "2 ms",
        "`explain` with another similarity, `by`, `fold`; MiniLM, median of 50",
    )


def _grid() -> Row:
    explainer = data.minilm()
    texts, source = data.sentences(100)
    rule = GaussLegendre(2)
    explainer.pairwise(texts, quadrature=rule)
    time = median(
        seconds(lambda: explainer.pairwise(texts, quadrature=rule).matrices()) for _ in range(5)
    )
    count = len(texts)
    return Row(
        f"all {count} × {count} matrices after the sentences are done, MiniLM",
        f"{number(time)} s",
        "1 s",
        "0.3 s",
        f"`pairwise(...).matrices()` of {source}, contributions cached; median of 5",
    )


def run() -> Iterator[Row]:
    """A pair and a grid of pairs from cached contributions."""
    yield _pair()
    yield _grid()
