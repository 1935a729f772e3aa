"""`Run`: a dataset's scores and attributions on disk, and the questions they answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamviz.attribution import PairAttribution
from siamviz.errors import ArgumentTypeError, DataError, InvalidArgumentError
from siamviz.monitor import Monitor
from siamviz.study.annotation import annotate
from siamviz.study.console import listening
from siamviz.study.exporting import export
from siamviz.study.linguistics import Pipeline
from siamviz.study.notes import Notes
from siamviz.study.pairs import Pairs
from siamviz.study.picking import Picks
from siamviz.study.progress import Listener
from siamviz.study.questions import Questions
from siamviz.study.runner import Job, attribute
from siamviz.study.settings import RunSettings
from siamviz.study.shards import Shards
from siamviz.study.slices import Slice
from siamviz.study.store import Store

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from siamviz.explainer import Cancel, Explainer

_KEPT = 64


class Run(Questions):
    """A dataset run: pairs of texts with scores, and what their words do to these.

    Made by `siamviz.analyze`; this opens one that is there, while it is being made too.

    Parameters
    ----------
    folder : str or Path
        Of the run.
    explainer : Explainer, optional
        With the run's model; without it the model is loaded when a pair needs it.

    Raises
    ------
    DataError
        If the folder holds no run.

    Examples
    --------
    >>> run = siamviz.Run("run/")  # doctest: +SKIP
    >>> run.pairs("gold < 0.3 and score > 0.7")[0]  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, explainer: Explainer | None = None) -> None:
        self.folder = Path(folder).expanduser()
        self._store = Store(self.folder)
        self.settings = RunSettings.from_dict(self._store.settings)
        self._explainer, self._checked = explainer, False
        self._shards: Shards | None = None
        self._known: OrderedDict[int, PairAttribution] = OrderedDict()
        self._lock = threading.Lock()
        self._computing = threading.RLock()
        self._notes = Notes(self.folder)

    @property
    def explainer(self) -> Explainer:
        """An explainer with the run's model, loaded when it is first needed.

        Raises
        ------
        DataError
            If the model's weights are not those that the run was made with.
        """
        with self._computing:
            if self._explainer is None:
                from siamviz.explainer import Explainer

                self._explainer = Explainer(self.settings.model)
            if not self._checked:
                self._check_model(self._explainer)
                self._checked = True
            return self._explainer

    def _check_model(self, explainer: Explainer) -> None:
        asked = self.settings
        for what in ("weights", "configuration"):
            if getattr(explainer, what) != getattr(asked, what):
                raise DataError(
                    f"The model {explainer.name!r} has other {what} than {asked.model!r} had when "
                    "this run was made. Make the run again, or give Run the explainer of then."
                )

    @property
    def metadata(self) -> tuple[str, ...]:
        """The dataset's own columns of the table "pairs"."""
        return tuple(self._store.metadata)

    @property
    def source(self) -> dict[str, Any]:
        """What the pairs were read from: name, records, columns, gold_range and others."""
        return dict(self._store.manifest["input"])

    @property
    def has_gold(self) -> bool:
        """Whether any scored pair has a gold score."""
        found = self._cursor().execute("SELECT count(difference) > 0 FROM pairs").fetchone()
        return bool(found and found[0])

    def counts(self) -> dict[str, int]:
        """Return how many pairs, usable ones, attributed ones and so on there are."""
        names = ("pairs", "scored", "unusable", "failed", "attributed", "texts")
        found = (
            self._cursor()
            .execute(
                "SELECT count(*), count(*) FILTER (status = 'ok'), "
                "count(*) FILTER (status = 'unusable'), count(*) FILTER (status = 'failed'), "
                "(SELECT count(*) FROM attributions WHERE status = 'ok') FROM pairs"
            )
            .fetchone()
        )
        return dict(zip(names, [*(found or ()), len(self._texts())], strict=True))

    def __len__(self) -> int:
        return self.counts()["pairs"]

    def __repr__(self) -> str:
        counts = self.counts()
        return (
            f"Run({str(self.folder)!r}: {counts['pairs']:,} pairs, {counts['scored']:,} scored, "
            f"{counts['attributed']:,} attributed; {self.settings})"
        )

    # Questions

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Ask anything of the run's tables.

        Parameters
        ----------
        query : str
            SQL over the tables

            - pairs: row, pair_id, text_a, text_b, gold, score, difference (score − gold), status
              ("ok", "unusable", "failed"), error (why), a, b (identifiers of the texts), and the
              dataset's own columns;
            - attributions: row, pair_id, the ledger (score = base + tokens_a + tokens_b + pairs +
              residual), special (the part of `pairs` with special tokens), relative_residual and
              the rest of the certificate, negative (share of token pairs below 0), top_share;
            - word_pairs: row, i, j (places of the words in A and B), a, b (the words, case
              folded, in alphabetical order), effect, total (of all such pairs in this pair of
              texts, at the first of them);
            - linguistics: text_id, word, text, first, last, pos, lemma, dep, negation, number;
            - tags: pair_id, star, tag, note.
        parameters : sequence
            For the ``?`` in the query.

        Raises
        ------
        DataError
            With what is wrong with the query.
        """
        import duckdb

        try:
            return self._cursor().execute(query, list(parameters)).df()
        except duckdb.IOException:
            raise
        except duckdb.Error as error:
            raise DataError(f"The query cannot be answered: {error}") from error

    def pairs(self, where: Slice = None, *, order: str = "row", limit: int | None = None) -> Pairs:
        """Return the pairs that meet a condition, such as ``"gold < 0.3 and score > 0.7"``.

        Parameters
        ----------
        where : str, list or DataFrame, optional
            An SQL condition over the table "pairs", or rows, or pair_ids.
        order : str
            SQL to order by, such as ``"abs(difference) DESC"``.
        limit : int, optional

        Returns
        -------
        Pairs
            Whose items are `PairAttribution`.
        """
        cursor = self._chosen(where)
        end = "" if limit is None else f" LIMIT {int(limit)}"
        frame = self._answer(
            cursor, f"SELECT p.* FROM pairs p JOIN chosen USING (row) ORDER BY {order}{end}", order
        )
        return Pairs(self, frame)

    def pair(self, key: int | str) -> PairAttribution:
        """Return the attribution of one pair: the stored one, else computed now.

        Parameters
        ----------
        key : int or str
            Its row or its pair_id.

        Raises
        ------
        InvalidArgumentError
            If there is no such pair, or it has no score, with the reason.
        """
        column = _column_of(key)
        found = (
            self._cursor()
            .execute(
                f"SELECT row, text_a, text_b, a, b, status, error FROM pairs WHERE {column} = ?",
                [key if isinstance(key, str) else int(key)],
            )
            .fetchone()
        )
        if found is None:
            raise InvalidArgumentError(f"The run has no pair with the {column} {key!r}.")
        row, text_a, text_b, a, b, status, error = found
        if status != "ok":
            raise InvalidArgumentError(f"The pair {key!r} cannot be explained: {error}.")
        return self._attribution(row, (text_a, text_b), (a, b))

    def _attribution(
        self, row: int, texts: tuple[str, str], ids: tuple[str, str]
    ) -> PairAttribution:
        with self._computing:
            if row not in self._known:
                self._known[row] = self._stored(ids) or self.explainer.explain(
                    *texts, **self.settings.pair_options()
                )
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(row)
            return self._known[row]

    def _stored(self, ids: tuple[str, str]) -> PairAttribution | None:
        texts = self._texts()
        if not all(one in texts for one in ids):
            return None
        return PairAttribution.from_contributions(
            texts.get(ids[0]), texts.get(ids[1]), self.settings.similarity
        )

    def attribute(
        self,
        what: str = "all",
        *,
        limit: int | None = None,
        control: int = 0,
        seed: int = 0,
        progress: Listener | bool = True,
        cancel: Cancel = None,
    ) -> None:
        """Attribute more pairs; those that are attributed already stay as they are.

        Parameters
        ----------
        what : str
            "all", "errors", or an SQL condition, with `limit`, `control` and `seed` as in
            `siamviz.analyze`.
        progress, cancel
            As in `siamviz.analyze`.
        """
        picks = Picks(what, limit, control, seed)
        with self._store.locked(), listening(progress) as listener:
            job = Job(self._store, self.explainer, self.settings, Monitor(cancel), listener)
            attribute(job, picks)

    def annotate(
        self, pipeline: Any, *, progress: Listener | bool = True, cancel: Cancel = None
    ) -> None:
        """Add parts of speech, lemmas, dependency roles, negation and numbers of all words.

        Parameters
        ----------
        pipeline : str or spaCy pipeline
            Such as ``"en_core_web_sm"``. What it lacks is told, and stays empty.
        progress, cancel
            As in `siamviz.analyze`.

        Raises
        ------
        DataError
            For a pipeline that is not installed.
        ImportError
            Without spaCy: ``pip install 'siamviz[linguistics]'``.
        """
        loaded = Pipeline(pipeline)
        with self._store.locked(), listening(progress) as listener:
            annotate(self._store, self._texts(), loaded, Monitor(cancel), listener)

    # Tags

    def tag(
        self,
        key: int | str,
        tag: str | None = None,
        *,
        star: bool | None = None,
        note: str | None = None,
    ) -> None:
        """Tag a pair with an error type, star it, or note something; kept with the run.

        Parameters
        ----------
        key : int or str
            Its row or pair_id.
        tag, note : str, optional
            An empty one removes it.
        star : bool, optional
        """
        column = _column_of(key)
        found = (
            self._cursor()
            .execute(
                f"SELECT pair_id FROM pairs WHERE {column} = ?",
                [key if isinstance(key, str) else int(key)],
            )
            .fetchone()
        )
        if found is None:
            raise InvalidArgumentError(f"The run has no pair with the {column} {key!r}.")
        self._notes.set(found[0], tag=tag, star=star, note=note)

    def tags(self) -> pd.DataFrame:
        """Return the pairs that are tagged, starred or noted, with their texts."""
        return self.sql(
            "SELECT p.row, p.pair_id, t.star, t.tag, t.note, p.text_a, p.text_b, p.gold, p.score, "
            "p.difference FROM pairs p JOIN tags t USING (pair_id) ORDER BY p.row"
        )

    # Files

    def export(self, path: str | Path, *, slice: Slice = None, order: str = "row") -> Path:  # noqa: A002
        """Write pairs with the ledgers of their attributions and their tags to a file.

        Parameters
        ----------
        path : str or Path
            Ends in .csv (UTF-8 with a byte order mark, so that spreadsheets read it right; no
            text acts as a formula there), .parquet or .jsonl. An existing file is replaced in one
            step.
        slice : str, list or DataFrame, optional
            The pairs it is about; see `pairs`.
        order : str
            SQL to order by, such as ``"abs(difference) DESC"``.

        Returns
        -------
        Path

        Raises
        ------
        InvalidArgumentError
            For another suffix, and for a folder that does not exist.
        DataError
            If slice or order are no SQL.
        """
        return export(self._chosen(slice), self._store.metadata, path, order)

    def report(
        self,
        path: str | Path,
        *,
        slice: Slice = None,  # noqa: A002
        worst: int = 12,
        title: str | None = None,
    ) -> Path:
        """Write one interactive page about this run, fit to send: it needs no network.

        Parameters
        ----------
        path : str or Path
            Ends in .html. An existing file is replaced in one step.
        slice : str, list or DataFrame, optional
            The pairs it is about; see `pairs`.
        worst : int
            How many of the pairs with the largest errors get an interactive picture; starred and
            tagged ones do too. Pictures of pairs that are not attributed are computed.
        title : str, optional

        Returns
        -------
        Path

        Raises
        ------
        InvalidArgumentError
            For another suffix, a folder that does not exist, and a slice without pairs.
        ImportError
            Without Bokeh: ``pip install 'siamviz[study]'``.
        FrontEndMissingError
            If the front end is not built.
        """
        from siamviz.study.report import write_report

        return write_report(self, path, slice=slice, worst=worst, title=title)

    # Inside

    def _texts(self) -> Shards:
        with self._lock:
            if self._shards is None:
                self._shards = Shards(self._store)
            self._shards.refresh()
            return self._shards

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._store.connect()
        self._notes.fill(cursor)
        return cursor


def _column_of(key: Any) -> str:
    """Which column a pair is named by."""
    if isinstance(key, bool) or not isinstance(key, str | Integral):
        raise ArgumentTypeError(f"A pair is named by row or pair_id, got {key!r:.60}.")
    return "pair_id" if isinstance(key, str) else "row"
