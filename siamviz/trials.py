"""One pair explained again and again, under several baselines or several rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from siamviz.attribution import PairAttribution
from siamviz.baselines import parse_baseline
from siamviz.comparison import BaselineRow, ConvergenceRow, Table
from siamviz.errors import InvalidArgumentError
from siamviz.monitor import Monitor, Progress
from siamviz.quadrature import parse_rule

Explain = Callable[..., PairAttribution]
"""Explains the pair, given a `baseline` or a `quadrature`, and `progress`."""


def compare_baselines(
    explain: Explain, baselines: Sequence[Any], progress: Progress | None
) -> Table:
    """A `BaselineRow` for each baseline; all are checked before any is computed."""
    whole = Monitor(progress=progress)
    labels = [parse_baseline(baseline).label for baseline in baselines]
    parts = [whole.part(len(labels)) for _ in labels]
    tried = zip(baselines, labels, parts, strict=True)
    return Table(tuple(_baseline_row(explain, *one) for one in tried))


def _baseline_row(explain: Explain, baseline: Any, label: str, part: Monitor) -> BaselineRow:
    began = time.perf_counter()
    try:
        pair = explain(baseline=baseline, progress=part.report)
    except InvalidArgumentError as error:
        if "tokenizer has no" not in str(error):
            raise
        part.report(1.0)
        return BaselineRow(label, error=str(error))
    return BaselineRow(
        label,
        pair.ledger,
        pair.ledger.pairs / pair.score if pair.score else None,
        pair.relative_residual,
        pair.converged,
        pair.steps,
        time.perf_counter() - began,
    )


def compare_rules(
    explain: Explain, steps: Sequence[int], rules: Sequence[str], progress: Progress | None
) -> Table:
    """A `ConvergenceRow` for each rule and each number of steps.

    Raises
    ------
    InvalidArgumentError
        If `steps` is empty, or a rule or number makes no sense.
    """
    if not steps:
        raise InvalidArgumentError("steps is empty. Give at least one number of steps.")
    rows: list[ConvergenceRow] = []
    whole = Monitor(progress=progress)
    for name in rules:
        before = None
        for count in steps:
            began = time.perf_counter()
            part = whole.part(len(rules) * len(steps))
            pair = explain(quadrature=parse_rule(name, count), progress=part.report)
            change = None if before is None else float(np.abs(pair.matrix - before).max())
            before = pair.matrix
            rows.append(
                ConvergenceRow(
                    name,
                    pair.steps,
                    pair.relative_residual,
                    abs(pair.residual),
                    change,
                    time.perf_counter() - began,
                )
            )
    return Table(tuple(rows))
