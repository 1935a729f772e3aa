"""What pairs of words, or of word classes, do in each pair of texts, in memory as numbers.

Tables of any selection are sums over it, so they follow a gesture within a fraction of a second
where the same question in SQL would join and group millions of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from siamviz.study.statistics import mean_intervals
from siamviz.widgets.explorer.points import Dataset

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 25_000
"""Pairs of texts read at a time."""
_NAMED = "WITH names AS MATERIALIZED (SELECT unnest(?::VARCHAR[]) AS name, unnest(range(?)) AS id) "
_WORD_NAMES = (
    "SELECT name FROM (SELECT a AS name FROM word_pairs UNION SELECT b FROM word_pairs) "
    r"WHERE NOT regexp_full_match(name, '\p{P}+')"
)
_WORDS = (
    "SELECT w.row::INTEGER AS row, u.id::INTEGER AS one, v.id::INTEGER AS two, w.total AS effect "
    "FROM word_pairs w JOIN names u ON u.name = w.a JOIN names v ON v.name = w.b "
    "WHERE w.total IS NOT NULL AND w.row BETWEEN ? AND ?"
)
_CLASS_NAMES = "SELECT DISTINCT pos AS name FROM linguistics WHERE pos IS NOT NULL"
_CLASSES = (
    "SELECT w.row::INTEGER AS row, least(u.id, v.id)::INTEGER AS one, "
    "greatest(u.id, v.id)::INTEGER AS two, sum(w.effect)::FLOAT AS effect "
    "FROM word_pairs w JOIN pairs p USING (row) "
    "JOIN linguistics k ON k.text_id = p.a AND k.word = w.i JOIN names u ON u.name = k.pos "
    "JOIN linguistics l ON l.text_id = p.b AND l.word = w.j JOIN names v ON v.name = l.pos "
    "WHERE w.row BETWEEN ? AND ? GROUP BY ALL"
)


@dataclass(frozen=True, eq=False)
class PairIndex:
    """The effect of each pair of names in each pair of texts.

    Attributes
    ----------
    names : list of str
        Words or word classes.
    pairs : (P, 2) int32
        Unordered pairs of names, by their places in `names`; the most frequent first.
    counts : (P,) int64
        In how many pairs of texts each pair of names is.
    starts : (N + 1,) int64
        Where the effects of each pair of texts begin.
    codes : (M,) int32
        Which pair of names.
    effects : (M,) float32
        Its summed effect in the pair of texts; each stands there once.
    """

    names: list[str]
    pairs: NDArray[np.int32]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]
    codes: NDArray[np.int32]
    effects: NDArray[np.float32]

    @classmethod
    def of_words(cls, data: Dataset) -> PairIndex:
        """Read the words of a run, without punctuation."""
        return cls._read(data, _WORD_NAMES, _WORDS)

    @classmethod
    def of_classes(cls, data: Dataset) -> PairIndex:
        """Read the parts of speech of a run; without annotations there are no names."""
        return cls._read(data, _CLASS_NAMES, _CLASSES)

    @classmethod
    def _read(cls, data: Dataset, naming: str, query: str) -> PairIndex:
        import pandas as pd

        names = data.run.sql(f"{naming} ORDER BY name")["name"].tolist()
        parts = (data.run.sql(_NAMED + query, [names, len(names), *span]) for span in _spans(data))
        found = pd.concat([part.sort_values("row") for part in parts])
        keys = found["one"].to_numpy(np.int64) * len(names) + found["two"].to_numpy()
        codes, distinct = pd.factorize(keys)
        counts = np.bincount(codes, minlength=len(distinct))
        ranked = np.argsort(-counts, kind="stable")
        rank = np.empty(len(ranked), np.int32)
        rank[ranked] = np.arange(len(ranked), dtype=np.int32)
        pairs = np.stack(np.divmod(distinct[ranked], max(len(names), 1)), axis=1)
        starts = np.searchsorted(found["row"], data.points.rows)
        return cls(
            names, pairs.astype(np.int32), counts[ranked], np.append(starts, len(found)),
            rank[codes], found["effect"].to_numpy(np.float32),
        )  # fmt: skip

    def frequent(self, least: int) -> PairIndex:
        """Return the same without the pairs of names that are in fewer pairs of texts."""
        size = int(np.searchsorted(-self.counts, -least, side="right"))
        kept = np.flatnonzero(self.codes < size)
        return PairIndex(
            self.names, self.pairs[:size], self.counts[:size],
            np.searchsorted(kept, self.starts), self.codes[kept], self.effects[kept],
        )  # fmt: skip

    def table(
        self,
        places: NDArray[np.intp],
        difference: NDArray[np.float64],
        *,
        least: int = 1,
        order: str = "harm",
        up: bool = False,
        limit: int | None = None,
        among: NDArray[np.bool_] | None = None,
    ) -> pd.DataFrame:
        """Return for the pairs of names what `Run.word_pairs` returns.

        Parameters
        ----------
        places : (n,) int
            The pairs of texts, by their places in the run.
        difference : (N,) float64
            Score minus gold of all pairs of texts.
        least : int
            Leave out pairs of names that are in fewer pairs of texts.
        order : {"harm", "mean", "error", "n", "a"}
            What comes first: the largest of these, or with `up` the smallest.
        limit : int, optional
        among : (P,) bool, optional
            Leave out the other pairs of names.

        Returns
        -------
        DataFrame
            In `a` and `b` are places in `names`.
        """
        entries, sizes = self._entries(places)
        d = np.repeat(difference[places], sizes)
        if among is not None:
            meant = among[self.codes[entries]]
            entries, d = entries[meant], d[meant]
        kept, of, n = _renumber(self.codes[entries], len(self.pairs), least)
        x = self.effects[entries].astype(np.float64)
        if least > 1:
            inside = np.flatnonzero(of >= 0)
            of, x, d = of[inside], x[inside], d[inside]
        return self._ranked(kept, _sums(of, n, x, d), order, up, limit)

    def holding(self, sought: Sequence[str]) -> NDArray[np.bool_]:
        """Return which pairs of names hold every text that is sought, in either name, (P,)."""
        found = np.ones(len(self.pairs), dtype=bool)
        for part in sought:
            if not found.any():
                break
            named = np.array([part in name for name in self.names], dtype=bool)
            found &= named[self.pairs].any(axis=1)
        return found

    def _entries(self, places: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the effects of some pairs of texts are, and how many each has."""
        first, sizes = self.starts[places], self.starts[places + 1] - self.starts[places]
        before = np.cumsum(sizes) - sizes
        return np.arange(sizes.sum()) + np.repeat(first - before, sizes), sizes

    def _ranked(
        self, kept: NDArray[np.intp], sums: pd.DataFrame, order: str, up: bool, limit: int | None
    ) -> pd.DataFrame:
        """The first pairs of names in an order, with their intervals."""
        names = self.pairs[kept]
        frame = sums.assign(a=names[:, 0], b=names[:, 1])
        size = len(frame) if limit is None else limit
        if size < len(frame):
            first = frame.nsmallest if up else frame.nlargest
            frame = first(size, order, keep="all")
        rest = {"b": up} if order == "a" else {"n": False, "a": True, "b": True}
        keys = {order: up} | rest | {order: up}
        frame = frame.sort_values(list(keys), ascending=list(keys.values()), ignore_index=True)
        frame = frame.head(size)
        mean = mean_intervals(frame["n"], frame["sx"], frame["sxx"])
        error = mean_intervals(frame["nd"], frame["sd"], frame["sdd"])
        frame["mean"], frame["low"], frame["high"] = mean
        frame["error"], frame["error_low"], frame["error_high"] = error
        return frame.drop(columns=["sx", "sxx", "nd", "sd", "sdd"])


def _sums(
    of: NDArray[np.intp], n: NDArray[np.int64], x: NDArray[np.float64], d: NDArray[np.float64]
) -> pd.DataFrame:
    """Sums over the entries of each pair of names, and what follows from them."""
    import pandas as pd

    def total(values: NDArray[np.float64]) -> NDArray:
        return np.bincount(of, values, minlength=len(n))

    known = np.isfinite(d)
    d = np.where(known, d, 0.0)
    frame = pd.DataFrame({"n": n, "sx": total(x), "sxx": total(x * x), "nd": total(known * 1.0)})
    frame["sd"], frame["sdd"] = total(d), total(d * d)
    frame["mean"], frame["error"] = frame["sx"] / frame["n"], frame["sd"] / frame["nd"]
    frame["harm"] = total(np.where(known, (2.0 * d - x) * x, 0.0)) / frame["nd"]
    return frame


def _spans(data: Dataset) -> list[tuple[int, int]]:
    """The first and the last row of as many pairs as are read at a time."""
    rows = data.points.rows
    chunks = (rows[first : first + _ROWS] for first in range(0, len(rows), _ROWS))
    return [(int(chunk[0]), int(chunk[-1])) for chunk in chunks]


def _renumber(codes: NDArray[np.int32], size: int, least: int) -> tuple[NDArray, NDArray, NDArray]:
    """The codes that occur often enough, where each entry is among them or −1, and how often."""
    if len(codes) < size // 8:
        distinct, of, n = np.unique(codes, return_inverse=True, return_counts=True)
    else:
        n = np.bincount(codes, minlength=size)
        distinct, of = np.arange(size), codes
    enough = n >= max(least, 1)
    number = np.where(enough, np.cumsum(enough) - 1, -1)
    return distinct[enough], number[of], n[enough]
