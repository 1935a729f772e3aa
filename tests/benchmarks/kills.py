"""Dataset runs killed at random moments, then resumed: what is missing, double or unreadable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from siamviz.study.analysis import analyze
from tests.benchmarks import data
from tests.benchmarks.table import Row
from tests.killed_run import STEPS, damage, kill_once, write_pairs

KILLS = 50
PAIRS = 60
LONGEST = 2.0


def run() -> Iterator[Row]:
    """Kill `KILLS` processes in all, five for each run, and finish every run then."""
    rng = np.random.default_rng(0)
    at_work = missing = double = unreadable = 0
    for _ in range(KILLS // 5):
        with tempfile.TemporaryDirectory() as folder:
            file, out = Path(folder) / "pairs.csv", Path(folder) / "run"
            write_pairs(file, PAIRS)
            at_work += sum(kill_once(file, out, rng, LONGEST) for _ in range(5))
            analyze(file, model=data.minilm(), out=out, steps=STEPS, progress=False)
            found = damage(out, PAIRS)
            missing += found.missing
            double += found.double
            unreadable += found.unreadable
    yield Row(
        f"{KILLS} runs killed, then resumed: missing, double, unreadable pairs",
        f"{missing}, {double}, {unreadable}",
        "0, 0, 0",
        "0, 0, 0",
        f"{at_work} of them killed at work, at a random moment; parts of 3 to 4 rows",
    )
