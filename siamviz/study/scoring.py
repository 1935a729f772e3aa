"""The first stage of a run: the score of every pair, by batches of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamviz.contributions import ContributionCache
from siamviz.errors import SiamvizError
from siamviz.study.rows import Row
from siamviz.study.settings import RunSettings
from siamviz.study.survey import cast

if TYPE_CHECKING:
    from siamviz.explainer import Explainer

Embedded = np.ndarray | SiamvizError


def text_id(text: str, role: str) -> str:
    """Return the identifier of a text in a role, the same in every run."""
    return hashlib.sha256(f"{role}\0{text}".encode()).hexdigest()[:24]


class Scorer:
    """Scores pairs, embedding each text once as long as memory allows.

    Parameters
    ----------
    explainer : Explainer
    settings : RunSettings
    metadata : dict
        Stored name and kind of each metadata column.
    """

    def __init__(
        self, explainer: Explainer, settings: RunSettings, metadata: dict[str, tuple[str, str]]
    ) -> None:
        self._explainer, self._settings, self._metadata = explainer, settings, metadata
        self._known: ContributionCache[np.ndarray] = ContributionCache(64 * 2**20)

    def __call__(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """Return the columns of the table "pairs" for these rows."""
        usable = [row for row in rows if row.error is None]
        role_a, role_b = self._settings.roles
        vectors_a = self._embed([row.text_a or "" for row in usable], role_a)
        vectors_b = self._embed([row.text_b or "" for row in usable], role_b)
        scores = dict(
            zip((row.number for row in usable), map(self._score, vectors_a, vectors_b), strict=True)
        )
        return _columns([self._record(row, scores.get(row.number)) for row in rows])

    def _embed(self, texts: Sequence[str], role: str) -> list[Embedded]:
        ids = [text_id(text, role) for text in texts]
        found: dict[str, Embedded] = {}
        missing: dict[str, str] = {}
        for one, text in zip(ids, texts, strict=True):
            known = self._known.get(one)
            if known is None:
                missing[one] = text
            else:
                found[one] = known
        if missing:
            options = self._settings.options(role)
            sides = {name: options[name] for name in ("prompt", "task")}
            for one, vector in zip(missing, self._embedded(missing, sides), strict=True):
                found[one] = vector
                if not isinstance(vector, SiamvizError):
                    self._known.put(one, vector)
        return [found[one] for one in ids]

    def _embedded(self, texts: Mapping[str, str], sides: dict[str, Any]) -> list[Embedded]:
        """The embeddings of texts together; where one fails, of each alone."""
        try:
            return list(self._explainer.embed(list(texts.values()), **sides))
        except SiamvizError as error:
            if len(texts) == 1:
                return [error]
        return [self._embedded({one: text}, sides)[0] for one, text in texts.items()]

    def _score(self, a: Embedded, b: Embedded) -> float | str:
        """The similarity, or why there is none."""
        if isinstance(a, SiamvizError) or isinstance(b, SiamvizError):
            return str(a if isinstance(a, SiamvizError) else b)
        one, two = a.astype(np.float64), b.astype(np.float64)
        score = float(one @ two)
        if self._settings.similarity == "cosine":
            size = float(np.linalg.norm(one) * np.linalg.norm(two))
            if size == 0:
                return "an embedding is zero, and the cosine of a zero vector is not defined"
            score /= size
        return score if np.isfinite(score) else "the score is NaN or infinite"

    def _record(self, row: Row, score: float | str | None) -> dict[str, Any]:
        role_a, role_b = self._settings.roles
        number = score if isinstance(score, float) else None
        own = {
            stored: cast(row.metadata.get(name), kind)
            for name, (stored, kind) in self._metadata.items()
        }
        return {
            "row": row.number,
            "pair_id": row.pair_id,
            "text_a": _valid(row.text_a),
            "text_b": _valid(row.text_b),
            "gold": row.gold,
            "score": number,
            "difference": None if number is None or row.gold is None else number - row.gold,
            "status": "unusable" if row.error else "ok" if number is not None else "failed",
            "error": _valid(row.error or (score if isinstance(score, str) else None)),
            "a": None if row.error else text_id(row.text_a or "", role_a),
            "b": None if row.error else text_id(row.text_b or "", role_b),
            **{name: _valid(value) for name, value in own.items()},
        }


def _columns(records: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    listed = list(records)
    return {name: [record[name] for record in listed] for name in listed[0]}


def _valid(value: Any) -> Any:
    """Text without lone surrogates, which no file can hold."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
