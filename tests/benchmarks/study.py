"""``python -m tests.benchmarks.study``: adaptive integration on MPNet, where fixed rules fail."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from siamviz import Adaptive, GaussLegendre, RightRiemann, SentenceContributions
from siamviz.machine import machine
from tests.benchmarks import data

LAYERS = (0, 6)
COUNT = 20
LONGEST = 10
TOLERANCE = 1e-2
MAX_STEPS = 2000
FIXED_STEPS = 32
HEADER = (
    "| layer | tokens | nodes | embeddings | seconds | certificate | converged | "
    "Gauss–Legendre 32 | right Riemann 32 | text |\n|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Line:
    """One sentence at one layer."""

    layer: int
    adaptive: SentenceContributions
    seconds: float
    gauss: float
    riemann: float

    def __str__(self) -> str:
        found = self.adaptive
        return (
            f"| {self.layer} | {len(found.tokens)} | {found.steps} | {found.evaluations} | "
            f"{self.seconds:.1f} | {found.residual_bound:.1e} | "
            f"{'yes' if found.converged else 'no'} | {self.gauss:.2g} | {self.riemann:.2g} | "
            f"{found.text} |"
        )


def short_sentences() -> tuple[list[str], str]:
    """Sentences of at most `LONGEST` tokens."""
    texts, source = data.sentences(10**6)
    tokenizer = data.mpnet().model.tokenizer
    short = [text for text in texts if len(tokenizer(text)["input_ids"]) <= LONGEST]
    return data.spread(short, COUNT), source


def lines(texts: list[str]) -> Iterator[Line]:
    """Adaptive integration of each sentence, and what fixed rules reach."""
    explainer = data.mpnet()
    for layer in LAYERS:
        for text in texts:
            began = time.perf_counter()
            found = explainer.contributions(
                text, layer=layer, quadrature=Adaptive(TOLERANCE, max_steps=MAX_STEPS)
            )
            taken = time.perf_counter() - began
            gauss, riemann = (
                explainer.contributions(
                    text, layer=layer, unit="sentence", quadrature=rule
                ).relative_residual
                for rule in (GaussLegendre(FIXED_STEPS), RightRiemann(FIXED_STEPS))
            )
            yield Line(layer, found, taken, gauss, riemann)


def summary(layer: int, found: list[Line]) -> str:
    """Medians and extremes of one layer."""
    steps = [line.adaptive.steps for line in found]
    certificates = [line.adaptive.residual_bound for line in found]
    converged = sum(line.adaptive.converged is True for line in found)
    return (
        f"Layer {layer}: {converged} of {len(found)} converged to {TOLERANCE:g}; nodes median "
        f"{median(steps):.0f}, at most {max(steps)}; seconds median "
        f"{median(line.seconds for line in found):.1f}; certificate at most "
        f"{max(certificates):.1e}; residual of Gauss–Legendre {FIXED_STEPS} median "
        f"{median(line.gauss for line in found):.2g}, of right Riemann {FIXED_STEPS} "
        f"{median(line.riemann for line in found):.2g}."
    )


def main() -> None:
    """Print a table line as each sentence is done, then a summary of each layer."""
    if data.mpnet_folder() is None:
        sys.exit(f"The study needs all-mpnet-base-v2: {data.NO_MPNET}.")
    texts, source = short_sentences()
    print(
        f"MPNet, pad, Adaptive({TOLERANCE:g}, max_steps={MAX_STEPS}) on {len(texts)} {source} of "
        f"at most {LONGEST} tokens. Measured on: {machine()}.\n\n{HEADER}",
        flush=True,
    )
    found: list[Line] = []
    for line in lines(texts):
        print(line, flush=True)
        found.append(line)
    print()
    for layer in LAYERS:
        print(summary(layer, [line for line in found if line.layer == layer]))


if __name__ == "__main__":
    main()
