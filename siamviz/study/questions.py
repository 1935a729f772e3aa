"""What can be asked of a dataset run: agreement with gold, and tables of words and classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.errors import DataError
from siamviz.study import league
from siamviz.study.slices import Slice, choose, sql_error
from siamviz.study.statistics import metrics
from siamviz.study.store import Store

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


_REASONS = (
    "SELECT first(error ORDER BY row) AS error, count(*) AS n FROM pairs WHERE status <> 'ok' "
    r"GROUP BY regexp_replace(error, '\x27[^\x27]*\x27|[0-9.]+', '', 'g') ORDER BY n DESC, error"
)


class Questions(ABC):
    """The questions of `siamviz.Run` that return tables."""

    folder: Path
    _store: Store

    @abstractmethod
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A new connection to the run's tables as they are now."""

    def metrics(
        self,
        by: str | Sequence[str] | None = None,
        *,
        slice: Slice = None,  # noqa: A002
        samples: int = 1000,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Return Spearman, Pearson and mean absolute error, with 95 % bootstrap intervals.

        Parameters
        ----------
        by : str or list of str, optional
            Columns of "pairs", or SQL expressions: a row for each of their values.
        slice : str, list or DataFrame, optional
            The pairs it is about; see `pairs`.
        samples : int
            Resamples of pairs.
        seed : int

        Returns
        -------
        DataFrame
            The columns of `by`, n, and spearman, pearson and mae with ``_low`` and ``_high``;
            pairs without gold or score do not count.
        """
        import pandas as pd

        groups = [by] if isinstance(by, str) else list(by or ())
        cursor = self._chosen(slice)
        keys = "".join(f"{key} AS key_{i}, " for i, key in enumerate(groups))
        frame = self._answer(
            cursor,
            f"SELECT {keys}gold, score FROM pairs JOIN chosen USING (row) "
            "WHERE gold IS NOT NULL AND score IS NOT NULL ORDER BY row",
            ", ".join(groups),
        )
        names = [f"key_{i}" for i in range(len(groups))]
        for name in names:
            if frame[name].dtype.kind == "f":  # pandas' whole numbers of which some are missing
                frame[name] = frame[name].convert_dtypes()
        parts = frame.groupby(names, dropna=False) if names else [((), frame)]
        rows = [
            dict(zip(groups, key if isinstance(key, tuple) else (key,), strict=True))
            | _flat_metrics(part, samples, seed)
            for key, part in parts
        ]
        return pd.DataFrame(rows)

    def reasons(self) -> pd.DataFrame:
        """Return why pairs are not scored, the most frequent first.

        Returns
        -------
        DataFrame
            `error`, one example of those that differ in numbers and quotes only, and `n`, the
            pairs.
        """
        return self._cursor().execute(_REASONS).df()

    def word_pairs(
        self,
        *,
        slice: Slice = None,  # noqa: A002
        least: int = 5,
        limit: int | None = 200,
        order: str = "harm",
        punctuation: bool = False,
    ) -> pd.DataFrame:
        """Return which pairs of words push the scores up and down, and the errors with them.

        Parameters
        ----------
        slice : str, list or DataFrame, optional
            The pairs it is about; see `pairs`.
        least : int
            Leave out word pairs that are in fewer pairs of texts.
        limit : int, optional
        order : {"harm", "help", "mean", "-mean", "n", "error"}
        punctuation : bool
            Whether punctuation marks count as words.

        Returns
        -------
        DataFrame
            For each unordered pair of words `a`, `b`: `n`, the pairs of texts it is in; `mean`,
            its effect on their scores, with a 95 % interval `low`, `high`; `error`, their mean
            score − gold, with its interval; `harm`, the mean over them of d² − (d − x)²: by how
            much the squared error d² would fall if the effect x were taken away. It is positive
            where the words push the score away from gold, negative where they help. After
            `annotate` also `negation` and `number`: whether either word is one.
        """
        cursor = self._chosen(slice)
        frame = league.word_pairs(cursor, least, limit, order, punctuation)
        return league.flagged(cursor, frame) if self._annotated("pos") else frame

    def pos_pairs(self, *, slice: Slice = None) -> pd.DataFrame:  # noqa: A002
        """Return the effects of pairs of parts of speech; needs `annotate`.

        Returns
        -------
        DataFrame
            For each unordered pair `a`, `b`: `n`, the pairs of texts it is in; `count`, the word
            pairs; `mean`, their summed effect in a pair of texts, with a 95 % interval; `share`
            of all effects, `frequency` among all word pairs, and `ratio` of the two.
        """
        return self._classes("pos", slice)

    def dependency_pairs(self, *, slice: Slice = None) -> pd.DataFrame:  # noqa: A002
        """Return the same as `pos_pairs` by dependency roles."""
        return self._classes("dep", slice)

    def overlap(self, *, slice: Slice = None) -> pd.DataFrame:  # noqa: A002
        """Return the effects of identical words, of words of one lemma, and of different ones.

        Without `annotate`, words of one lemma count as different. Columns as in `pos_pairs`, with
        `kind` for the pair.
        """
        return league.overlap(self._chosen(slice))

    def compare(self, earlier: Questions) -> pd.DataFrame:
        """Return how the scores of the same pairs changed since another run.

        Parameters
        ----------
        earlier : Run
            Of another model, layer of a training, or prompt, over the same pairs or some of them.

        Returns
        -------
        DataFrame
            `row` here and `row_before` there, the texts, gold, `score` and `difference` in this
            run and, as ``…_before``, in the earlier one, and `regression`, by how much
            ``|score − gold|`` grew: the largest first.

        Raises
        ------
        DataError
            If the runs have no pair in common.
        """
        cursor = self._cursor()
        cursor.execute(earlier.view_of_pairs("pairs_before"))
        found = cursor.execute(league.COMPARISON).df()
        if found.empty:
            raise DataError(
                f"The runs in {str(self.folder)!r} and {str(earlier.folder)!r} have no scored pair "
                "of texts in common."
            )
        return found

    def top_share(self, *, slice: Slice = None) -> pd.DataFrame:  # noqa: A002
        """Return how much of the score the strongest token pairs explain.

        Returns
        -------
        DataFrame
            For `percent` of the token pairs of each pair of texts, those of the largest effects:
            their sum relative to that of all token pairs (`of_pairs`) and to the score
            (`of_score`), over all pairs of texts, with 95 % intervals.
        """
        return league.top_share(self._chosen(slice))

    def view_of_pairs(self, name: str) -> str:
        """SQL that defines a view of this run's pairs, in any run's connection."""
        self._store.check()
        return self._store.view("pairs", name)

    def _classes(self, column: str, chosen: Slice) -> pd.DataFrame:
        self._require_linguistics(column)
        return league.class_pairs(self._chosen(chosen), column)

    def _require_linguistics(self, column: str) -> None:
        if not self._annotated(column):
            what = "parts of speech" if column == "pos" else "dependency roles"
            raise DataError(
                f"This run has no {what}. Add them with run.annotate('en_core_web_sm') or another "
                "spaCy pipeline that has them; spaCy comes with: pip install 'siamviz[linguistics]'"
            )

    def _annotated(self, column: str) -> bool:
        found = self._cursor().execute(f"SELECT count({column}) > 0 FROM linguistics").fetchone()
        return bool(found and found[0])

    def _chosen(self, chosen: Slice) -> duckdb.DuckDBPyConnection:
        cursor = self._cursor()
        choose(cursor, chosen)
        return cursor

    def _answer(self, cursor: duckdb.DuckDBPyConnection, query: str, given: str) -> pd.DataFrame:
        try:
            return cursor.execute(query).df()
        except Exception as error:
            raise sql_error(given, error) from error


def _flat_metrics(part: pd.DataFrame, samples: int, seed: int) -> dict[str, Any]:
    found = metrics(part["gold"].to_numpy(), part["score"].to_numpy(), samples=samples, seed=seed)
    row: dict[str, Any] = {"n": found.n}
    for name in ("spearman", "pearson", "mae"):
        estimate = getattr(found, name)
        row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row
