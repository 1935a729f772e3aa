"""The store's side of a dataset run at full size, with synthetic contributions: memory, speed.

Everything but the model is real: reading, tokens, words, files, products, SQL.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import siamviz
from siamviz.contributions import SentenceContributions, Settings
from siamviz.tokenization import tokenize
from tests.benchmarks.table import Row
from tests.benchmarks.timing import number

PAIRS = 100_000
WIDTH = 384
SMALLER = 10_000


class Synthetic(siamviz.Explainer):
    """An explainer whose embeddings and contributions are random numbers."""

    def embed(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        rng = np.random.default_rng(len(texts))
        return rng.standard_normal((len(texts), WIDTH), dtype=np.float32)

    def contributions_many(self, texts: Sequence[str], **_: Any) -> list[SentenceContributions]:
        rng = np.random.default_rng(len(texts))
        settings = Settings(self.name, 0, 6, "pad", "calibrated(11)", "auto")
        return [self._random(text, settings, rng) for text in texts]

    def _random(
        self, text: str, settings: Settings, rng: np.random.Generator
    ) -> SentenceContributions:
        ids = self.tokenizer(text)["input_ids"]
        tokens = tokenize(self.tokenizer, text, "", ids, 256).tokens
        draws = rng.standard_normal((3, len(tokens), WIDTH), dtype=np.float32)
        reference = np.zeros(WIDTH, np.float32)
        total = draws[0].sum(0)
        return SentenceContributions(
            text, tokens, draws[0], total, reference, total, settings, np.zeros_like(draws[1]),
            0.0, 0.0, 11, coarse=draws[0] + 1e-3 * draws[2],
        )  # fmt: skip


def write_pairs(file: Path, count: int) -> None:
    """Write pairs of different texts of about 12 tokens."""
    from siamviz.corpus import packaged_sentences

    words = sorted({w for text in packaged_sentences() for w in text.split() if w.isalpha()})
    rng = np.random.default_rng(0)
    with file.open("w", encoding="utf-8") as out:
        out.write("text_a\ttext_b\tgold\tgenre\n")
        for i in range(count):
            texts = [" ".join(rng.choice(words, 8)) + f" {i}." for _ in "ab"]
            out.write(f"{texts[0]}\t{texts[1]}\t{i % 11 / 10}\tgenre{i % 5}\n")


def measure(count: int) -> None:
    """Print, as JSON, bytes beyond the loaded model and seconds of a run of `count` pairs."""
    explainer = Synthetic()
    explainer.layers("text")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.tsv"
        write_pairs(file, count)
        before = _private()
        watch = Watch()
        began = time.perf_counter()
        run = siamviz.analyze(file, model=explainer, out=Path(folder) / "run", progress=False)
        taken = time.perf_counter() - began
        run.word_pairs()
        run.top_share()
        disk = sum(part.stat().st_size for part in run.folder.rglob("part-*"))
        told = {"bytes": watch.stop() - before, "seconds": taken, "disk": disk}
        assert run.counts()["attributed"] == count
    print(json.dumps(told))


class Watch(threading.Thread):
    """The largest private memory of this process, looked at every 50 ms."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._most, self._end = 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._end.wait(0.05):
            self._most = max(self._most, _private())

    def stop(self) -> int:
        self._end.set()
        self.join()
        return self._most


def _private() -> int:
    """Resident bytes that are no pages of files, which the system takes back when it needs."""
    resident, shared = map(int, Path("/proc/self/statm").read_text("utf-8").split()[1:3])
    return (resident - shared) * resource.getpagesize()


def run() -> Iterator[Row]:
    """The full size, and a tenth of it for the growth."""
    found = {}
    for count in (SMALLER, PAIRS):
        command = [sys.executable, "-m", "tests.benchmarks.store", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[count] = json.loads(done.stdout.splitlines()[-1])
    small, full = found[SMALLER], found[PAIRS]
    yield Row(
        f"peak memory above the model, run of {PAIRS:,} pairs",
        f"{full['bytes'] / 1e9:.2f} GB",
        "2 GB",
        "1 GB, flat",
        f"{small['bytes'] / 1e9:.2f} GB for {SMALLER:,} pairs; synthetic contributions of "
        f"{2 * PAIRS:,} texts, {full['disk'] / 1e9:.1f} GB on disk; pages of mapped files not "
        "counted",
    )
    yield Row(
        "the store's side of a pair: reading, words, files, products",
        f"{number(1e3 * full['seconds'] / PAIRS)} ms",
        how=f"{number(1e3 * small['seconds'] / SMALLER)} ms for {SMALLER:,} pairs; both texts new",
    )


if __name__ == "__main__":
    measure(int(sys.argv[1]))
