"""The texts and models that the benchmarks run on."""

from __future__ import annotations

import csv
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import siamviz

PAIR = (
    "The dog runs after the kitten in the yard.",
    "Outside in the garden the cat is chased by the dog.",
)
STSB = "SIAMVIZ_STSB"
MPNET = "SIAMVIZ_MPNET"
NO_MPNET = f"set {MPNET} to a folder with all-mpnet-base-v2"
NO_STSB = f"set {STSB} to a folder with stsb-en-dev.csv and stsb-en-train.csv"


@lru_cache(maxsize=1)
def minilm() -> siamviz.Explainer:
    """An explainer of the packaged all-MiniLM-L6-v2 on the CPU."""
    return siamviz.Explainer(device="cpu")


def mpnet_folder() -> str | None:
    """Where all-mpnet-base-v2 is, if the environment says so."""
    folder = os.environ.get(MPNET)
    return folder if folder and Path(folder).is_dir() else None


@lru_cache(maxsize=1)
def mpnet() -> siamviz.Explainer:
    """An explainer of all-mpnet-base-v2 on the CPU."""
    folder = mpnet_folder()
    if folder is None:
        raise FileNotFoundError(NO_MPNET)
    return siamviz.Explainer(folder, device="cpu")


@lru_cache(maxsize=2)
def stsb(split: str) -> list[tuple[str, str, float]] | None:
    """Rows of STS-B "dev" or "train"; None where the environment names no folder."""
    file = Path(os.environ.get(STSB, "")) / f"stsb-en-{split}.csv"
    if not os.environ.get(STSB) or not file.is_file():
        return None
    with file.open(newline="", encoding="utf-8") as source:
        return [(a, b, float(score)) for a, b, score in csv.reader(source)]


def sentences(count: int) -> tuple[list[str], str]:
    """`count` different sentences, spread over STS-B dev, and where they come from."""
    rows = stsb("dev")
    if rows is None:
        from siamviz.corpus import packaged_sentences

        return spread(list(packaged_sentences()), count), "packaged sentences"
    return spread([a for a, _, _ in rows], count), "STS-B dev sentences"


def spread(values: list[Any], count: int) -> list[Any]:
    """`count` different values at equal distances."""
    distinct = list(dict.fromkeys(values))
    return distinct[:: max(1, len(distinct) // count)][:count]
