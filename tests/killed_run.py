"""Runs in a process of their own that is killed at a random moment, then resumed.

``python -m tests.killed_run FILE OUT`` makes a run in very small parts and says when it begins.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
STEPS = 2


@dataclass(frozen=True)
class Damage:
    """What is wrong with a run after it was killed and resumed."""

    missing: int
    double: int
    unreadable: int

    def __bool__(self) -> bool:
        return bool(self.missing or self.double or self.unreadable)


def write_pairs(file: Path, count: int) -> None:
    """Write `count` pairs of short texts, a few of them without a second text."""
    subjects = ("dog", "cat", "bird", "child", "woman", "man", "horse", "fox")
    verbs = ("runs", "sleeps", "sings", "waits", "swims")
    lines = ["a,b,gold"]
    for i in range(count):
        b = "" if i % 9 == 4 else f"A {subjects[(i * 3) % 8]} {verbs[(i * 7) % 5]} {i % 6}"
        lines.append(f"The {subjects[i % 8]} {verbs[i % 5]},{b},{i % 3 / 2}")
    file.write_text("\n".join(lines), encoding="utf-8")


def kill_once(file: Path, out: Path, rng: np.random.Generator, longest: float) -> bool:
    """Start the run, kill it after a random time, and return whether it was still at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.killed_run", str(file), str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(rng.uniform(0.0, longest))
    alive = process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    return alive


def damage(folder: Path, count: int) -> Damage:
    """Look for pairs that are missing, double or unreadable, by reading the files one by one."""
    import pyarrow as pa

    broken: list[Path] = []

    def rows(table: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for part in sorted((folder / table).glob("part-*")):
            try:
                found += _read(part).select([*_KEYS[table]]).to_pylist()
            except (pa.ArrowException, OSError):
                broken.append(part)
        return found

    pairs, attributed, texts = rows("pairs"), rows("attributions"), rows("texts")
    usable = {row["row"] for row in pairs if row["status"] == "ok"}
    missing = count - len({row["row"] for row in pairs})
    missing += len(usable - {row["row"] for row in attributed})
    double = sum(len(found) - len({row[key] for row in found}) for found, key in (
        (pairs, "pair_id"), (attributed, "row"), (texts, "text_id"),
    ))  # fmt: skip
    return Damage(missing, double, len(broken))


_KEYS = {"pairs": ("row", "pair_id", "status"), "attributions": ("row",), "texts": ("text_id",)}


def _read(part: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if part.suffix == ".parquet":
        return pq.read_table(part)
    with pa.memory_map(str(part)) as file:
        return pa.ipc.open_file(file).read_all()


def main(file: str, out: str) -> None:
    """Make the run, in parts of a few rows."""
    import siamviz
    from siamviz.study import analysis, runner, stages

    stages.TEXTS_A_PART, runner.ROWS_A_PART, runner.PAIRS_A_ROUND = 3, 4, 4
    explainer = siamviz.Explainer()
    print("ready", flush=True)
    analysis.analyze(file, model=explainer, out=out, steps=STEPS, progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
