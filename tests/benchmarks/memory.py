"""Peak memory above the model, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.table import Row

TOKENS = 128


def texts_of(explainer: object, tokens: int) -> tuple[str, str]:
    """Two texts of at least `tokens` tokens, hardly more, from the packaged sentences."""
    from siamviz.corpus import packaged_sentences

    tokenizer = explainer.model.tokenizer  # type: ignore[attr-defined]
    words = " ".join(packaged_sentences()).split()
    found = []
    for first in (0, len(words) // 2):
        count = tokens // 2
        while len(tokenizer(" ".join(words[first : first + count]))["input_ids"]) < tokens:
            count += 1
        found.append(" ".join(words[first : first + count]))
    return found[0], found[1]


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * resource.getpagesize()


def measure(device: str) -> None:
    """Print, as JSON, the bytes that one default explanation takes beyond the loaded model."""
    import torch

    import siamviz

    explainer = siamviz.Explainer(device=device)
    pair = texts_of(explainer, TOKENS)
    explainer.model.encode(list(pair), show_progress_bar=False)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        before = _resident()
    result = explainer.explain(*pair)
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    counts = len(result.tokens_a), len(result.tokens_b)
    print(json.dumps({"bytes": peak - before, "tokens": counts}))


def _row(device: str) -> Row:
    command = [sys.executable, "-m", "tests.benchmarks.memory", device]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    where = "" if device == "cpu" else ", CUDA"
    return Row(
        f"peak memory above the model, 2 × {TOKENS} tokens, MiniLM{where}",
        f"{found['bytes'] / 1e9:.2f} GB",
        "1.5 GB",
        "0.5 GB",
        f"`explain` with its defaults on {found['tokens'][0]} and {found['tokens'][1]} tokens, "
        "peak resident size less that after `encode`",
    )


def run() -> Iterator[Row]:
    """On the CPU, and on a GPU where there is one."""
    import torch

    yield _row("cpu")
    if torch.cuda.is_available():
        yield _row("cuda")


if __name__ == "__main__":
    measure(sys.argv[1])
