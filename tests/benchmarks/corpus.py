"""How often the pairs alone carry the score, by baseline, from embeddings only: Σ c = e − e0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from siamviz import Corpus
from siamviz.baselines import Baseline, parse_baseline, reference_states
from siamviz.encoder import EncodedText, Encoder
from siamviz.solver import Side, corpus_states
from tests.benchmarks import data
from tests.benchmarks.table import Row, skipped

WHAT = "STS-B dev pairs with score above .5 whose token pairs alone carry 90 to 110 % of the score"
TRAIN_SENTENCES = 1000
BATCH = 64


def _embeddings(encoder: Encoder, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (n, D) before any normalisation, and token counts (n,)."""
    order = np.argsort([len(text) for text in texts])
    embeddings, counts = [], []
    for part in np.array_split(order, max(1, len(texts) // BATCH)):
        features = encoder.model.preprocess([texts[i] for i in part])
        embeddings.append(encoder.run().embed_features(features))
        counts.append(features["attention_mask"].sum(1).numpy())
    back = np.argsort(order)
    return np.concatenate(embeddings)[back], np.concatenate(counts)[back]


def _reference(encoder: Encoder, text: EncodedText, baseline: Baseline, side: Side) -> np.ndarray:
    """The mean embedding (D,) of the references of texts with as many tokens as `text`."""
    if isinstance(baseline, Corpus):
        states = corpus_states(_task(encoder, text, baseline, side), baseline)
    else:
        states = reference_states(baseline, encoder, text, 0, torch.float32)[0]
    return encoder.function(text, 0).embed(states).mean(0)


def _task(encoder: Encoder, text: EncodedText, baseline: Corpus, side: Side) -> Any:
    from siamviz.profiles import ProfileStore
    from siamviz.quadrature import Adaptive
    from siamviz.solver import Task

    return Task(encoder, text, 0, baseline, Adaptive(), "auto", "token", side, "", ProfileStore())


class Shares:
    """Part of each pair's score that its token pairs carry, under any baseline."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._encoder = Encoder(data.minilm().model)
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        embeddings, counts = _embeddings(self._encoder, texts)
        norms = np.linalg.norm(embeddings, axis=1)
        place = {text: i for i, text in enumerate(texts)}
        a, b = (np.array([place[pair[side]] for pair in pairs]) for side in (0, 1))
        scores = (embeddings[a] * embeddings[b]).sum(1) / (norms[a] * norms[b])
        kept = scores > 0.5
        self._a, self._b, self._scores = a[kept], b[kept], scores[kept]
        self._embeddings, self._norms = embeddings, norms
        self._texts, self._counts = texts, counts

    def __len__(self) -> int:
        return len(self._scores)

    def under(self, baseline: Baseline) -> np.ndarray:
        """(n,) shares: (e_a − e0_a) · (e_b − e0_b) / (‖e_a‖ ‖e_b‖) over the score."""
        a = self._embeddings[self._a] - self._references(self._a, baseline, "a")
        b = self._embeddings[self._b] - self._references(self._b, baseline, "b")
        return (a * b).sum(1) / (self._norms[self._a] * self._norms[self._b]) / self._scores

    def _references(self, places: np.ndarray, baseline: Baseline, side: Side) -> np.ndarray:
        """Texts of equal token counts share their references."""
        known: dict[int, np.ndarray] = {}
        rows = []
        for place in places:
            count = int(self._counts[place])
            if count not in known:
                text = self._encoder.encode(self._texts[place])
                known[count] = _reference(self._encoder, text, baseline, side)
            rows.append(known[count])
        return np.array(rows)


def _row(shares: Shares, name: str, baseline: Baseline, least: str = "") -> Row:
    found = shares.under(baseline)
    low, middle, high = np.quantile(found, [0.05, 0.5, 0.95])
    within = float(((found >= 0.9) & (found <= 1.1)).mean())
    return Row(
        f"{WHAT}, MiniLM, {name}",
        f"{within:.0%}",
        least,
        "",
        f"{len(shares)} pairs; shares 5 % / median / 95 %: {low:.2f} / {middle:.2f} / {high:.2f}",
    )


def run() -> Iterator[Row]:
    """Drawn references from STS-B train, the packaged sentences drawn and balanced, and pad."""
    dev, train = data.stsb("dev"), data.stsb("train")
    if dev is None or train is None:
        yield skipped(WHAT, data.NO_STSB)
        return
    shares = Shares([(a, b) for a, b, _ in dev])
    texts = data.spread([text for a, b, _ in train for text in (a, b)], TRAIN_SENTENCES)
    drawn = Corpus(tuple(texts), references=32, balanced=False)
    yield _row(shares, "32 references drawn from STS-B train", drawn, "75 %")
    packaged = Corpus(references=32, balanced=False)
    yield _row(shares, "32 references drawn from the packaged sentences", packaged)
    yield _row(shares, "16 drawn packaged sentences", Corpus(balanced=False))
    yield _row(shares, "16 balanced packaged sentences, the default", Corpus())
    yield _row(shares, "pad", parse_baseline("pad"))
