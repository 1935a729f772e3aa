"""``python -m tests.benchmarks [names]``: measure, and print the table in Markdown."""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

from siamviz.machine import machine
from tests.benchmarks.table import Row, markdown

NAMES = (
    "imports", "warm", "memory", "steps", "peak", "published", "certified", "retrivex", "corpus",
    "widget", "batch", "dataset", "kills", "store", "explorer", "cluster", "exact",
)  # fmt: skip


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(NAMES)}")
    names = parser.parse_args().names or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        parser.error(f"{unknown[0]!r} is not a benchmark; use any of {', '.join(NAMES)}")
    rows: list[Row] = []
    for name in names:
        began = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        for row in import_module(f"tests.benchmarks.{name}").run():
            rows.append(row)
            print(f"  {row.what}: {row.measured} ({row.how})", file=sys.stderr, flush=True)
        print(f"  {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print(markdown(rows))
    print(f"\nMeasured on: {machine()}.")


main()
