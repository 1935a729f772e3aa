"""Nodes to certify 1e-2, and the residual of calibrated nodes beside Gauss–Legendre's."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from siamviz import Adaptive, Calibrated, GaussLegendre
from siamviz.quadrature import Rule
from tests.benchmarks import data
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number

TOLERANCE = 1e-2
LADDER = (*range(8, 33, 2), *range(36, 65, 4))


def _residual(text: str, rule: Rule) -> float:
    """The relative residual by one tangent for the whole sentence: the sum needs no more."""
    return data.minilm().contributions(text, unit="sentence", quadrature=rule).relative_residual


def _needed(text: str) -> int:
    fitting = (n for n in LADDER if _residual(text, GaussLegendre(n)) <= TOLERANCE)
    return next(fitting, LADDER[-1])


def _adaptive(texts: list[str], source: str) -> Row:
    found = [data.minilm().contributions(t, quadrature=Adaptive(TOLERANCE)) for t in texts]
    steps = [result.steps for result in found]
    certified = sum(result.converged is True for result in found)
    gauss = [_needed(text) for text in texts]
    return Row(
        "nodes to certify 1e-2, MiniLM layer 0, median",
        number(median(steps)),
        "16",
        "12",
        f"{len(texts)} {source}, {certified} certified, at most {max(steps)} nodes and "
        f"{max(r.evaluations for r in found)} embeddings; Gauss–Legendre needs "
        f"{median(gauss):.0f}, at most {max(gauss)}",
    )


def _calibrated(texts: list[str], source: str) -> Iterator[Row]:
    for count in (8, 12, 16):
        plain, placed = (
            median(_residual(text, rule) for text in texts)
            for rule in (GaussLegendre(count), Calibrated(count))
        )
        yield Row(
            f"median residual at {count} steps: Gauss–Legendre ÷ calibrated, MiniLM layer 0",
            number(plain / placed),
            "8",
            "",
            f"{plain:.1e} and {placed:.1e}, {len(texts)} {source}",
        )


def run() -> Iterator[Row]:
    """Nodes of the default rule, and what calibration gains at equal steps."""
    texts, source = data.sentences(50)
    yield _adaptive(texts, source)
    yield from _calibrated(texts[::2], source)
