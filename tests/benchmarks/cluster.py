"""Ray against the local engine on one machine, with as many threads in total."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from siamviz.models import DEFAULT_MODEL
from siamviz.study.analysis import analyze
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number, seconds

TEXTS = 100
ROUNDS = 2
WHAT = "overhead of a pair on Ray over local"


def run() -> Iterator[Row]:
    """All figures of the Ray engine."""
    try:
        import ray
    except ImportError:
        yield skipped(WHAT, "needs: pip install 'siamviz[ray]'")
        return
    import torch

    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        start = partial(ray.init, "local", num_cpus=threads, include_dashboard=False)
        up = seconds(partial(start, log_to_driver=False, logging_level="error"))
        try:
            yield from _figures(Path(folder), threads, up)
        finally:
            ray.shutdown()


def _figures(folder: Path, threads: int, up: float) -> Iterator[Row]:
    from siamviz.study.ray_engine import PAIRS_A_WORKER

    texts, source = data.sentences(TEXTS)
    pairs = [{"a": a, "b": b} for a, b in zip(texts[::2], texts[1::2], strict=True)]
    pools = {"1 worker": 1, f"{threads} workers": threads}
    engines: dict[str, dict[str, Any]] = {"local": {}}
    engines |= {name: {"engine": "ray", "workers": count} for name, count in pools.items()}
    few, many = _least(folder, engines, pairs[:1]), _least(folder, engines, pairs)
    own = many["local"] - few["local"]
    for name, count in pools.items():
        more = many[name] - few[name]
        yield Row(
            f"{WHAT}, {name}",
            f"{100 * (more / own - 1):+.1f} %",
            "≤ 20 %",
            "≤ 5 %",
            f"{len(pairs)} pairs of {source}, {threads} threads in all, without the seconds that "
            f"one pair takes: {number(more)} s against {number(own)} s",
        )
        yield Row(
            f"start of the workers, {name}",
            f"{number(few[name] - few['local'])} s",
            how=f"once for every {PAIRS_A_WORKER * count:,} pairs; Ray itself: {number(up)} s",
        )


def _least(
    folder: Path, engines: dict[str, dict[str, Any]], pairs: list[dict[str, str]]
) -> dict[str, float]:
    """The least seconds that each engine takes, in rounds of all."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, options in engines.items():
            out = folder / "run"
            call = partial(analyze, pairs, out=out, model=DEFAULT_MODEL, progress=False, **options)
            best[name] = min(best.get(name, float("inf")), seconds(call))
            shutil.rmtree(out)
    return best
