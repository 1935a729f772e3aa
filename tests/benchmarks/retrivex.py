"""retrivex 0.1.0 in an environment of its own, beside siamviz."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median

from siamviz import RightRiemann
from siamviz.models import packaged_model
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import number, seconds, shown

WHAT = "retrivex 0.1.0 ÷ siamviz, MiniLM layer 0, N = 16, one pair"
STEPS = 16
ROUNDS = 3
VENVS = "SIAMVIZ_BENCH_VENVS"
SHARED = ("torch", "transformers", "sentence-transformers", "numpy")
SCRIPT = """
import json, sys, time
from retrivex.stransformers import IntJacobianExplainableTransformer
folder, text_a, text_b, steps = sys.argv[1:]
model = IntJacobianExplainableTransformer(folder, device="cpu")
settings = {"num_interpolation_steps": int(steps), "layer_index": 0, "show_progress": False}
model.explain("A cat.", "A dog.", **{**settings, "num_interpolation_steps": 1})
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    matrix = model.explain(text_a, text_b, **settings)[0]
    print(json.dumps([time.perf_counter() - began, float(matrix.sum())]), flush=True)
"""


def _environment() -> Path:
    """Python of an environment with retrivex and this process's versions of what both use."""
    folder = Path(os.environ.get(VENVS, "out/venvs")) / "retrivex-0.1.0"
    python = folder / "bin" / "python"
    if (folder / "installed").is_file():
        return python
    venv.create(folder, with_pip=True, clear=True)
    pins = [f"{name}=={version(name).partition('+')[0]}" for name in SHARED]
    command = [python, "-m", "pip", "install", "--quiet", "retrivex==0.1.0", *pins]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (folder / "installed").touch()
    return python


class _Process:
    """retrivex in its own process: it explains the pair each time it is asked."""

    def __init__(self, python: Path) -> None:
        command = [python, "-W", "ignore", "-c", SCRIPT, packaged_model(), *data.PAIR, STEPS]
        self._process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"retrivex ended with status {self._process.wait()}")
        return line

    def explain(self) -> tuple[float, float]:
        """Seconds, measured in that process, and the sum of the matrix."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        taken, total = json.loads(self._line())
        return taken, total

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def run() -> Iterator[Row]:
    """Both in turn, each timed inside its own process."""
    try:
        python = _environment()
    except subprocess.CalledProcessError as error:
        last = (error.stderr or str(error)).strip().splitlines()[-1]
        yield skipped(WHAT, f"retrivex could not be installed: {last}")
        return
    explainer = data.minilm()

    def ours() -> float:
        explainer.cache.clear()
        pair = explainer.explain(*data.PAIR, quadrature=RightRiemann(STEPS))
        return float(pair.matrix.sum())

    ours()
    process = _Process(python)
    try:
        taken = [(*process.explain(), seconds(ours)) for _ in range(ROUNDS)]
    finally:
        process.close()
    theirs, total, own = (median(column) for column in zip(*taken, strict=True))
    yield Row(
        WHAT,
        number(theirs / own),
        "20",
        "40",
        f"{shown([theirs, own])}; sums of the matrices {total:.3f} and {ours():.3f}",
    )
