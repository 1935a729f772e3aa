"""Exact models: what encoding costs, and what fine-tuning reaches beside the original."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from siamviz import exact
from siamviz.study.statistics import spearman_difference
from siamviz.terms import similarities
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped
from tests.benchmarks.timing import side_by_side

ROUNDS = 200
SAMPLES = 1000
SPEED = "encode of an exact model ÷ of the original"
PAR = "Spearman on STS-B dev, exact − original after the same steps"


def run() -> Iterator[Row]:
    """All figures of exact models on MiniLM."""
    model = data.minilm().model
    yield from _speed(model, exact.shift(model))
    if data.stsb("train") is None:
        yield skipped(PAR, data.NO_STSB)
        return
    for similarity in ("cosine", "dot"):
        yield _par(model, similarity)


def _speed(model: Any, shifted: Any) -> Iterator[Row]:
    texts, source = data.sentences(256)
    for name, batch in (("one text", texts[:1]), ("256 texts", texts)):
        rounds = ROUNDS if len(batch) == 1 else ROUNDS // 16
        own, ours = side_by_side(
            lambda batch=batch: model.encode(batch),
            lambda batch=batch: shifted.encode(batch),
            rounds=rounds,
        )
        yield Row(f"{SPEED}, {name}", f"{ours / own:.3f}", "≤ 1.05", how=f"MiniLM, {source}")


def _par(model: Any, similarity: str) -> Row:
    """One epoch of STS-B train for both, from the same weights, in the same order."""
    train, dev = (_records(split) for split in ("train", "dev"))
    gold = np.array([pair["gold"] for pair in dev])
    found, scores = {}, {}
    for name, made in (("exact", exact.shift(model)), ("original", copy.deepcopy(model))):
        tuning = exact.finetune(made, train, dev, similarity=similarity, progress=False)
        found[name] = tuning.scores
        scores[name] = _similarities(made, dev, similarity)
    difference = spearman_difference(gold, scores["exact"], scores["original"], samples=SAMPLES)
    one, other = found["exact"], found["original"]
    return Row(
        f"{PAR}, {similarity}",
        f"{100 * difference.value:+.1f} points",
        "−0.5" if similarity == "cosine" else "",
        "0" if similarity == "cosine" else "",
        f"{100 * one[-1].spearman:.1f} and {100 * other[-1].spearman:.1f}, difference "
        f"[{100 * difference.low:.1f}, {100 * difference.high:.1f}] over {SAMPLES} paired "
        f"resamples; before: {100 * one[0].spearman:.1f} and {100 * other[0].spearman:.1f}",
    )


def _records(split: str) -> list[dict[str, Any]]:
    rows = data.stsb(split) or []
    return [{"a": a, "b": b, "gold": gold / 5} for a, b, gold in rows]


def _similarities(model: Any, pairs: list[dict[str, Any]], similarity: str) -> np.ndarray:
    a, b = (model.encode([pair[side] for pair in pairs]) for side in "ab")
    return similarities(a, b, similarity)
