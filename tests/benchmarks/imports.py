"""How long ``import siamviz`` takes, and that it leaves torch alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from tests.benchmarks.table import Row

SCRIPT = """
import json, sys, time
began = time.perf_counter()
import siamviz
taken = time.perf_counter() - began
print(json.dumps([taken, "torch" in sys.modules]))
"""


def run() -> Iterator[Row]:
    """Five fresh processes."""
    found = []
    for _ in range(5):
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    torch = "torch is imported" if any(loaded for _, loaded in found) else "torch is not imported"
    time = median(taken for taken, _ in found)
    yield Row("`import siamviz`", f"{time:.3f} s, {torch}", "0.2 s, no torch", "", "median of 5")
